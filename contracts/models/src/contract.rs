//! Entry points.

#[cfg(not(feature = "library"))]
use cosmwasm_std::entry_point;
use cosmwasm_std::{Binary, Deps, DepsMut, Env, MessageInfo, Response, Uint128};
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
    let datanets = deps.api.addr_validate(&msg.datanets)?;
    let token = deps.api.addr_validate(&msg.token)?;
    cw2::set_contract_version(deps.storage, identity::NAME, identity::VERSION)?;
    state::OWNERSHIP.save(deps.storage, &Ownership::new(owner.clone()))?;
    state::PARAMS.save(deps.storage, &msg.params)?;
    state::DATANETS.save(deps.storage, &datanets)?;
    state::TOKEN.save(deps.storage, &token)?;
    state::BONDED.save(deps.storage, &Uint128::zero())?;
    Ok(respond(Event::Instantiated { owner: &owner, datanets: &datanets, token: &token, params: &msg.params }))
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
