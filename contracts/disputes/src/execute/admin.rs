//! What the owner may do. None of it decides a case or reaches a bond.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response, Uint64};
use openledger_contract_kit::event::respond;

use crate::{
    error::ContractError,
    events::DisputesEvent,
    msg::Params,
    state::{OWNERSHIP, PARAMS},
};

/// Replaces the parameters. Open disputes keep their bond and deadline.
pub fn update_params(deps: DepsMut, params: Params) -> Result<Response, ContractError> {
    params.validate()?;
    PARAMS.save(deps.storage, &params)?;
    Ok(respond(DisputesEvent::ParamsUpdated { params }))
}

/// Proposes the next owner.
pub fn propose_owner(deps: DepsMut, env: Env, account: String, expires_at: Uint64) -> Result<Response, ContractError> {
    let account = deps.api.addr_validate(&account)?;
    let mut ownership = OWNERSHIP.load(deps.storage)?;
    ownership.propose(account.clone(), expires_at, env.block.time)?;
    OWNERSHIP.save(deps.storage, &ownership)?;
    Ok(respond(DisputesEvent::OwnerProposed { account, expires_at: expires_at.u64() }))
}

/// Makes the sender owner.
pub fn accept_ownership(deps: DepsMut, env: Env, info: MessageInfo) -> Result<Response, ContractError> {
    let mut ownership = OWNERSHIP.load(deps.storage)?;
    let from = ownership.accept(&info.sender, env.block.time)?;
    OWNERSHIP.save(deps.storage, &ownership)?;
    Ok(respond(DisputesEvent::OwnerChanged { from, to: info.sender }))
}
