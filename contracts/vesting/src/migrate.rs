//! Migration: only from an older version of this contract.

use cosmwasm_std::{DepsMut, Response};
use openledger_contract_kit::{event::respond, migration};

use crate::{
    error::ContractError,
    events::VestingEvent,
    identity::{NAME, VERSION},
};

/// Checks name and version, records the new version. No stored shape has changed so far.
pub fn run(deps: DepsMut) -> Result<Response, ContractError> {
    let from = migration::upgrade(deps.storage, NAME, VERSION)?;
    Ok(respond(VestingEvent::Migrated { from, to: VERSION.to_owned() }))
}
