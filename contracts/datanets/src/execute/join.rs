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
    if MEMBERS.has(deps.storage, (datanet_id, &sender)) {
        return Err(ContractError::AlreadyJoined { account: sender, datanet_id });
    }
    let standing = match datanet.membership {
        Membership::Open => Standing::Member,
        Membership::Approval => Standing::Applied,
    };
    MEMBERS.save(deps.storage, (datanet_id, &sender), &Member { standing, pending: 0 })?;
    let response = match datanet.membership {
        Membership::Open => respond(Event::Joined { datanet_id, member: &sender, approved_by: None }),
        Membership::Approval => respond(Event::Applied { datanet_id, applicant: &sender }),
    };
    Ok(identity::ensure(deps.storage, env, &sender, response)?.1)
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
