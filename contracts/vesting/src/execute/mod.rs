//! Actions, one file each. Coins and permissions are checked once, here.

pub mod instantiate;
mod receive;
mod recipient;
mod release;
mod revoke;
mod token;

use cosmwasm_std::{Addr, DepsMut, Env, MessageInfo, Response, Storage};
use openledger_contract_kit::{funds::refuse_coins, ownership::Ownership, permission};

use crate::{
    error::ContractError,
    msg::ExecuteMsg,
    permissions::Role,
    state::{grant, Grant},
};

/// Checks coins and permission, then runs the action.
pub fn dispatch(deps: DepsMut, env: Env, info: MessageInfo, msg: ExecuteMsg) -> Result<Response, ContractError> {
    refuse_coins(&info)?;
    // Nobody owns this contract; no row of the table asks for an owner.
    let nobody = Ownership::new(env.contract.address.clone());
    permission::enter(deps.storage, &env, &info.sender, &msg, &nobody, |role| {
        holds(deps.storage, &info.sender, &msg, role)
    })?;
    match msg {
        ExecuteMsg::Receive(received) => receive::run(deps, env, info.sender, received),
        ExecuteMsg::Release { grant_id } => release::run(deps, env, grant_id.u64()),
        ExecuteMsg::ProposeRecipient { grant_id, recipient, expires_at } => {
            recipient::propose(deps, env, grant_id.u64(), recipient, expires_at)
        }
        ExecuteMsg::AcceptRecipient { grant_id } => recipient::accept(deps, env, info.sender, grant_id.u64()),
        ExecuteMsg::Revoke { grant_id } => revoke::run(deps, env, info.sender, grant_id.u64()),
        ExecuteMsg::RenounceRevocation { grant_id } => revoke::renounce(deps, info.sender, grant_id.u64()),
    }
}

fn holds(storage: &dyn Storage, sender: &Addr, msg: &ExecuteMsg, role: Role) -> Result<bool, ContractError> {
    // A token has its role for its own tokens, whoever it is; the action makes it show the balance.
    let Some(grant) = named(storage, msg)? else { return Ok(role == Role::Token) };
    Ok(match role {
        Role::Token => false,
        Role::Recipient => grant.recipient.is_owner(sender),
        // The action says why an account may not accept: nobody was proposed, somebody else was, or it is too late.
        Role::ProposedRecipient => true,
        Role::Revoker => grant.revoker.is_some_and(|revoker| revoker == sender),
    })
}

/// The grant that a message names.
fn named(storage: &dyn Storage, msg: &ExecuteMsg) -> Result<Option<Grant>, ContractError> {
    match msg {
        ExecuteMsg::Receive(_) => Ok(None),
        ExecuteMsg::Release { grant_id }
        | ExecuteMsg::ProposeRecipient { grant_id, .. }
        | ExecuteMsg::AcceptRecipient { grant_id }
        | ExecuteMsg::Revoke { grant_id }
        | ExecuteMsg::RenounceRevocation { grant_id } => grant(storage, grant_id.u64()).map(Some),
    }
}
