//! What the owner may do. None of it reaches anybody's money.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response, Uint64};
use openledger_contract_kit::{event::respond, pause as pauses};

use crate::{
    error::ContractError,
    events::SettlementEvent,
    msg::Params,
    state::{ARBITER, CONFIG, OWNERSHIP, PARAMS},
};

/// Stops new sessions and batches until `until`.
pub fn pause(deps: DepsMut, env: Env, until: Uint64) -> Result<Response, ContractError> {
    let max = PARAMS.load(deps.storage)?.max_pause_seconds.u64();
    pauses::start(deps.storage, env.block.time, until, max)?;
    Ok(respond(SettlementEvent::Paused { until: until.u64() }))
}

/// Ends a pause early.
pub fn unpause(deps: DepsMut, env: Env) -> Result<Response, ContractError> {
    pauses::end(deps.storage, env.block.time)?;
    Ok(respond(SettlementEvent::Unpaused))
}

/// Replaces the parameters. Sessions, batches and epochs keep the times they were given.
pub fn update_params(deps: DepsMut, params: Params) -> Result<Response, ContractError> {
    params.validate()?;
    let staking = CONFIG.load(deps.storage)?.staking;
    let unbonding = staking::client::Client::new(&staking).config(&deps.querier)?.params.unbonding_seconds;
    params.validate_against_unbonding(unbonding.u64())?;
    PARAMS.save(deps.storage, &params)?;
    Ok(respond(SettlementEvent::ParamsUpdated { params }))
}

/// Names the contract that judges fraud, for good: who could exchange it could void what is true.
pub fn set_arbiter(deps: DepsMut, arbiter: String) -> Result<Response, ContractError> {
    if let Some(arbiter) = ARBITER.may_load(deps.storage)? {
        return Err(ContractError::ArbiterIsSet { arbiter });
    }
    let arbiter = deps.api.addr_validate(&arbiter)?;
    ARBITER.save(deps.storage, &arbiter)?;
    Ok(respond(SettlementEvent::ArbiterSet { arbiter }))
}

/// Proposes the next owner.
pub fn propose_owner(deps: DepsMut, env: Env, account: String, expires_at: Uint64) -> Result<Response, ContractError> {
    let account = deps.api.addr_validate(&account)?;
    let mut ownership = OWNERSHIP.load(deps.storage)?;
    ownership.propose(account.clone(), expires_at, env.block.time)?;
    OWNERSHIP.save(deps.storage, &ownership)?;
    Ok(respond(SettlementEvent::OwnerProposed { account, expires_at: expires_at.u64() }))
}

/// Makes the sender owner.
pub fn accept_ownership(deps: DepsMut, env: Env, info: MessageInfo) -> Result<Response, ContractError> {
    let mut ownership = OWNERSHIP.load(deps.storage)?;
    let from = ownership.accept(&info.sender, env.block.time)?;
    OWNERSHIP.save(deps.storage, &ownership)?;
    Ok(respond(SettlementEvent::OwnerChanged { from, to: info.sender }))
}
