//! Leaving with the money. `exits` says when an entry may leave.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Order, Response, StdResult, Uint128};
use openledger_contract_kit::event::Event;

use super::token;
use crate::{
    error::ContractError,
    events::StakingEvent,
    exits,
    state::{latest_set, LEDGER, UNBONDING},
};

/// Pays every entry that is due. The next set, for which entries may have to wait, can be made by everybody.
pub fn run(deps: DepsMut, env: Env, info: MessageInfo) -> Result<Response, ContractError> {
    let now = env.block.time.seconds();
    // At most 32 entries: `max_unbonding_entries` bounds them.
    let entries = UNBONDING
        .prefix(&info.sender)
        .range(deps.storage, None, None, Order::Ascending)
        .collect::<StdResult<Vec<_>>>()?;
    let latest = latest_set(deps.storage)?;

    let mut due = Vec::new();
    let mut next: Option<u64> = None;
    let mut blocked: Option<ContractError> = None;
    for (entry_id, entry) in entries {
        let (started_at, completes_at) = (entry.started_at.u64(), entry.completes_at.u64());
        let unbonding_seconds = completes_at.saturating_sub(started_at);
        let due_at = exits::due_at(deps.storage, entry.set_id.u64(), completes_at, unbonding_seconds)?;
        if due_at > now {
            next = Some(next.map_or(due_at, |next| next.min(due_at)));
            continue;
        }
        match exits::overweight(deps.storage, latest.as_ref(), entry.set_id, &entry.validator)? {
            Some(error) => blocked = Some(error),
            None => due.push((entry_id, entry)),
        }
    }
    if due.is_empty() {
        return Err(blocked.unwrap_or(ContractError::NothingDue { next }));
    }

    let mut ledger = LEDGER.load(deps.storage)?;
    let mut total = Uint128::zero();
    let mut response = Response::new();
    for (entry_id, entry) in due {
        UNBONDING.remove(deps.storage, (&info.sender, entry_id));
        let amount = exits::leave(deps.storage, &mut ledger, &entry)?;
        total = total.checked_add(amount)?;
        let (validator, delegator) = (entry.validator, info.sender.clone());
        let event = StakingEvent::Withdrawn { validator, delegator, entry_id, amount };
        response = response.add_event(event.to_cosmwasm());
    }
    ledger.save(deps.storage, env.block.height)?;
    if total.is_zero() {
        return Ok(response);
    }
    Ok(response.add_message(token::pay(deps.storage, &info.sender, total)?))
}
