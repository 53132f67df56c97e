//! What the chain's own governance may do: parameters and pause. It cannot touch any adapter.

use cosmwasm_std::{DepsMut, Env, Response};

use crate::{execute::admin, msg::SudoMsg, ContractError};

pub fn dispatch(deps: DepsMut, env: Env, msg: SudoMsg) -> Result<Response, ContractError> {
    match msg {
        SudoMsg::UpdateParams { params } => admin::update_params(deps, params),
        SudoMsg::Pause { until } => admin::pause(deps, &env, until),
        SudoMsg::Unpause {} => admin::unpause(deps, &env),
    }
}
