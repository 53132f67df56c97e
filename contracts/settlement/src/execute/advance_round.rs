//! Another try at an epoch that validators could not agree on.

use cosmwasm_std::{DepsMut, Env, Response};
use openledger_contract_kit::{event::respond, KitError};

use crate::{
    error::ContractError,
    events::SettlementEvent,
    round,
    state::{next_epoch, Round, ROUND},
};

/// Begins the next round of the present epoch. Statements of the round before can no longer be accepted, so whoever signed
/// one may sign another now without anything being accepted twice.
pub fn run(deps: DepsMut, env: Env) -> Result<Response, ContractError> {
    let now = env.block.time.seconds();
    let epoch = next_epoch(deps.storage)?;
    let present = ROUND.may_load(deps.storage)?.unwrap_or_default();
    let advances_at = round::advances_at(deps.storage, &present)?.ok_or(ContractError::NothingWaits { epoch })?;
    if now < advances_at {
        return Err(ContractError::RoundTooSoon { epoch, round: present.number, advances_at });
    }
    let number = present.number.checked_add(1).ok_or(KitError::Overflow { what: "round" })?;
    ROUND.save(deps.storage, &Round { number, began_at: now })?;
    Ok(respond(SettlementEvent::RoundAdvanced { epoch, round: number }))
}
