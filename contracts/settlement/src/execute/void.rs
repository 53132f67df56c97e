//! Undoing what was false, while nothing of it can have been paid.
//!
//! Money of a batch moves session -> pending -> unclaimed; voiding moves it back the same way. Payouts are cumulative, so an
//! epoch cannot be taken out alone: those after it go too, and their batches wait again. At most `max_open_epochs` epochs
//! of 64 batches are open at a time.

use cosmwasm_std::{DepsMut, Env, Event as ChainEvent, Response, Storage, Uint64};
use openledger_contract_kit::{
    event::{respond, Event},
    KitError,
};

use crate::{
    error::ContractError,
    events::SettlementEvent,
    execute::{exposure, refund_batch},
    msg::{BatchStatus, EpochResponse},
    state::{
        load_batch, load_epoch, move_batch, next_epoch, Node, Round, EPOCHS, FIRST_ROUNDS, LAST_EPOCH, LEDGER, NODES,
        PARAMS, ROUND,
    },
};

/// Gives a false batch's charges back to its sessions, after voiding the epoch that accepted it.
pub fn batch(deps: DepsMut, env: Env, batch_id: u64) -> Result<Response, ContractError> {
    let batch = load_batch(deps.storage, batch_id)?;
    let mut events = match (batch.status, batch.epoch) {
        (BatchStatus::Pending, _) => Vec::new(),
        (BatchStatus::Accepted, Some(epoch)) => from(deps.storage, &env, epoch.u64())?,
        (status, _) => return Err(ContractError::NothingToVoid { batch_id, status }),
    };
    // It waits again where its epoch was voided.
    let pending = load_batch(deps.storage, batch_id)?;
    events.extend(refund_batch::give_back(deps.storage, pending, BatchStatus::Voided)?);
    Ok(Response::new().add_events(events))
}

/// Takes back the acceptance of an epoch and of every epoch after it.
pub fn epochs(deps: DepsMut, env: Env, first: u64) -> Result<Response, ContractError> {
    load_epoch(deps.storage, first)?;
    Ok(Response::new().add_events(from(deps.storage, &env, first)?))
}

/// Keeps a node from submitting, for ever.
pub fn bar(deps: DepsMut, node: String) -> Result<Response, ContractError> {
    let node = deps.api.addr_validate(&node)?;
    let standing = NODES.may_load(deps.storage, &node)?;
    NODES.save(deps.storage, &node, &Node { barred: true, ..standing.unwrap_or_default() })?;
    Ok(respond(SettlementEvent::NodeBarred { node }))
}

/// Refuses what would touch money that may have left.
fn check_window(env: &Env, epoch: &EpochResponse) -> Result<(), ContractError> {
    let claimable_at = epoch.claimable_at.u64();
    if env.block.time.seconds() < claimable_at {
        return Ok(());
    }
    Err(ContractError::ChallengeTooLate { epoch: epoch.epoch.u64(), claimable_at })
}

fn from(storage: &mut dyn Storage, env: &Env, first: u64) -> Result<Vec<ChainEvent>, ContractError> {
    check_window(env, &EPOCHS.load(storage, first)?)?;
    let now = env.block.time.seconds();
    let window = PARAMS.load(storage)?.attestation_deadline_seconds.u64();
    let deadline = now.checked_add(window).ok_or(KitError::Overflow { what: "deadline" })?;
    let mut ledger = LEDGER.load(storage)?;
    let mut events = Vec::new();
    let after = next_epoch(storage)?;
    // Bounded: `accept_epoch` keeps at most `max_open_epochs` epochs open.
    for number in first..after {
        let epoch = EPOCHS.load(storage, number)?;
        for batch_id in &epoch.batch_ids {
            let mut batch = load_batch(storage, batch_id.u64())?;
            ledger.unclaimed = ledger.unclaimed.checked_sub(batch.total)?;
            ledger.pending = ledger.pending.checked_add(batch.total)?;
            batch.status = BatchStatus::Pending;
            batch.epoch = None;
            batch.deadline = Uint64::new(deadline);
            move_batch(storage, &batch, Some(BatchStatus::Accepted))?;
            exposure::add(storage, &batch.node, batch.total)?;
        }
        retire_round(storage, number, epoch.round)?;
        EPOCHS.remove(storage, number);
        let voided = SettlementEvent::EpochVoided { epoch: number, round: epoch.round, deadline };
        events.push(voided.to_cosmwasm());
    }
    LEDGER.save(storage, &ledger)?;
    // The epoch in work stands on a root that is no more; who signed it will have to sign it once more.
    let in_work = ROUND.may_load(storage)?.unwrap_or_default().number;
    retire_round(storage, after, in_work)?;
    LAST_EPOCH.save(storage, &first.saturating_sub(1))?;
    let number = FIRST_ROUNDS.load(storage, first)?;
    ROUND.save(storage, &Round { number, began_at: now })?;
    Ok(events)
}

/// What was signed for a round of this epoch must never be accepted again, nor be held against who signs the epoch anew.
fn retire_round(storage: &mut dyn Storage, epoch: u64, round: u32) -> Result<(), ContractError> {
    let first = round.checked_add(1).ok_or(KitError::Overflow { what: "round" })?;
    Ok(FIRST_ROUNDS.save(storage, epoch, &first)?)
}
