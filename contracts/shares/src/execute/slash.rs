//! Proven poison: the stake answers.

use cosmwasm_std::{DepsMut, Env, Order, Response, StdResult, Uint128};
use cw_storage_plus::Bound;
use openledger_contract_kit::{event::respond, Bps};

use super::token;
use crate::{
    error::ContractError,
    events::SharesEvent,
    state::{LEDGER, PARAMS, POOL, UNBACKING_POOLS},
};

/// Takes the fraction of the backing pool and of every pool of released backing whose time is not over, and pays it to the
/// recipient or burns it. Never refused for lack of stake: then it takes nothing.
pub fn run(deps: DepsMut, env: Env, fraction: Bps, recipient: Option<String>) -> Result<Response, ContractError> {
    let max = PARAMS.load(deps.storage)?.max_slash;
    if fraction == Bps::ZERO || fraction > max {
        return Err(ContractError::SlashOutOfBounds { fraction, max });
    }
    let recipient = recipient.map(|account| deps.api.addr_validate(&account)).transpose()?;
    if recipient.as_ref().is_some_and(|account| *account == env.contract.address) {
        return Err(ContractError::ToItself);
    }

    let mut pool = POOL.load(deps.storage)?;
    let backing = pool.slash(fraction)?;
    POOL.save(deps.storage, &pool)?;

    // Ends are ends of days, at most 31 days ahead: at most 32 pools.
    let now = env.block.time.seconds();
    let open = UNBACKING_POOLS
        .range(deps.storage, Some(Bound::exclusive(now)), None, Order::Ascending)
        .collect::<StdResult<Vec<_>>>()?;
    let mut unbacking = Uint128::zero();
    for (ends_at, mut pool) in open {
        unbacking = unbacking.checked_add(pool.slash(fraction)?)?;
        if pool.units.is_zero() {
            UNBACKING_POOLS.remove(deps.storage, ends_at);
        } else {
            UNBACKING_POOLS.save(deps.storage, ends_at, &pool)?;
        }
    }
    let mut ledger = LEDGER.load(deps.storage)?;
    ledger.unbacking = ledger.unbacking.checked_sub(unbacking)?;
    LEDGER.save(deps.storage, &ledger)?;

    let total = backing.checked_add(unbacking)?;
    let event = SharesEvent::Slashed { fraction, backing, unbacking, recipient: recipient.clone() };
    let response = respond(event);
    if total.is_zero() {
        return Ok(response);
    }
    Ok(response.add_message(match recipient {
        Some(account) => token::pay(deps.storage, &account, total)?,
        None => token::burn(deps.storage, total)?,
    }))
}
