//! Proofs about an epoch's payouts.

use openledger_protocol::{
    fraud::{payout, payout::PayoutProof, sums, EpochFacts, Fraud, SumTree, Tree},
    merkle_sum::Node,
};
use settlement::msg::EpochResponse;

use super::{records::credits, Records};
use crate::{
    error::ContractError,
    msg::{EpochFraud, FalseSum, Neighbours},
};

/// What the proof shows.
pub fn decide(records: &Records<'_>, epoch: &EpochResponse, proof: EpochFraud) -> Result<Fraud, ContractError> {
    let epoch = &facts(records, epoch)?;
    Ok(match proof {
        EpochFraud::PayoutLeaf { payout } => payout::check_leaf(epoch, &payout.into())?,
        EpochFraud::PayoutOrder(Neighbours { first, second }) => {
            payout::check_order(epoch, &first.into(), &second.into())?
        }
        EpochFraud::Payout { payee, now, before, credits } => {
            let proof = PayoutProof {
                payee,
                now: now.into(),
                before: before.map(Into::into),
                credits: credits.into_iter().map(Into::into).collect(),
            };
            payout::check(epoch, &proof)?
        }
        EpochFraud::PayoutSum(FalseSum { path }) => sums::check(Tree::Payouts, &epoch.payouts, &path.into())?,
    })
}

/// At most 64 batches.
fn facts(records: &Records<'_>, accepted: &EpochResponse) -> Result<EpochFacts, ContractError> {
    let previous = match accepted.epoch.u64().checked_sub(1) {
        None | Some(0) => None,
        Some(previous) => Some(payouts(&records.epoch(previous)?)),
    };
    let batches = accepted
        .batch_ids
        .iter()
        .map(|id| Ok(credits(&records.batch(id.u64())?)))
        .collect::<Result<_, ContractError>>()?;
    Ok(EpochFacts { scope: records.scope(), payouts: payouts(accepted), previous, batches })
}

fn payouts(epoch: &EpochResponse) -> SumTree {
    let root = Node { sum: epoch.payout_total.u128(), hash: epoch.payout_root.into_bytes() };
    SumTree { root, count: epoch.payout_count.u64() }
}
