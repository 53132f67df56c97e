//! Money from outside for sessions that a false batch charged, when its epoch has paid and nothing can be voided.

use cosmwasm_std::{from_json, DepsMut, Env, Response, Uint128};
use cw20::Cw20ReceiveMsg;
use openledger_contract_kit::{event::Event, KitError};

use crate::{
    error::ContractError,
    events::SettlementEvent,
    msg::{BatchStatus, ReceiveMsg},
    state::{load_batch, load_epoch, load_session, CHARGES, LEDGER, RESTITUTED, SESSIONS},
};

/// Takes tokens for what their message says.
pub fn receive(deps: DepsMut, env: Env, message: Cw20ReceiveMsg) -> Result<Response, ContractError> {
    match from_json(&message.msg)? {
        ReceiveMsg::Restitution { batch_id } => restore(deps, &env, message.sender, batch_id.u64(), message.amount),
    }
}

/// Shares `amount` among the batch's sessions in proportion to what they still miss. Nobody gets more than it was charged.
fn restore(deps: DepsMut, env: &Env, from: String, batch_id: u64, amount: Uint128) -> Result<Response, ContractError> {
    let from = deps.api.addr_validate(&from)?;
    let batch = load_batch(deps.storage, batch_id)?;
    // Before its epoch pays the batch can be voided, which makes its sessions whole without anybody's money.
    let epoch = batch.epoch.map(|epoch| load_epoch(deps.storage, epoch.u64())).transpose()?;
    let pays = epoch.is_some_and(|epoch| epoch.claimable_at.u64() <= env.block.time.seconds());
    if batch.status != BatchStatus::Accepted || !pays {
        return Err(ContractError::NoRestitution { batch_id, status: batch.status });
    }
    if amount.is_zero() {
        return Err(ContractError::ZeroAmount);
    }
    let charges = CHARGES.load(deps.storage, batch_id)?;
    let none = || vec![Uint128::zero(); charges.len()];
    let mut restored = RESTITUTED.may_load(deps.storage, batch_id)?.unwrap_or_else(none);
    let paid = restored.iter().try_fold(Uint128::zero(), |sum, part| sum.checked_add(*part))?;
    let missing = batch.total.checked_sub(paid)?;
    if amount > missing {
        return Err(ContractError::TooMuchRestitution { batch_id, amount, missing });
    }

    let mut ledger = LEDGER.load(deps.storage)?;
    let mut events = vec![SettlementEvent::Restituted { batch_id, amount, from }.to_cosmwasm()];
    let mut upper = Uint128::zero();
    for (charge, restored) in charges.iter().zip(&mut restored) {
        let lower = upper;
        upper = upper.checked_add(charge.amount.checked_sub(*restored)?)?;
        let part = mark(amount, upper, missing)?.checked_sub(mark(amount, lower, missing)?)?;
        if part.is_zero() {
            continue;
        }
        *restored = restored.checked_add(part)?;
        let session_id = charge.session_id.u64();
        let mut session = load_session(deps.storage, session_id)?;
        session.refunded = session.refunded.checked_add(part)?;
        let book = if session.settled { &mut ledger.refunds } else { &mut ledger.sessions };
        *book = book.checked_add(part)?;
        SESSIONS.save(deps.storage, session_id, &session)?;
        events.push(SettlementEvent::SessionRefunded { batch_id, session_id, amount: part }.to_cosmwasm());
    }
    LEDGER.save(deps.storage, &ledger)?;
    RESTITUTED.save(deps.storage, batch_id, &restored)?;
    Ok(Response::new().add_events(events))
}

/// How much of `amount` lies below `at` on the way to `total`. The stretches between ascending marks add up to the amount,
/// and none is longer than the marks are apart, as `amount <= total`.
fn mark(amount: Uint128, at: Uint128, total: Uint128) -> Result<Uint128, ContractError> {
    amount.checked_multiply_ratio(at, total).map_err(|_| KitError::Overflow { what: "restitution" }.into())
}
