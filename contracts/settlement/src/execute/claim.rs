//! Paying a payee everything it earned so far.

use cosmwasm_std::{DepsMut, Env, Response, Uint128};
use openledger_contract_kit::{event::Event, ids};
use openledger_protocol::{
    merkle_sum::{self, Node, Proof},
    payouts,
};

use super::{payee, scope};
use crate::{
    error::ContractError,
    events::SettlementEvent,
    msg::{PayoutProof, SumNode},
    state::{claimable_epoch, CLAIMED, LEDGER},
};

/// A tree of 2^64 leaves is 64 levels deep.
const MAX_SIBLINGS: usize = 64;

/// Checks the payee's cumulative amount against the newest claimable root and pays the difference.
///
/// `unclaimed` bounds every payment: whatever a root says, money of sessions and pending batches is out of its reach.
pub fn run(
    deps: DepsMut,
    env: Env,
    payee: String,
    cumulative_amount: Uint128,
    proof: PayoutProof,
) -> Result<Response, ContractError> {
    ids::bound("siblings", proof.siblings.len(), MAX_SIBLINGS)?;
    let epoch = claimable_epoch(deps.storage, env.block.time.seconds())?.ok_or(ContractError::NothingClaimable)?;
    let root = Node { sum: epoch.payout_total.u128(), hash: epoch.payout_root.into_bytes() };
    let leaf = payouts::leaf(&scope(&env), &payee, cumulative_amount.u128());
    merkle_sum::verify(&root, &leaf, &path(&proof, epoch.payout_count.u64())).map_err(|reason| {
        ContractError::InvalidPayoutProof { payee: payee.clone(), epoch: epoch.epoch.u64(), reason }
    })?;

    let claimed = CLAIMED.may_load(deps.storage, &payee)?.unwrap_or_default();
    let amount = cumulative_amount.checked_sub(claimed).unwrap_or_default();
    if amount.is_zero() {
        return Err(ContractError::NothingToClaim { payee, claimed, cumulative: cumulative_amount });
    }
    let mut ledger = LEDGER.load(deps.storage)?;
    ledger.unclaimed = ledger
        .unclaimed
        .checked_sub(amount)
        .map_err(|_| ContractError::PayoutsExhausted { amount, unclaimed: ledger.unclaimed })?;
    LEDGER.save(deps.storage, &ledger)?;
    CLAIMED.save(deps.storage, &payee, &cumulative_amount)?;

    let payment = payee::pay(deps.as_ref(), &payee, amount)?;
    let event = SettlementEvent::Claimed { payee, amount, cumulative_amount, epoch: epoch.epoch.u64() };
    Ok(Response::new().add_event(event.to_cosmwasm()).add_message(payment))
}

/// The tree's size is what validators signed, never what the sender says.
fn path(proof: &PayoutProof, size: u64) -> Proof {
    let node = |node: &SumNode| Node { sum: node.sum.u128(), hash: node.hash.into_bytes() };
    Proof { index: proof.index.u64(), size, siblings: proof.siblings.iter().map(node).collect() }
}
