//! Handing a grant over, in two steps, so that a mistyped address loses nothing.

use cosmwasm_std::{Addr, DepsMut, Empty, Env, Response, Uint64};
use openledger_contract_kit::event::respond;

use crate::{
    error::ContractError,
    events::VestingEvent,
    state::{grant, BY_RECIPIENT, GRANTS},
};

/// Names who may take over. The grant stays with its recipient until that account accepts.
pub fn propose(
    deps: DepsMut,
    env: Env,
    grant_id: u64,
    recipient: String,
    expires_at: Uint64,
) -> Result<Response, ContractError> {
    let mut grant = grant(deps.storage, grant_id)?;
    if grant.outstanding()?.is_zero() {
        return Err(ContractError::Over { grant_id });
    }
    let account = deps.api.addr_validate(&recipient)?;
    if grant.revoker.as_ref() == Some(&account) {
        return Err(ContractError::RecipientIsRevoker { account });
    }
    grant.recipient.propose(account.clone(), expires_at, env.block.time)?;
    GRANTS.save(deps.storage, grant_id, &grant)?;
    Ok(respond(VestingEvent::RecipientProposed { grant_id, recipient: account, expires_at: expires_at.u64() }))
}

/// Takes the grant over, with everything that has not been paid. The revoker keeps its right.
pub fn accept(deps: DepsMut, env: Env, sender: Addr, grant_id: u64) -> Result<Response, ContractError> {
    let mut grant = grant(deps.storage, grant_id)?;
    let from = grant.recipient.accept(&sender, env.block.time)?;
    GRANTS.save(deps.storage, grant_id, &grant)?;
    BY_RECIPIENT.remove(deps.storage, (&from, grant_id));
    BY_RECIPIENT.save(deps.storage, (&sender, grant_id), &Empty {})?;
    Ok(respond(VestingEvent::RecipientAccepted { grant_id, from, recipient: sender }))
}
