//! Beginning to leave.

use cosmwasm_std::{Addr, DepsMut, Env, MessageInfo, Order, Response, Storage, Uint128};
use openledger_contract_kit::event::Event;

use super::redelegate;
use crate::{
    book::Book,
    error::ContractError,
    events::StakingEvent,
    exits,
    liens::{self, Settled},
    state::{LEDGER, PARAMS, UNBONDING},
};

/// Moves `amount` of the sender's self-bond into an unbonding entry.
pub fn run(deps: DepsMut, env: Env, info: MessageInfo, amount: Uint128) -> Result<Response, ContractError> {
    let validator = info.sender.clone();
    leave(deps, &env, &info.sender, validator, Some(amount))
}

/// Moves part of a delegation, or all of it, into an unbonding entry.
pub fn undelegate(
    deps: DepsMut,
    env: Env,
    info: MessageInfo,
    validator: String,
    amount: Option<Uint128>,
) -> Result<Response, ContractError> {
    let validator = deps.api.addr_validate(&validator)?;
    leave(deps, &env, &info.sender, validator, amount)
}

/// What stays of a self-bond is nothing or at least the minimum. Shares that are worth nothing are given up without an
/// entry.
fn leave(
    deps: DepsMut,
    env: &Env,
    delegator: &Addr,
    validator: Addr,
    amount: Option<Uint128>,
) -> Result<Response, ContractError> {
    if amount.is_some_and(|amount| amount.is_zero()) {
        return Err(ContractError::ZeroAmount);
    }
    let params = PARAMS.load(deps.storage)?;
    let (now, height) = (env.block.time.seconds(), env.block.height);
    let mut book = Book::open(deps.storage, &validator)?;
    let mut settled = liens::settle(deps.storage, &mut book, delegator, (now, height))?;
    let shares = free_shares(deps.storage, &book, delegator, &mut settled, amount)?;
    let mut ledger = LEDGER.load(deps.storage)?;
    let amount = book.undelegate(deps.storage, height, delegator, shares)?;
    if *delegator == validator && !book.validator.own_shares.is_zero() && book.self_bond()? < params.min_self_bond {
        return Err(ContractError::BondTooSmall { bonded: book.self_bond()?, minimum: params.min_self_bond });
    }
    let bonded = book.stake.tokens;
    book.close(deps.storage, height, &mut ledger)?;
    let response = redelegate::tell(deps.storage, [settled])?;
    if amount.is_zero() {
        ledger.save(deps.storage, height)?;
        let event = StakingEvent::GivenUp { validator, delegator: delegator.clone(), shares };
        return Ok(response.add_event(event.to_cosmwasm()));
    }
    // Counts at most 32: `max_unbonding_entries` bounds them.
    let open = UNBONDING.prefix(delegator).keys(deps.storage, None, None, Order::Ascending).count();
    if open >= usize::try_from(params.max_unbonding_entries).unwrap_or(usize::MAX) {
        return Err(ContractError::TooManyUnbondings { max: params.max_unbonding_entries });
    }
    let times = (now, params.unbonding_seconds.u64());
    let (entry_id, entry) = exits::enter(deps.storage, &mut ledger, (delegator, &validator), amount, times)?;
    ledger.save(deps.storage, height)?;
    let event = StakingEvent::Unbonding {
        validator,
        delegator: delegator.clone(),
        entry_id,
        amount,
        shares,
        bonded,
        pool_id: entry.pool_id.u64(),
        pool_shares: entry.shares,
        set_id: entry.set_id.u64(),
        completes_at: entry.completes_at.u64(),
    };
    Ok(response.add_event(event.to_cosmwasm()))
}

/// Shares of a settled delegation that are worth `amount`, or all that may leave it.
pub fn free_shares(
    storage: &dyn Storage,
    book: &Book,
    delegator: &Addr,
    settled: &mut Settled,
    amount: Option<Uint128>,
) -> Result<Uint128, ContractError> {
    let held = book.shares(storage, delegator)?;
    if held.is_zero() {
        let (delegator, validator) = (delegator.clone(), book.address.clone());
        return Err(ContractError::NoDelegation { delegator, validator });
    }
    let free = held.checked_sub(settled.under)?;
    let worth = book.stake.worth(free)?;
    let requested = match amount {
        // Also when fewer shares are worth as much: none of them stay behind.
        Some(amount) if amount == worth => return Ok(free),
        Some(amount) if amount < worth => return book.stake.shares_for(amount),
        Some(amount) => amount,
        None if free.is_zero() => Uint128::zero(),
        None => return Ok(free),
    };
    let bonded = book.stake.worth(held)?;
    Err(match settled.held_by.take() {
        Some(reason) if requested <= bonded => reason,
        _ => ContractError::UnbondTooMuch { requested, bonded },
    })
}
