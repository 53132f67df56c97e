//! Everything about a batch that follows from integers and digests alone.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use openledger_attribution::index::Query;
use openledger_protocol::{
    Attribution, BatchHeader, Credit, Receipt, Signed, amount,
    attribution::{POLICY_COUNTERFACTUAL_FORWARD, POLICY_DOT_PRODUCT, attribute},
    commitment, credits,
    credits::Payees,
};
use settlement::msg::BatchResponse;

use crate::{
    api::OpenedReceipt,
    error::{NodeError, receipt_error},
    network::{AdapterTerms, Network},
    serving::{self, Catalog, Lane, session_limits},
    signing,
};

/// Terms by adapter and version.
type Terms = BTreeMap<(u64, u32), AdapterTerms>;

/// Checks that `header` and `receipts` are what the chain committed to and returns the credits that follow. With a catalog,
/// scores by an index are computed again too.
pub async fn verify(
    network: &Network,
    catalog: Option<&Catalog>,
    on_chain: &BatchResponse,
    header: &BatchHeader,
    opened: &[OpenedReceipt],
) -> Result<Vec<Credit>, NodeError> {
    let batch_id = on_chain.batch.batch_id.u64();
    let invalid = |problem: &str| NodeError::BatchInvalid { batch_id, problem: problem.into() };
    if hex::encode(header.digest()) != on_chain.batch.header_digest.to_string() {
        return Err(invalid("the header is not the one on chain"));
    }
    let receipts = opened
        .iter()
        .map(|opened| opened.receipt.as_ref().and_then(|signed| signed.receipt.clone()))
        .collect::<Option<Vec<Receipt>>>()
        .ok_or_else(|| invalid("a receipt is missing"))?;
    let count = u64::try_from(receipts.len()).unwrap_or(u64::MAX);
    if count != header.receipt_count || credits::receipts_root(&receipts).as_slice() != header.receipts_root {
        return Err(NodeError::ReceiptsMismatch(batch_id));
    }
    let mut terms = Terms::new();
    let mut credits = Vec::new();
    for (index, (opened, receipt)) in (0u64..).zip(opened.iter().zip(&receipts)) {
        let key = (receipt.adapter_id, receipt.adapter_version);
        let terms = match terms.entry(key) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(network.adapter(key.0, Some(key.1)).await?),
        };
        check_receipt(network, header, opened, receipt, terms)?;
        if let Some(catalog) = catalog {
            check_scores(catalog, opened, receipt)?;
        }
        let payees = Payees { node: header.node.clone(), ..terms.payees.clone() };
        credits.extend(
            credits::credits(receipt, index, &terms.split, &payees)
                .map_err(|error| receipt_error(&receipt.digest(), error))?,
        );
    }
    credits::sort(&mut credits);
    let root =
        credits::root(&credits).map_err(|error| NodeError::BatchInvalid { batch_id, problem: error.to_string() })?;
    if root.hash.as_slice() != header.credits_root || u64::try_from(credits.len()).ok() != Some(header.credit_count) {
        return Err(invalid("the credits do not follow from the receipts"));
    }
    if amount::format(root.sum) != header.total {
        return Err(invalid("the credits do not sum to the total"));
    }
    check_charges(network, &terms, on_chain, &receipts).await?;
    Ok(credits)
}

/// Checks one receipt against its signature, its openings and the chain's terms.
fn check_receipt(
    network: &Network,
    header: &BatchHeader,
    opened: &OpenedReceipt,
    receipt: &Receipt,
    terms: &AdapterTerms,
) -> Result<(), NodeError> {
    let id = receipt.digest();
    let invalid = |problem: &str| NodeError::ReceiptInvalid { receipt: hex::encode(id), problem: problem.into() };
    let signed = opened.receipt.as_ref().ok_or_else(|| invalid("it is missing"))?;
    if signed.id != id {
        return Err(invalid("its id is not its digest"));
    }
    if receipt.scope.as_ref() != Some(&network.scope()) || receipt.node != header.node {
        return Err(invalid("it belongs to another network or node"));
    }
    let account = openledger_chain::address_of(&signed.public_key).map_err(|_| invalid("its public key is no key"))?;
    if account != receipt.node || !signing::verify(&signed.public_key, &id, &signed.signature) {
        return Err(invalid("it is not signed by its node"));
    }
    let salt: [u8; 32] = opened.salt.as_slice().try_into().map_err(|_| invalid("its salt has no 32 bytes"))?;
    let sampling = opened.sampling.as_ref().ok_or_else(|| invalid("its sampling parameters are missing"))?;
    if commitment::tokens("prompt", &salt, &opened.prompt).as_slice() != receipt.prompt_commitment
        || commitment::tokens("response", &salt, &opened.response).as_slice() != receipt.response_commitment
        || commitment::sampling(&salt, sampling).as_slice() != receipt.sampling_commitment
    {
        return Err(invalid("its commitments do not open"));
    }
    if u32::try_from(opened.prompt.len()).ok() != Some(receipt.prompt_tokens)
        || u32::try_from(opened.response.len()).ok() != Some(receipt.response_tokens)
    {
        return Err(invalid("it counts other tokens than it opens"));
    }
    if receipt.base_digest != terms.base_digest
        || receipt.adapter_digest != terms.adapter_digest
        || receipt.tokenizer_digest != terms.tokenizer_digest
    {
        return Err(invalid("its model is not the registered one"));
    }
    if receipt.prompt_price != amount::format(terms.prompt_price)
        || receipt.response_price != amount::format(terms.response_price)
    {
        return Err(invalid("its prices are not the registered ones"));
    }
    let claimed = receipt.attribution.as_ref().ok_or_else(|| invalid("it has no attribution"))?;
    let (policy, query_commitment) = if terms.index.is_some() {
        let vector: Vec<i8> = opened.query.iter().map(|byte| byte.cast_signed()).collect();
        (POLICY_DOT_PRODUCT, commitment::query(&salt, &vector).to_vec())
    } else {
        (POLICY_COUNTERFACTUAL_FORWARD, Vec::new())
    };
    if claimed.policy != policy {
        return Err(invalid(&format!("this adapter version is paid by {policy}")));
    }
    let shares =
        attribute(&claimed.deltas, claimed.floor, claimed.lift).map_err(|error| invalid(&error.to_string()))?;
    let expected = Attribution { policy: policy.into(), query_commitment, ..shares };
    if *claimed != expected {
        return Err(invalid("its shares do not follow from its measurements, or its query does not open"));
    }
    Ok(())
}

/// Checks the scores of a receipt whose adapter is paid by its index.
fn check_scores(catalog: &Catalog, opened: &OpenedReceipt, receipt: &Receipt) -> Result<(), NodeError> {
    let adapter = catalog.get(receipt.adapter_id)?;
    let (Lane::Index(lane), Some(claimed)) = (adapter.lane(), &receipt.attribution) else { return Ok(()) };
    let invalid = |problem| NodeError::ReceiptInvalid { receipt: hex::encode(receipt.digest()), problem };
    if receipt.adapter_version != adapter.terms.version {
        let problem =
            format!("version {} answered, this validator has {}", receipt.adapter_version, adapter.terms.version);
        return Err(NodeError::AdapterMismatch { adapter_id: receipt.adapter_id, problem });
    }
    serving::check_scores(lane.index(), claimed, &opened_query(opened)).map_err(invalid)
}

/// The query vector that a receipt opens. What it says beside the integers is its own claim.
pub fn opened_query(opened: &OpenedReceipt) -> Query {
    let vector = opened.query.iter().map(|byte| byte.cast_signed()).collect();
    Query { vector, exponent: opened.query_exponent, explained: 0.0, log_prob: 0.0 }
}

/// Checks that each session's charge is exactly its receipts (cumulative fees without gap, voucher sequences without
/// repetition) and that the session allowed each of them.
async fn check_charges(
    network: &Network,
    terms: &Terms,
    on_chain: &BatchResponse,
    receipts: &[Receipt],
) -> Result<(), NodeError> {
    let batch_id = on_chain.batch.batch_id.u64();
    let invalid = |problem: String| NodeError::BatchInvalid { batch_id, problem };
    let mut by_session: BTreeMap<u64, Vec<&Receipt>> = BTreeMap::new();
    for receipt in receipts {
        by_session.entry(receipt.session_id).or_default().push(receipt);
    }
    let charged: BTreeSet<u64> = on_chain.charges.iter().map(|charge| charge.session_id.u64()).collect();
    if by_session.keys().copied().collect::<BTreeSet<_>>() != charged {
        return Err(invalid("it charges other sessions than its receipts name".into()));
    }
    for charge in &on_chain.charges {
        let session = charge.session_id.u64();
        let limits = network.session(session).await?;
        let mut cumulative = charge.cumulative_fee.u128().saturating_sub(charge.amount.u128());
        let mut sequences = BTreeSet::new();
        for receipt in by_session.get(&session).into_iter().flatten() {
            if let Some(terms) = terms.get(&(receipt.adapter_id, receipt.adapter_version)) {
                session_limits(&limits, terms).map_err(|problem| invalid(format!("session {session}: {problem}")))?;
            }
            if receipt.served_at < limits.opened_at.u64() || receipt.served_at > limits.expires_at.u64() {
                return Err(invalid(format!("session {session} was not open at {}", receipt.served_at)));
            }
            let fee = amount::parse(&receipt.fee)?;
            cumulative = cumulative
                .checked_add(fee)
                .ok_or_else(|| invalid(format!("session {session} is charged beyond 128 bits")))?;
            if amount::format(cumulative) != receipt.cumulative_fee {
                return Err(invalid(format!("the cumulative fees of session {session} have a gap")));
            }
            if receipt.voucher_sequence > charge.voucher_sequence.u64() || !sequences.insert(receipt.voucher_sequence) {
                return Err(invalid(format!("session {session} repeats or exceeds a voucher")));
            }
        }
        if cumulative != charge.cumulative_fee.u128() {
            return Err(invalid(format!("session {session} is charged another sum than its receipts")));
        }
    }
    Ok(())
}
