//! Leaving with the stake.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Order, Response, StdResult, Uint128};
use cw_storage_plus::Bound;
use openledger_contract_kit::{event::Event, page};

use super::token;
use crate::{
    error::ContractError,
    events::SharesEvent,
    state::{live_units, unbacking_pool, LEDGER, UNBACKING, UNBACKING_POOLS},
};

/// Pays released backing whose time is over: at most 30 entries, oldest first; what is left waits for the next call.
pub fn run(deps: DepsMut, env: Env, info: MessageInfo) -> Result<Response, ContractError> {
    let backer = info.sender;
    let now = env.block.time.seconds();
    let entries = UNBACKING.prefix(&backer);
    let limit = page::limit(Some(page::MAX));
    let due = entries
        .range(deps.storage, None, Some(Bound::inclusive(now)), Order::Ascending)
        .take(limit)
        .collect::<StdResult<Vec<_>>>()?;
    if due.is_empty() {
        let next = entries.keys(deps.storage, None, None, Order::Ascending).next().transpose()?;
        return Err(ContractError::NothingDue { next });
    }

    let mut total = Uint128::zero();
    let mut response = Response::new();
    for (ends_at, entry) in due {
        let mut pool = unbacking_pool(deps.storage, ends_at)?;
        let amount = pool.leave(live_units(&pool, &entry))?;
        UNBACKING.remove(deps.storage, (&backer, ends_at));
        if pool.units.is_zero() {
            UNBACKING_POOLS.remove(deps.storage, ends_at);
        } else {
            UNBACKING_POOLS.save(deps.storage, ends_at, &pool)?;
        }
        total = total.checked_add(amount)?;
        let event = SharesEvent::Withdrawn { backer: backer.clone(), ends_at, amount };
        response = response.add_event(event.to_cosmwasm());
    }
    if total.is_zero() {
        // Everything was slashed: the entries go, and there is nothing to pay.
        return Ok(response);
    }
    let mut ledger = LEDGER.load(deps.storage)?;
    ledger.unbacking = ledger.unbacking.checked_sub(total)?;
    LEDGER.save(deps.storage, &ledger)?;
    Ok(response.add_message(token::pay(deps.storage, &backer, total)?))
}
