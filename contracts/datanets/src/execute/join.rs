//! Becoming a member.

use cosmwasm_std::{Addr, DepsMut, Env, Response};
use openledger_contract_kit::event::respond;

use super::identity;
use crate::{
    events::Event,
    msg::{Membership, Standing},
    state::{self, Member, MEMBERS},
    ContractError,
};

pub fn join(deps: DepsMut, env: &Env, sender: Addr, datanet_id: u64) -> Result<Response, ContractError> {
    let datanet = state::living(deps.storage, datanet_id)?;
    let invited = match MEMBERS.may_load(deps.storage, (datanet_id, &sender))? {
        None => false,
        Some(member) if member.standing == Standing::Invited => true,
        Some(_) => return Err(ContractError::AlreadyJoined { account: sender, datanet_id }),
    };
    let standing = match datanet.membership {
        _ if invited => Standing::Member,
        Membership::Open => Standing::Member,
        Membership::Approval => Standing::Applied,
        Membership::Invitation => return Err(ContractError::NotInvited { account: sender, datanet_id }),
    };
    MEMBERS.save(deps.storage, (datanet_id, &sender), &Member { standing, pending: 0 })?;
    let response = match standing {
        Standing::Applied => respond(Event::Applied { datanet_id, applicant: &sender }),
        _ => respond(Event::Joined { datanet_id, member: &sender, approved_by: None }),
    };
    Ok(identity::ensure(deps.storage, env, &sender, response)?.1)
}

pub fn invite(deps: DepsMut, sender: &Addr, datanet_id: u64, member: &str) -> Result<Response, ContractError> {
    state::living(deps.storage, datanet_id)?;
    let account = deps.api.addr_validate(member)?;
    if MEMBERS.has(deps.storage, (datanet_id, &account)) {
        return Err(ContractError::AlreadyJoined { account, datanet_id });
    }
    MEMBERS.save(deps.storage, (datanet_id, &account), &Member { standing: Standing::Invited, pending: 0 })?;
    Ok(respond(Event::Invited { datanet_id, account: &account, by: sender }))
}

pub fn approve(deps: DepsMut, sender: &Addr, datanet_id: u64, member: &str) -> Result<Response, ContractError> {
    state::living(deps.storage, datanet_id)?;
    let account = deps.api.addr_validate(member)?;
    let mut member = match MEMBERS.may_load(deps.storage, (datanet_id, &account))? {
        Some(member) if member.standing == Standing::Applied => member,
        _ => return Err(ContractError::NotApplied { account, datanet_id }),
    };
    member.standing = Standing::Member;
    MEMBERS.save(deps.storage, (datanet_id, &account), &member)?;
    Ok(respond(Event::Joined { datanet_id, member: &account, approved_by: Some(sender) }))
}
