//! Leaving with the money.
//!
//! Whoever can sign must have the money at stake that its power stands for, as long as the signature counts. A set counts
//! while it is the newest, and settlement may accept it for up to `unbonding_seconds` after the next one was made. So an
//! entry leaves `unbonding_seconds` after `unbond`, and as long after the first set that no longer counts it.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Order, Response, StdResult, Storage, Uint128};
use openledger_contract_kit::{event::Event, KitError};

use super::token;
use crate::{
    error::ContractError,
    events::StakingEvent,
    msg::SetMember,
    state::{latest_set, load_validator, Unbonding, LEDGER, SET_TIMES, UNBONDING, VALIDATORS},
};

/// Pays every entry that is due. The next set, for which entries may have to wait, can be made by everybody.
pub fn run(deps: DepsMut, env: Env, info: MessageInfo) -> Result<Response, ContractError> {
    let mut validator = load_validator(deps.storage, &info.sender)?;
    let now = env.block.time.seconds();
    // At most 32 entries: `max_unbonding_entries` bounds them.
    let entries = UNBONDING
        .prefix(&info.sender)
        .range(deps.storage, None, None, Order::Ascending)
        .collect::<StdResult<Vec<_>>>()?;
    let latest = latest_set(deps.storage)?;
    let latest_id = latest.as_ref().map(|set| set.set_id.u64()).unwrap_or_default();
    let overweight = latest
        .iter()
        .flat_map(|set| &set.members)
        .find(|member| member.validator == info.sender && member.power > validator.bonded);

    let mut due = Vec::new();
    let mut next: Option<u64> = None;
    let mut blocked: Option<&SetMember> = None;
    for (entry_id, entry) in entries {
        let due_at = due_at(deps.storage, &entry, latest_id)?;
        if due_at > now {
            next = Some(next.map_or(due_at, |next| next.min(due_at)));
        } else if overweight.is_some() && entry.set_id.u64() == latest_id {
            blocked = overweight;
        } else {
            due.push((entry_id, entry));
        }
    }
    if due.is_empty() {
        return Err(match blocked {
            Some(member) => ContractError::StillInSet {
                set_id: latest_id,
                validator: info.sender,
                power: member.power,
                bonded: validator.bonded,
            },
            None => ContractError::NothingDue { next },
        });
    }

    let mut ledger = LEDGER.load(deps.storage)?;
    let mut total = Uint128::zero();
    let mut response = Response::new();
    for (entry_id, entry) in due {
        UNBONDING.remove(deps.storage, (&info.sender, entry_id));
        total = total.checked_add(entry.amount)?;
        validator.unbonding_entries =
            validator.unbonding_entries.checked_sub(1).ok_or(KitError::Overflow { what: "unbonding entries" })?;
        let event = StakingEvent::Withdrawn { validator: info.sender.clone(), entry_id, amount: entry.amount };
        response = response.add_event(event.to_cosmwasm());
    }
    ledger.unbonding = ledger.unbonding.checked_sub(total)?;
    LEDGER.save(deps.storage, &ledger)?;
    VALIDATORS.save(deps.storage, &info.sender, &validator)?;
    Ok(response.add_message(token::pay(deps.storage, &info.sender, total)?))
}

/// When an entry may leave, as far as the sets made so far tell.
fn due_at(storage: &dyn Storage, entry: &Unbonding, latest_id: u64) -> Result<u64, ContractError> {
    let set_id = entry.set_id.u64();
    // No set existed, or the newest one is still that of the beginning.
    if set_id == 0 || set_id >= latest_id {
        return Ok(entry.completes_at.u64());
    }
    let superseded_at = SET_TIMES.load(storage, set_id.saturating_add(1))?;
    let unbonding_seconds = entry.completes_at.u64().saturating_sub(entry.started_at.u64());
    Ok(superseded_at.saturating_add(unbonding_seconds).max(entry.completes_at.u64()))
}
