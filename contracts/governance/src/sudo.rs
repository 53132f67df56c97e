//! What the chain's own governance may do: the bounded pause, parameters, and other guardians when a key is lost or stolen.
//! It cannot touch a proposal, a vote or a deposit.

use cosmwasm_std::{DepsMut, Env, Response};

use crate::{
    error::ContractError,
    execute::{admin, pause_contracts},
    msg::SudoMsg,
};

/// Runs a governance message.
pub fn dispatch(deps: DepsMut, env: Env, msg: SudoMsg) -> Result<Response, ContractError> {
    match msg {
        SudoMsg::Pause { contracts, until } => {
            let by = env.contract.address.clone();
            pause_contracts(deps.as_ref(), &env, by, &contracts, until)
        }
        SudoMsg::UpdateParams { params } => admin::update_params(deps, params),
        SudoMsg::ReplaceGuardians { guardians } => admin::set_guardians(deps, env, guardians),
    }
}
