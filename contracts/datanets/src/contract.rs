//! Entry points.

#[cfg(not(feature = "library"))]
use cosmwasm_std::entry_point;
use cosmwasm_std::{Binary, Deps, DepsMut, Env, MessageInfo, Reply, Response};
use openledger_contract_kit::{event::respond, funds, ownership::Ownership, permission};

use crate::{
    events::Event,
    execute, identity, migrate as migration,
    msg::{ExecuteMsg, InstantiateMsg, MigrateMsg, QueryMsg, SudoMsg},
    permissions, query as queries, state, sudo as governance, ContractError,
};

#[cfg_attr(not(feature = "library"), entry_point)]
pub fn instantiate(
    deps: DepsMut,
    _env: Env,
    info: MessageInfo,
    msg: InstantiateMsg,
) -> Result<Response, ContractError> {
    funds::refuse_coins(&info)?;
    msg.params.validate()?;
    let owner = deps.api.addr_validate(&msg.owner)?;
    let token = deps.api.addr_validate(&msg.token)?;
    cw2::set_contract_version(deps.storage, identity::NAME, identity::VERSION)?;
    state::OWNERSHIP.save(deps.storage, &Ownership::new(owner.clone()))?;
    state::PARAMS.save(deps.storage, &msg.params)?;
    state::TOKEN.save(deps.storage, &token)?;
    if let Some(code) = msg.shares_code_id {
        state::SHARES_CODE.save(deps.storage, &code.u64())?;
    }
    let (shares_code_id, params) = (msg.shares_code_id, &msg.params);
    Ok(respond(Event::Instantiated { owner: &owner, token: &token, shares_code_id, params }))
}

#[cfg_attr(not(feature = "library"), entry_point)]
pub fn execute(deps: DepsMut, env: Env, info: MessageInfo, msg: ExecuteMsg) -> Result<Response, ContractError> {
    funds::refuse_coins(&info)?;
    let ownership = state::OWNERSHIP.load(deps.storage)?;
    permission::enter(deps.storage, &env, &info.sender, &msg, &ownership, |role| {
        permissions::holds(deps.as_ref(), &info.sender, &msg, role)
    })?;
    execute::dispatch(deps, env, info, msg)
}

#[cfg_attr(not(feature = "library"), entry_point)]
pub fn reply(deps: DepsMut, _env: Env, msg: Reply) -> Result<Response, ContractError> {
    execute::shares::reply(deps, msg)
}

#[cfg_attr(not(feature = "library"), entry_point)]
pub fn query(deps: Deps, env: Env, msg: QueryMsg) -> Result<Binary, ContractError> {
    queries::dispatch(deps, env, msg)
}

#[cfg_attr(not(feature = "library"), entry_point)]
pub fn sudo(deps: DepsMut, env: Env, msg: SudoMsg) -> Result<Response, ContractError> {
    governance::dispatch(deps, env, msg)
}

#[cfg_attr(not(feature = "library"), entry_point)]
pub fn migrate(deps: DepsMut, _env: Env, _msg: MigrateMsg) -> Result<Response, ContractError> {
    migration::run(deps)
}
