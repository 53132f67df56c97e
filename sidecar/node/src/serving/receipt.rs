//! Receipts: drafted when the last token is out, signed when it is known who made the answer.

use openledger_chain::Key;
use openledger_protocol::{Receipt, Sampling, Scope, Signed, amount, commitment};

use super::{Attributed, ServedAdapter};
use crate::{
    api::{OpenedReceipt, SignedReceipt},
    error::NodeError,
};

/// What an answer was made of.
pub struct Served<'a> {
    /// Scope of the settlement contract.
    pub scope: Scope,
    /// Adapter that answered.
    pub adapter: &'a ServedAdapter,
    /// Session that pays.
    pub session_id: u64,
    /// Sequence of its voucher.
    pub voucher_sequence: u64,
    /// Token ids of the prompt.
    pub prompt: Vec<u32>,
    /// Token ids of the response.
    pub response: Vec<u32>,
    /// How tokens were drawn.
    pub sampling: Sampling,
    /// Fee, in uopen.
    pub fee: u128,
    /// Salt of the commitments.
    pub salt: [u8; 32],
    /// Seconds since the Unix epoch.
    pub served_at: u64,
}

/// Everything about an answer but who made it, with the openings of its commitments.
pub fn draft(served: Served<'_>, node: &str) -> Result<OpenedReceipt, NodeError> {
    let terms = &served.adapter.terms;
    let count = |ids: &[u32]| {
        u32::try_from(ids.len()).map_err(|_| NodeError::BadRequest { field: "prompt", problem: "too long".into() })
    };
    let receipt = Receipt {
        scope: Some(served.scope),
        node: node.to_owned(),
        session_id: served.session_id,
        voucher_sequence: served.voucher_sequence,
        adapter_id: terms.adapter_id,
        adapter_version: terms.version,
        base_digest: terms.base_digest.to_vec(),
        adapter_digest: terms.adapter_digest.to_vec(),
        tokenizer_digest: terms.tokenizer_digest.to_vec(),
        prompt_commitment: commitment::tokens("prompt", &served.salt, &served.prompt).to_vec(),
        response_commitment: commitment::tokens("response", &served.salt, &served.response).to_vec(),
        sampling_commitment: commitment::sampling(&served.salt, &served.sampling).to_vec(),
        prompt_tokens: count(&served.prompt)?,
        response_tokens: count(&served.response)?,
        prompt_price: amount::format(terms.prompt_price),
        response_price: amount::format(terms.response_price),
        fee: amount::format(served.fee),
        cumulative_fee: String::new(),
        attribution: None,
        served_at: served.served_at,
    };
    Ok(OpenedReceipt {
        receipt: Some(SignedReceipt { receipt: Some(receipt), ..SignedReceipt::default() }),
        salt: served.salt.to_vec(),
        prompt: served.prompt,
        response: served.response,
        sampling: Some(served.sampling),
        query: Vec::new(),
        query_exponent: 0,
    })
}

/// Completes a draft with who made the answer and the session's new cumulative fee, and signs it.
pub fn sign(
    draft: OpenedReceipt,
    attributed: Attributed,
    key: &Key,
    cumulative_fee: u128,
) -> Result<OpenedReceipt, NodeError> {
    let broken = || NodeError::Ledger("a stored answer has no receipt".into());
    let mut receipt = draft.receipt.and_then(|signed| signed.receipt).ok_or_else(broken)?;
    receipt.cumulative_fee = amount::format(cumulative_fee);
    receipt.attribution = Some(attributed.attribution);
    let id = receipt.digest();
    let signed = SignedReceipt {
        id: id.to_vec(),
        receipt: Some(receipt),
        signature: key.sign_digest(&id)?.to_vec(),
        public_key: key.public_key().to_vec(),
    };
    let (query, query_exponent) = match attributed.query {
        Some(query) => (query.vector.iter().map(|value| value.cast_unsigned()).collect(), query.exponent),
        None => (Vec::new(), 0),
    };
    Ok(OpenedReceipt { receipt: Some(signed), query, query_exponent, ..draft })
}
