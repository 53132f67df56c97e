//! From one validator to another without a wait. `liens` says what the stake still answers for.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response, Storage, Uint128};
use openledger_contract_kit::event::Event;

use super::{bond, token, unbond::free_shares};
use crate::{
    book::Book,
    error::ContractError,
    events::StakingEvent,
    liens::{self, Settled},
    state::{LEDGER, PARAMS},
};

/// Moves `amount` of the sender's delegation to another validator, or all that may leave. No tokens move.
pub fn run(
    deps: DepsMut,
    env: Env,
    info: MessageInfo,
    from: &str,
    to: &str,
    amount: Option<Uint128>,
) -> Result<Response, ContractError> {
    let (from, to) = (deps.api.addr_validate(from)?, deps.api.addr_validate(to)?);
    let delegator = info.sender;
    if from == to {
        return Err(ContractError::SameValidator { validator: from });
    }
    // A self-bond has a minimum, and answers for its own validator alone.
    if delegator == from || delegator == to {
        return Err(ContractError::SelfBond);
    }
    if amount.is_some_and(|amount| amount.is_zero()) {
        return Err(ContractError::ZeroAmount);
    }
    let storage = deps.storage;
    let (now, height) = (env.block.time.seconds(), env.block.height);
    let mut ledger = LEDGER.load(storage)?;

    let mut left = Book::open(storage, &from)?;
    let mut settled_from = liens::settle(storage, &mut left, &delegator, (now, height))?;
    let from_shares = free_shares(storage, &left, &delegator, &mut settled_from, amount)?;
    let amount = left.undelegate(storage, height, &delegator, from_shares)?;
    if amount.is_zero() {
        return Err(ContractError::WorthlessShares);
    }
    let from_bonded = left.stake.tokens;
    left.close(storage, height, &mut ledger)?;

    // Only now: a book holds what it read, so one is open at a time.
    let mut joined = Book::open(storage, &to)?;
    let settled_to = liens::settle(storage, &mut joined, &delegator, (now, height))?;
    let (to_shares, to_bonded) = bond::join(storage, height, joined, &delegator, amount, &mut ledger)?;
    let times = (now, PARAMS.load(storage)?.unbonding_seconds.u64());
    let (set_id, completes_at) = liens::add(storage, &delegator, (&from, &to), to_shares, times)?;
    ledger.save(storage, height)?;

    let event = StakingEvent::Redelegated {
        delegator,
        from,
        to,
        amount,
        from_shares,
        from_bonded,
        to_shares,
        to_bonded,
        set_id,
        completes_at,
    };
    Ok(tell(storage, [settled_from, settled_to])?.add_event(event.to_cosmwasm()))
}

/// Settles the redelegations of anybody. Refused when that changes nothing.
pub fn settle(deps: DepsMut, env: Env, delegator: &str, validator: &str) -> Result<Response, ContractError> {
    let (delegator, validator) = (deps.api.addr_validate(delegator)?, deps.api.addr_validate(validator)?);
    let (now, height) = (env.block.time.seconds(), env.block.height);
    let mut book = Book::open(deps.storage, &validator)?;
    let settled = liens::settle(deps.storage, &mut book, &delegator, (now, height))?;
    if !settled.changed {
        return Err(match settled.held_by {
            None => ContractError::NothingToSettle { next: None },
            Some(ContractError::StillAnswers { until, .. }) => ContractError::NothingToSettle { next: Some(until) },
            Some(other) => other,
        });
    }
    let mut ledger = LEDGER.load(deps.storage)?;
    book.close(deps.storage, height, &mut ledger)?;
    ledger.save(deps.storage, height)?;
    tell(deps.storage, [settled])
}

/// The events of settlements, and one message that burns what they took.
pub fn tell(storage: &dyn Storage, settled: impl IntoIterator<Item = Settled>) -> Result<Response, ContractError> {
    let mut response = Response::new();
    let mut burned = Uint128::zero();
    for one in settled {
        burned = burned.checked_add(one.burned)?;
        response = response.add_events(one.events.iter().map(Event::to_cosmwasm));
    }
    Ok(response.add_messages(token::burn(storage, burned)?))
}
