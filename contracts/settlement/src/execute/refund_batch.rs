//! Silence pays the buyer back.

use cosmwasm_std::{DepsMut, Env, Event as ChainEvent, Response, Storage};
use openledger_contract_kit::event::Event;

use super::exposure;
use crate::{
    error::ContractError,
    events::SettlementEvent,
    msg::{BatchStatus, BatchSummary},
    state::{load_pending_batch, load_session, move_batch, CHARGES, LEDGER, SESSIONS},
};

/// Gives every charge of an unattested batch back to its session. Sends no tokens: owners of settled sessions receive
/// theirs by `settle_session`, so no single payment can hold up the others. At most 64 charges.
pub fn run(deps: DepsMut, env: Env, batch_id: u64) -> Result<Response, ContractError> {
    let batch = load_pending_batch(deps.storage, batch_id)?;
    let deadline = batch.deadline.u64();
    if env.block.time.seconds() < deadline {
        return Err(ContractError::DeadlineAhead { batch_id, deadline });
    }
    let events = give_back(deps.storage, batch, BatchStatus::Refunded)?;
    Ok(Response::new().add_events(events))
}

/// Gives a pending batch's charges back and leaves it in its final status.
pub fn give_back(
    storage: &mut dyn Storage,
    mut batch: BatchSummary,
    status: BatchStatus,
) -> Result<Vec<ChainEvent>, ContractError> {
    let batch_id = batch.batch_id.u64();
    let mut ledger = LEDGER.load(storage)?;
    let mut events = vec![SettlementEvent::BatchRefunded { batch_id, total: batch.total, status }.to_cosmwasm()];
    for charge in CHARGES.load(storage, batch_id)? {
        let session_id = charge.session_id.u64();
        let mut session = load_session(storage, session_id)?;
        session.refunded = session.refunded.checked_add(charge.amount)?;
        let book = if session.settled { &mut ledger.refunds } else { &mut ledger.sessions };
        *book = book.checked_add(charge.amount)?;
        SESSIONS.save(storage, session_id, &session)?;
        let event = SettlementEvent::SessionRefunded { batch_id, session_id, amount: charge.amount };
        events.push(event.to_cosmwasm());
    }
    ledger.pending = ledger.pending.checked_sub(batch.total)?;
    LEDGER.save(storage, &ledger)?;
    exposure::remove(storage, &batch.node, batch.total)?;
    batch.status = status;
    move_batch(storage, &batch, Some(BatchStatus::Pending))?;
    Ok(events)
}
