//! What the chain's own governance may do: parameters within their bounds. It cannot touch a balance, a stake or an income.

use cosmwasm_std::{DepsMut, Env, Response};
use cw20_base::state::TOKEN_INFO;
use openledger_contract_kit::event::respond;

use crate::{
    error::ContractError,
    events::SharesEvent,
    execute::minter,
    history::History,
    msg::{Params, SudoMsg},
    state::{COMMONS, HISTORY, PARAMS},
};

/// Runs a governance message.
pub fn dispatch(deps: DepsMut, env: Env, msg: SudoMsg) -> Result<Response, ContractError> {
    match msg {
        SudoMsg::UpdateParams { params } => update_params(deps, env, params),
    }
}

fn update_params(deps: DepsMut, env: Env, params: Params) -> Result<Response, ContractError> {
    params.validate()?;
    if let Some(commons) = COMMONS.may_load(deps.storage)? {
        if commons.part > params.max_commons_part {
            return Err(ContractError::CommonsPartTooLarge { part: commons.part, max: params.max_commons_part });
        }
    }
    let before = PARAMS.load(deps.storage)?;
    if before.period_seconds != params.period_seconds {
        // Periods of another length cannot be shown beside each other.
        HISTORY.save(deps.storage, &History::default())?;
    }
    let mut info = TOKEN_INFO.load(deps.storage)?;
    info.mint = Some(minter(&env, &params)?);
    TOKEN_INFO.save(deps.storage, &info)?;
    PARAMS.save(deps.storage, &params)?;
    Ok(respond(SharesEvent::ParamsUpdated { params }))
}
