//! What the chain's own governance may do: the bounded pause, parameters, and another owner when the owner's key is lost
//! or stolen. It cannot touch a session, a batch, an epoch or a claim.

use cosmwasm_std::{DepsMut, Env, Response};
use openledger_contract_kit::{event::respond, ownership::Ownership};

use crate::{error::ContractError, events::SettlementEvent, execute::admin, msg::SudoMsg, state::OWNERSHIP};

/// Runs a governance message.
pub fn dispatch(deps: DepsMut, env: Env, msg: SudoMsg) -> Result<Response, ContractError> {
    match msg {
        SudoMsg::Pause { until } => admin::pause(deps, env, until),
        SudoMsg::Unpause {} => admin::unpause(deps, env),
        SudoMsg::UpdateParams { params } => admin::update_params(deps, params),
        SudoMsg::ReplaceOwner { owner } => {
            let to = deps.api.addr_validate(&owner)?;
            let from = OWNERSHIP.load(deps.storage)?.owner;
            OWNERSHIP.save(deps.storage, &Ownership::new(to.clone()))?;
            Ok(respond(SettlementEvent::OwnerChanged { from, to }))
        }
    }
}
