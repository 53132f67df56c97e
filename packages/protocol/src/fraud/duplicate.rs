//! One answer, charged once.
//!
//! A node uses a voucher for one answer at most: it reserves the voucher's sequence, which is above every one that it
//! or the chain has seen in the session, before the answer begins, and gives it free only if no answer began. So two
//! receipts of one node for one voucher cannot both be true, in whatever batches they lie. Two nodes may serve one
//! session, each with vouchers of its own: theirs are not compared.

use alloc::collections::BTreeMap;

use super::{
    data::BatchData,
    open::{BatchFacts, Opening},
    receipt::{OpenedReceipt, readable},
    verdict::{Fraud, Rejected},
};
use crate::{Hash, merkle::MerkleError};

/// Fraud if the two are one receipt at two positions, or two receipts of one node for one voucher of one session. They
/// may lie in one batch or in two.
pub fn check(first: &OpenedReceipt<'_>, second: &OpenedReceipt<'_>) -> Result<Fraud, Rejected> {
    if first.batch().batch_id == second.batch().batch_id && first.index() == second.index() {
        return Err(Rejected::SamePosition);
    }
    let (a, b) = (first.receipt(), second.receipt());
    if first.digest() == second.digest() {
        return Ok(Fraud::SameReceipt { receipt_id: first.digest() });
    }
    if (&a.scope, &a.node, a.session_id) != (&b.scope, &b.node, b.session_id) {
        return Err(Rejected::UnrelatedReceipts);
    }
    if a.voucher_sequence != b.voucher_sequence {
        return Err(Rejected::Honest);
    }
    Ok(Fraud::SameVoucher { session_id: a.session_id, voucher_sequence: a.voucher_sequence })
}

/// Position of a batch among those given, and the opening in it.
pub type Placed = (usize, Opening);

/// Opens the first two receipts, in one batch or in two, that are one or share a voucher.
pub fn prove(batches: &[(&BatchFacts, &BatchData)]) -> Result<Option<(Placed, Placed)>, MerkleError> {
    let mut seen: BTreeMap<(alloc::string::String, u64, u64), (usize, u64, Hash)> = BTreeMap::new();
    for (place, (batch, data)) in batches.iter().enumerate() {
        for opened in readable(batch, data) {
            let receipt = opened.receipt();
            let key = (receipt.node.clone(), receipt.session_id, receipt.voucher_sequence);
            if let Some((other, index, _)) = seen.get(&key) {
                let Some((_, earlier)) = batches.get(*other) else { continue };
                let first = (*other, earlier.open_receipt(*index)?);
                return Ok(Some((first, (place, data.open_receipt(opened.index())?))));
            }
            seen.insert(key, (place, opened.index(), opened.digest()));
        }
    }
    Ok(None)
}
