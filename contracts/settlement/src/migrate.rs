//! Migration: only from an older version of this contract.

use cosmwasm_std::{DepsMut, Response};
use openledger_contract_kit::{event::respond, migration};

use crate::{
    contract::{CONTRACT_NAME, CONTRACT_VERSION},
    error::ContractError,
    events::SettlementEvent,
};

/// Checks name and version, records the new version. No stored shape has changed so far.
pub fn run(deps: DepsMut) -> Result<Response, ContractError> {
    let from = migration::upgrade(deps.storage, CONTRACT_NAME, CONTRACT_VERSION)?;
    Ok(respond(SettlementEvent::Migrated { from, to: CONTRACT_VERSION.to_owned() }))
}
