//! What the chain's own governance may do: parameters, and another owner when the owner's key is lost or stolen. It cannot
//! decide a case.

use cosmwasm_std::{DepsMut, Response};
use openledger_contract_kit::{event::respond, ownership::Ownership};

use crate::{error::ContractError, events::DisputesEvent, execute::admin, msg::SudoMsg, state::OWNERSHIP};

/// Runs a governance message.
pub fn dispatch(deps: DepsMut, msg: SudoMsg) -> Result<Response, ContractError> {
    match msg {
        SudoMsg::UpdateParams { params } => admin::update_params(deps, params),
        SudoMsg::ReplaceOwner { owner } => {
            let to = deps.api.addr_validate(&owner)?;
            let from = OWNERSHIP.load(deps.storage)?.owner;
            OWNERSHIP.save(deps.storage, &Ownership::new(to.clone()))?;
            Ok(respond(DisputesEvent::OwnerChanged { from, to }))
        }
    }
}
