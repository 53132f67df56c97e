//! Leaving with the money.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Order, Response, StdResult, Uint128};
use openledger_contract_kit::{event::Event, KitError};

use super::token;
use crate::{
    error::ContractError,
    events::StakingEvent,
    state::{latest_set, load_validator, LEDGER, UNBONDING, VALIDATORS},
};

/// Pays every entry that is due.
///
/// The newest set must not count the money any more: whoever can sign with that power must still have it at stake. The
/// cure, `snapshot`, is open to everybody.
pub fn run(deps: DepsMut, env: Env, info: MessageInfo) -> Result<Response, ContractError> {
    let mut validator = load_validator(deps.storage, &info.sender)?;
    let now = env.block.time.seconds();
    // At most 32 entries: `max_unbonding_entries` bounds them.
    let entries = UNBONDING
        .prefix(&info.sender)
        .range(deps.storage, None, None, Order::Ascending)
        .collect::<StdResult<Vec<_>>>()?;
    let next = entries.iter().map(|(_, entry)| entry.completes_at.u64()).min();
    let (due, _): (Vec<_>, Vec<_>) = entries.into_iter().partition(|(_, entry)| entry.completes_at.u64() <= now);
    if due.is_empty() {
        return Err(ContractError::NothingDue { next });
    }
    if let Some(set) = latest_set(deps.storage)? {
        let member = set.members.iter().find(|member| member.validator == info.sender);
        if let Some(member) = member.filter(|member| member.power > validator.bonded) {
            return Err(ContractError::StillInSet {
                set_id: set.set_id.u64(),
                validator: info.sender,
                power: member.power,
                bonded: validator.bonded,
            });
        }
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
