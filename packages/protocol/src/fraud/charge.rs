//! Charges: what the batch takes from a session is what the session's receipts say, and the session allowed them.
//!
//! A receipt charges its session from `cumulative_fee - fee` to `cumulative_fee`; the batch charges it from
//! `cumulative_fee - amount` to `cumulative_fee`. When every receipt lies within its session's charge and no two
//! overlap, the receipts of a session are worth at most its charge. The credits, which are exactly those of the receipts,
//! sum to the batch's total, which is the sum of its charges: so every session pays exactly its receipts.

use alloc::{collections::BTreeMap, string::String, vec::Vec};

use super::{
    data::BatchData,
    open::{BatchFacts, Opening, receipt_amount},
    receipt::{OpenedReceipt, readable},
    verdict::{Fraud, Rejected},
};
use crate::{Receipt, amount, merkle::MerkleError};

/// What the batch charges to a session, and the session's terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeFacts {
    /// Session that pays.
    pub session_id: u64,
    /// Charged by this batch.
    pub amount: u128,
    /// Charged so far, this batch included.
    pub cumulative_fee: u128,
    /// Cumulative amount of the voucher.
    pub voucher_amount: u128,
    /// Sequence of the voucher.
    pub voucher_sequence: u64,
    /// Highest price of a prompt token.
    pub max_prompt_price: u128,
    /// Highest price of a response token.
    pub max_response_price: u128,
    /// The only adapter that may be charged for.
    pub adapter_id: Option<u64>,
    /// The only node that may charge.
    pub node: Option<String>,
    /// From here on nothing may be served, seconds.
    pub expires_at: u64,
}

/// Fraud if the receipt is not covered by what the batch charges its session, by the voucher or by the session's terms;
/// `charge` is `None` where the batch does not charge the receipt's session.
pub fn check(opened: &OpenedReceipt<'_>, charge: Option<&ChargeFacts>) -> Result<Fraud, Rejected> {
    let session_id = opened.receipt().session_id;
    if let Some(charge) = charge.filter(|charge| charge.session_id != session_id) {
        return Err(Rejected::OtherSession { given: charge.session_id, session_id });
    }
    violation(opened.receipt(), charge).ok_or(Rejected::Honest)
}

/// Fraud if two receipts of one batch charge the same part of one session.
pub fn check_overlap(first: &OpenedReceipt<'_>, second: &OpenedReceipt<'_>) -> Result<Fraud, Rejected> {
    if first.batch() != second.batch() || first.receipt().session_id != second.receipt().session_id {
        return Err(Rejected::UnrelatedReceipts);
    }
    if first.index() == second.index() {
        return Err(Rejected::SamePosition);
    }
    let (a, b) = (interval(first.receipt())?, interval(second.receipt())?);
    if a.0.max(b.0) < a.1.min(b.1) {
        let session_id = first.receipt().session_id;
        Ok(Fraud::Overlap { session_id, first: first.index(), second: second.index() })
    } else {
        Err(Rejected::Honest)
    }
}

/// Opens the first receipt that its session's charge does not cover. `charge_of` gives the batch's charge of a session.
pub fn prove<'c>(
    batch: &BatchFacts,
    data: &BatchData,
    charge_of: impl Fn(u64) -> Option<&'c ChargeFacts>,
) -> Result<Option<Opening>, MerkleError> {
    let wrong = readable(batch, data)
        .find(|opened| violation(opened.receipt(), charge_of(opened.receipt().session_id)).is_some());
    wrong.map(|opened| data.open_receipt(opened.index())).transpose()
}

/// Opens the first two receipts of a session that charge the same part of it.
pub fn prove_overlap(batch: &BatchFacts, data: &BatchData) -> Result<Option<(Opening, Opening)>, MerkleError> {
    let mut sessions: BTreeMap<u64, Vec<(u128, u128, u64)>> = BTreeMap::new();
    for opened in readable(batch, data) {
        if let Ok((from, to)) = interval(opened.receipt())
            && from < to
        {
            sessions.entry(opened.receipt().session_id).or_default().push((from, to, opened.index()));
        }
    }
    for intervals in sessions.values_mut() {
        // Sorted by their beginning, the first overlap is one of neighbours.
        intervals.sort_unstable();
        let pair = intervals.windows(2).find_map(|pair| match pair {
            [a, b] if b.0 < a.1 => Some((a.2, b.2)),
            _ => None,
        });
        if let Some((first, second)) = pair {
            return Ok(Some((data.open_receipt(first)?, data.open_receipt(second)?)));
        }
    }
    Ok(None)
}

fn violation(receipt: &Receipt, charge: Option<&ChargeFacts>) -> Option<Fraud> {
    covered(receipt, charge).err()
}

fn covered(receipt: &Receipt, charge: Option<&ChargeFacts>) -> Result<(), Fraud> {
    let charge = charge.ok_or(Fraud::NotCharged { session_id: receipt.session_id })?;
    let to = receipt_amount("cumulative fee", &receipt.cumulative_fee)?;
    let fee = receipt_amount("fee", &receipt.fee)?;
    let from = to.checked_sub(fee).ok_or(Fraud::CumulativeBelowFee { cumulative: to, fee })?;
    let charge_from = charge.cumulative_fee.saturating_sub(charge.amount);
    if from < charge_from || to > charge.cumulative_fee {
        return Err(Fraud::OutsideCharge { from, to, charge_from, charge_to: charge.cumulative_fee });
    }
    if to > charge.voucher_amount {
        return Err(Fraud::BeyondVoucher { cumulative: to, voucher: charge.voucher_amount });
    }
    if receipt.voucher_sequence > charge.voucher_sequence {
        return Err(Fraud::UnknownVoucher { claimed: receipt.voucher_sequence, charged: charge.voucher_sequence });
    }
    let prices = [
        ("prompt price", &receipt.prompt_price, charge.max_prompt_price),
        ("response price", &receipt.response_price, charge.max_response_price),
    ];
    for (field, text, max) in prices {
        let price = receipt_amount(field, text)?;
        if price > max {
            return Err(Fraud::PriceAboveSession { field, price, max });
        }
    }
    if let Some(allowed) = charge.adapter_id.filter(|allowed| *allowed != receipt.adapter_id) {
        return Err(Fraud::OtherAdapter { adapter_id: receipt.adapter_id, allowed });
    }
    if charge.node.as_ref().is_some_and(|allowed| *allowed != receipt.node) {
        return Err(Fraud::OtherNode);
    }
    if receipt.served_at >= charge.expires_at {
        return Err(Fraud::Expired { served_at: receipt.served_at, expires_at: charge.expires_at });
    }
    Ok(())
}

/// What part of its session a receipt charges.
fn interval(receipt: &Receipt) -> Result<(u128, u128), Rejected> {
    let read = |field, text: &str| amount::parse(text).map_err(|_| Rejected::BrokenAmount { field });
    let to = read("cumulative fee", &receipt.cumulative_fee)?;
    let fee = read("fee", &receipt.fee)?;
    let from = to.checked_sub(fee).ok_or(Rejected::BrokenAmount { field: "cumulative fee" })?;
    Ok((from, to))
}
