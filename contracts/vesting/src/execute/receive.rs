//! Tokens that a cw20 has just moved here.

use cosmwasm_std::{from_json, Addr, DepsMut, Empty, Env, Response};
use cw20::Cw20ReceiveMsg;
use openledger_contract_kit::{event::respond, ids, ownership::Ownership};

use crate::{
    error::ContractError,
    events::VestingEvent,
    msg::ReceiveMsg,
    query::held,
    schedule::Schedule,
    state::{owed, Grant, BY_RECIPIENT, GRANTS, LAST_GRANT, OWED},
};

/// Makes a grant in the tokens of `token`. It must show a balance that covers everything owed in it, this grant included, so
/// neither a token that takes fees nor a plain account can promise what is not there.
pub fn run(deps: DepsMut, env: Env, token: Addr, received: Cw20ReceiveMsg) -> Result<Response, ContractError> {
    let amount = received.amount;
    let owed = owed(deps.storage, &token)?.checked_add(amount)?;
    let held = held(&deps.querier, &env, &token)?;
    if held < owed {
        return Err(ContractError::NotCovered { token, held, owed });
    }
    if amount.is_zero() {
        return Err(ContractError::ZeroAmount);
    }
    let ReceiveMsg::Grant { recipient, starts_at, cliff_seconds, duration_seconds, revoker } =
        from_json(&received.msg)?;
    let schedule = Schedule { starts_at, cliff_seconds, duration_seconds };
    schedule.validate(env.block.time.seconds())?;
    let grantor = deps.api.addr_validate(&received.sender)?;
    let recipient = deps.api.addr_validate(&recipient)?;
    let revoker = revoker.map(|account| deps.api.addr_validate(&account)).transpose()?;
    for (role, account) in [("recipient", Some(&recipient)), ("revoker", revoker.as_ref())] {
        if let Some(account) = account.filter(|account| **account == token || **account == env.contract.address) {
            return Err(ContractError::WouldBeLost { account: account.clone(), role });
        }
    }
    if revoker.as_ref() == Some(&recipient) {
        return Err(ContractError::RecipientIsRevoker { account: recipient });
    }

    OWED.save(deps.storage, &token, &owed)?;
    let grant_id = ids::next(deps.storage, &LAST_GRANT)?;
    BY_RECIPIENT.save(deps.storage, (&recipient, grant_id), &Empty {})?;
    let grant = Grant {
        token: token.clone(),
        grantor: grantor.clone(),
        recipient: Ownership::new(recipient.clone()),
        revoker: revoker.clone(),
        amount,
        released: Default::default(),
        schedule,
        revocation: None,
    };
    GRANTS.save(deps.storage, grant_id, &grant)?;
    Ok(respond(VestingEvent::Granted { grant_id, token, grantor, recipient, amount, schedule, revoker }))
}
