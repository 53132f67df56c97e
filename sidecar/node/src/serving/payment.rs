//! Checks of a voucher against its session.

use openledger_protocol::{Signed, amount};
use settlement::msg::SessionResponse;

use super::{Question, ServedAdapter};
use crate::{
    error::NodeError,
    ledger::Reservation,
    network::{AdapterTerms, Network},
    signing,
};

/// Checks everything about a voucher that does not depend on this node's own history. Returns what to reserve, and who pays.
pub async fn check(
    network: &Network,
    node: &str,
    adapter: &ServedAdapter,
    question: &Question,
    max_fee: u128,
) -> Result<(Reservation, String), NodeError> {
    let Question { voucher, voucher_signature: signature, .. } = question;
    if voucher.scope.as_ref() != Some(&network.scope()) {
        return Err(NodeError::VoucherScope);
    }
    if i64::try_from(voucher.sequence).is_err() {
        return Err(NodeError::BadRequest { field: "voucher", problem: "its sequence is beyond 2^63".into() });
    }
    let session = network.session(voucher.session_id).await?;
    let now = network.client().latest_block().await?.seconds();
    usable(&session, node, adapter, now)?;
    let session_id = voucher.session_id;
    if !signing::verify(session.session_public_key.as_ref(), &voucher.digest(), signature) {
        return Err(NodeError::VoucherForged(session_id));
    }
    let promised = amount::parse(&voucher.cumulative_amount)?;
    let budget = session.charged.u128().saturating_add(session.available.u128());
    if promised > budget {
        return Err(NodeError::VoucherOverdrawn { session_id, promised, budget });
    }
    let reservation = Reservation {
        session_id,
        sequence: voucher.sequence,
        amount: promised,
        signature: signature.clone(),
        max_fee,
        charged_on_chain: session.charged.u128(),
        sequence_on_chain: session.voucher_sequence.u64(),
        accepted_at: now,
    };
    Ok((reservation, session.owner.into_string()))
}

/// Whether the session may pay this node for this adapter now.
fn usable(session: &SessionResponse, node: &str, adapter: &ServedAdapter, now: u64) -> Result<(), NodeError> {
    let refuse = |problem: String| Err(NodeError::SessionUnusable { session_id: session.session_id.u64(), problem });
    let terms = &adapter.terms;
    if session.settled || now >= session.expires_at.u64() {
        return refuse(format!("it ended at {}", session.expires_at));
    }
    // Two nodes that charge the same session would each find the other's charges in the way.
    match &session.node {
        Some(only) if only.as_str() == node => {}
        Some(only) => return refuse(format!("it pays node {only} only")),
        None => return refuse(format!("it is bound to no node; this one is {node}")),
    }
    limits(session, terms).or_else(refuse)
}

/// Whether the session's own limits allow an adapter at its price. Validators hold nodes to the same rule.
pub fn limits(session: &SessionResponse, terms: &AdapterTerms) -> Result<(), String> {
    if let Some(only) = session.adapter_id
        && only.u64() != terms.adapter_id
    {
        return Err(format!("it pays for adapter {only} only"));
    }
    let (prompt, response) = (session.max_prompt_price.u128(), session.max_response_price.u128());
    if terms.prompt_price > prompt || terms.response_price > response {
        return Err(format!(
            "it pays at most {prompt} and {response} uopen per prompt and response token; the adapter costs {} and {}",
            terms.prompt_price, terms.response_price
        ));
    }
    Ok(())
}
