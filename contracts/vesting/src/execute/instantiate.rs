//! The first message.

use cosmwasm_std::{DepsMut, MessageInfo, Response};
use openledger_contract_kit::{event::respond, funds::refuse_coins};

use crate::{
    error::ContractError,
    events::VestingEvent,
    identity::{NAME, VERSION},
};

/// Starts with no grants.
pub fn run(deps: DepsMut, info: MessageInfo) -> Result<Response, ContractError> {
    refuse_coins(&info)?;
    cw2::set_contract_version(deps.storage, NAME, VERSION)?;
    Ok(respond(VestingEvent::Instantiated))
}
