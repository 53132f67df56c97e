//! Paying what has vested.

use cosmwasm_std::{DepsMut, Env, Response, Storage, Uint128};
use openledger_contract_kit::event::Event;

use super::token;
use crate::{
    error::ContractError,
    events::VestingEvent,
    state::{grant, settle, Grant, GRANTS},
};

/// Pays the recipient all that has vested and was not paid.
pub fn run(deps: DepsMut, env: Env, grant_id: u64) -> Result<Response, ContractError> {
    let mut grant = grant(deps.storage, grant_id)?;
    let now = env.block.time.seconds();
    let amount = grant.releasable(now)?;
    if amount.is_zero() {
        let from = if grant.outstanding()?.is_zero() {
            None
        } else {
            Some(grant.schedule.cliff_at().max(now.saturating_add(1)))
        };
        return Err(ContractError::NothingToRelease { grant_id, from });
    }
    let response = pay(deps.storage, grant_id, &mut grant, amount)?;
    GRANTS.save(deps.storage, grant_id, &grant)?;
    Ok(response)
}

/// Books a payment to the recipient and makes it. The caller saves the grant.
pub fn pay(
    storage: &mut dyn Storage,
    grant_id: u64,
    grant: &mut Grant,
    amount: Uint128,
) -> Result<Response, ContractError> {
    grant.released = grant.released.checked_add(amount)?;
    settle(storage, &grant.token, amount)?;
    let (token, recipient) = (grant.token.clone(), grant.recipient.owner.clone());
    let payment = token::pay(&token, &recipient, amount)?;
    let event = VestingEvent::Released { grant_id, token, recipient, amount };
    Ok(Response::new().add_event(event.to_cosmwasm()).add_message(payment))
}
