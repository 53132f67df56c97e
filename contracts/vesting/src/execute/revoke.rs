//! Stopping a grant, or promising never to.

use cosmwasm_std::{Addr, DepsMut, Env, Response, Uint64};
use openledger_contract_kit::event::{respond, Event};

use super::{release, token};
use crate::{
    error::ContractError,
    events::VestingEvent,
    state::{grant, settle, Revocation, GRANTS},
};

/// Pays the recipient what has vested and returns the rest to the revoker. The grant is over then.
pub fn run(deps: DepsMut, env: Env, revoker: Addr, grant_id: u64) -> Result<Response, ContractError> {
    let mut grant = grant(deps.storage, grant_id)?;
    let now = env.block.time.seconds();
    let returned = grant.amount.checked_sub(grant.vested(now)?)?;
    if returned.is_zero() {
        return Err(ContractError::FullyVested { grant_id });
    }
    let due = grant.releasable(now)?;
    let response = match due.is_zero() {
        true => Response::new(),
        false => release::pay(deps.storage, grant_id, &mut grant, due)?,
    };
    settle(deps.storage, &grant.token, returned)?;
    grant.revoker = None;
    grant.recipient.proposed = None;
    grant.revocation = Some(Revocation { at: Uint64::new(now), returned });
    GRANTS.save(deps.storage, grant_id, &grant)?;
    let back = token::pay(&grant.token, &revoker, returned)?;
    let event = VestingEvent::Revoked { grant_id, token: grant.token, revoker, returned };
    Ok(response.add_event(event.to_cosmwasm()).add_message(back))
}

/// Makes the grant irrevocable.
pub fn renounce(deps: DepsMut, revoker: Addr, grant_id: u64) -> Result<Response, ContractError> {
    let mut grant = grant(deps.storage, grant_id)?;
    grant.revoker = None;
    GRANTS.save(deps.storage, grant_id, &grant)?;
    Ok(respond(VestingEvent::RevocationRenounced { grant_id, revoker }))
}
