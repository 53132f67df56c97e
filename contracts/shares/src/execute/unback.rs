//! Beginning to take a stake back.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response, Uint128};
use openledger_contract_kit::{event::Event, KitError};

use super::token;
use crate::{
    error::ContractError,
    events::SharesEvent,
    state::{live_units, position, unbacking_pool, Units, LEDGER, PARAMS, POOL, POSITIONS, UNBACKING, UNBACKING_POOLS},
};

/// Released backing leaves at the end of a day, so that the pools that a slash has to reach are few.
pub const DAY: u64 = 86_400;

/// Burns `shares` of the sender and moves the same part of its stake into the pool that ends after `unback_seconds`. The
/// burned shares earn no more; the stake answers for poison until the end.
pub fn run(deps: DepsMut, env: Env, info: MessageInfo, shares: Uint128) -> Result<Response, ContractError> {
    if shares.is_zero() {
        return Err(ContractError::ZeroAmount);
    }
    let backer = info.sender;
    let mut pool = POOL.load(deps.storage)?;
    let mut position = position(deps.storage, &pool, &backer)?;
    let kept = position
        .shares
        .checked_sub(shares)
        .map_err(|_| ContractError::UnbackTooMuch { requested: shares, backed: position.shares })?;
    let units =
        if kept.is_zero() { position.units } else { position.units.checked_multiply_ratio(shares, position.shares)? };
    let amount = pool.leave(units)?;
    if amount.is_zero() {
        return Err(ContractError::WorthNothing { shares });
    }
    position.units = position.units.checked_sub(units)?;
    position.shares = kept;

    let ends_at = end_of_release(env.block.time.seconds(), PARAMS.load(deps.storage)?.unback_seconds.u64())?;
    let mut released = unbacking_pool(deps.storage, ends_at)?;
    let entry = UNBACKING.may_load(deps.storage, (&backer, ends_at))?.unwrap_or_default();
    let waiting = live_units(&released, &entry);
    let entered = released.enter(amount)?;
    let entry = Units { units: waiting.checked_add(entered)?, generation: released.generation };

    let mut ledger = LEDGER.load(deps.storage)?;
    ledger.unbacking = ledger.unbacking.checked_add(amount)?;
    ledger.backed_shares = ledger.backed_shares.checked_sub(shares)?;
    POOL.save(deps.storage, &pool)?;
    if kept.is_zero() {
        POSITIONS.remove(deps.storage, &backer);
    } else {
        POSITIONS.save(deps.storage, &backer, &position)?;
    }
    UNBACKING_POOLS.save(deps.storage, ends_at, &released)?;
    UNBACKING.save(deps.storage, (&backer, ends_at), &entry)?;
    LEDGER.save(deps.storage, &ledger)?;
    let burned = token::burn_shares(deps, &env, &backer, shares)?;
    let event = SharesEvent::Unbacking { backer, shares, units, amount, ends_at };
    Ok(burned.add_event(event.to_cosmwasm()))
}

/// The first end of a day that is at least `unback_seconds` away.
fn end_of_release(now: u64, unback_seconds: u64) -> Result<u64, ContractError> {
    let days = now.checked_add(unback_seconds).map(|least| least.div_ceil(DAY));
    Ok(days.and_then(|days| days.checked_mul(DAY)).ok_or(KitError::Overflow { what: "ends_at" })?)
}
