//! cw20-base answers every query.

use cosmwasm_std::{Binary, Deps, Env};

use crate::{msg::QueryMsg, ContractError};

pub fn dispatch(deps: Deps, env: Env, msg: QueryMsg) -> Result<Binary, ContractError> {
    Ok(cw20_base::contract::query(deps, env, msg)?)
}
