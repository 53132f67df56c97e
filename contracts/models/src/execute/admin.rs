//! Parameters, pause and hand-over of the contract itself. None of it reaches into an adapter.

use cosmwasm_std::{Addr, DepsMut, Env, Response, Uint64};
use openledger_contract_kit::{event::respond, pause as pausing};

use crate::{
    events::Event,
    msg::Params,
    state::{OWNERSHIP, PARAMS, SETTLEMENT},
    ContractError,
};

pub fn update_params(deps: DepsMut, params: Params) -> Result<Response, ContractError> {
    params.validate()?;
    PARAMS.save(deps.storage, &params)?;
    Ok(respond(Event::ParamsUpdated(&params)))
}

pub fn pause(deps: DepsMut, env: &Env, until: Uint64) -> Result<Response, ContractError> {
    let max = PARAMS.load(deps.storage)?.max_pause_seconds.u64();
    pausing::start(deps.storage, env.block.time, until, max)?;
    Ok(respond(Event::Paused { until }))
}

pub fn unpause(deps: DepsMut, env: &Env) -> Result<Response, ContractError> {
    pausing::end(deps.storage, env.block.time)?;
    Ok(respond(Event::Unpaused))
}

pub fn set_settlement(deps: DepsMut, settlement: &str) -> Result<Response, ContractError> {
    if let Some(settlement) = SETTLEMENT.may_load(deps.storage)? {
        return Err(ContractError::SettlementSet { settlement });
    }
    let settlement = deps.api.addr_validate(settlement)?;
    SETTLEMENT.save(deps.storage, &settlement)?;
    Ok(respond(Event::SettlementSet { settlement: &settlement }))
}

pub fn propose_owner(deps: DepsMut, env: &Env, account: &str, expires_at: Uint64) -> Result<Response, ContractError> {
    let account = deps.api.addr_validate(account)?;
    let mut ownership = OWNERSHIP.load(deps.storage)?;
    ownership.propose(account.clone(), expires_at, env.block.time)?;
    OWNERSHIP.save(deps.storage, &ownership)?;
    Ok(respond(Event::OwnerProposed { account: &account, expires_at }))
}

pub fn accept_ownership(deps: DepsMut, env: &Env, sender: &Addr) -> Result<Response, ContractError> {
    let mut ownership = OWNERSHIP.load(deps.storage)?;
    let from = ownership.accept(sender, env.block.time)?;
    OWNERSHIP.save(deps.storage, &ownership)?;
    Ok(respond(Event::OwnerChanged { from: &from, to: sender }))
}
