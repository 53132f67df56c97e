//! Migration: only from an older version of this contract. Version 0.1 is the first, so no state changes shape yet.

use cosmwasm_std::{DepsMut, Response};
use openledger_contract_kit::{event::respond, migration};

use crate::{
    events::Event,
    identity::{NAME, VERSION},
    ContractError,
};

pub fn run(deps: DepsMut) -> Result<Response, ContractError> {
    let from = migration::upgrade(deps.storage, NAME, VERSION)?;
    Ok(respond(Event::Migrated { from: &from, to: VERSION }))
}
