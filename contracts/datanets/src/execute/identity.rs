//! Identities: who is credited, where the income goes, and what happens when the key is lost.

use cosmwasm_std::{Addr, Deps, DepsMut, Env, Response, Storage, Uint64};
use openledger_contract_kit::{
    event::{respond, Event as _},
    ids, KitError,
};

use crate::{
    events::IdentityEvent,
    identities::{self, BY_CONTROLLER, IDENTITIES, MAX_GUARDIANS},
    msg::{Approval, Change, IdentityResponse},
    state::PARAMS,
    ContractError,
};

pub fn create(
    deps: DepsMut,
    env: &Env,
    sender: &Addr,
    payout: Option<String>,
    guardians: Vec<String>,
    threshold: u32,
) -> Result<Response, ContractError> {
    let payout = payout.map(|account| payout_account(deps.as_ref(), env, &account)).transpose()?;
    let guardians = check_guardians(deps.as_ref(), sender, guardians, threshold)?;
    let identity = identities::create(deps.storage, env.block.time, sender, payout, guardians, threshold)?;
    Ok(respond(IdentityEvent::Created(&identity)))
}

/// The identity of an account that acts on a Datanet. Makes one when there is none, and adds its event to the response.
pub fn ensure(
    storage: &mut dyn Storage,
    env: &Env,
    account: &Addr,
    response: Response,
) -> Result<(u64, Response), ContractError> {
    if let Some(id) = BY_CONTROLLER.may_load(storage, account)? {
        return Ok((id, response));
    }
    let identity = identities::create(storage, env.block.time, account, None, vec![], 0)?;
    Ok((identity.identity_id.u64(), response.add_event(IdentityEvent::Created(&identity).to_cosmwasm())))
}

pub fn set_payout(deps: DepsMut, env: &Env, sender: &Addr, account: &str) -> Result<Response, ContractError> {
    let account = payout_account(deps.as_ref(), env, account)?;
    let mut identity = identities::of(deps.storage, sender)?.at(env.block.time);
    let from = later(env, PARAMS.load(deps.storage)?.payout_delay_seconds)?;
    identity.next_payout = Some(Change { account: account.clone(), at: from });
    save(deps.storage, &identity)?;
    Ok(respond(IdentityEvent::PayoutOrdered { identity_id: identity.identity_id, account: &account, from }))
}

pub fn cancel_payout(deps: DepsMut, env: &Env, sender: &Addr) -> Result<Response, ContractError> {
    let mut identity = identities::of(deps.storage, sender)?.at(env.block.time);
    let identity_id = identity.identity_id;
    if identity.next_payout.take().is_none() {
        return Err(ContractError::NoPayoutOrdered { identity_id: identity_id.u64() });
    }
    save(deps.storage, &identity)?;
    Ok(respond(IdentityEvent::PayoutCancelled { identity_id, payout: &identity.payout }))
}

pub fn set_guardians(
    deps: DepsMut,
    sender: &Addr,
    guardians: Vec<String>,
    threshold: u32,
) -> Result<Response, ContractError> {
    let mut identity = identities::of(deps.storage, sender)?;
    identity.guardians = check_guardians(deps.as_ref(), sender, guardians, threshold)?;
    identity.threshold = threshold;
    identity.approvals.clear();
    identity.recovery = None;
    save(deps.storage, &identity)?;
    Ok(respond(IdentityEvent::GuardiansSet(&identity)))
}

pub fn approve(
    deps: DepsMut,
    env: &Env,
    guardian: Addr,
    identity_id: u64,
    controller: &str,
) -> Result<Response, ContractError> {
    let controller = deps.api.addr_validate(controller)?;
    without_identity(deps.storage, &controller)?;
    let mut identity = identities::load(deps.storage, identity_id)?;
    identity.approvals.retain(|approval| approval.guardian != guardian);
    identity.approvals.push(Approval { guardian: guardian.clone(), controller: controller.clone() });
    identity.count_approvals(later(env, PARAMS.load(deps.storage)?.recovery_delay_seconds)?);
    save(deps.storage, &identity)?;
    Ok(respond(IdentityEvent::RecoveryApproved {
        identity_id: identity.identity_id,
        guardian: &guardian,
        controller: &controller,
        recovery: identity.recovery.as_ref(),
    }))
}

pub fn veto(deps: DepsMut, sender: &Addr) -> Result<Response, ContractError> {
    let mut identity = identities::of(deps.storage, sender)?;
    let identity_id = identity.identity_id;
    if identity.approvals.is_empty() {
        return Err(ContractError::NoRecovery { identity_id: identity_id.u64() });
    }
    identity.approvals.clear();
    identity.recovery = None;
    save(deps.storage, &identity)?;
    Ok(respond(IdentityEvent::RecoveryVetoed { identity_id, controller: sender }))
}

pub fn finish(deps: DepsMut, env: &Env, identity_id: u64) -> Result<Response, ContractError> {
    let mut identity = identities::load(deps.storage, identity_id)?.at(env.block.time);
    let Some(recovery) = identity.recovery.take() else {
        return Err(ContractError::NoRecovery { identity_id });
    };
    let (now, ready_at) = (env.block.time.seconds(), recovery.at.u64());
    if now < ready_at {
        return Err(ContractError::RecoveryEarly { now, ready_at });
    }
    // The account may have got an identity since the guardians agreed on it.
    without_identity(deps.storage, &recovery.account)?;
    let from = identity.controller.clone();
    identity.hand_over(recovery.account);
    BY_CONTROLLER.remove(deps.storage, &from);
    BY_CONTROLLER.save(deps.storage, &identity.controller, &identity_id)?;
    save(deps.storage, &identity)?;
    Ok(respond(IdentityEvent::Recovered { from: &from, identity: &identity }))
}

fn save(storage: &mut dyn Storage, identity: &IdentityResponse) -> Result<(), ContractError> {
    Ok(IDENTITIES.save(storage, identity.identity_id.u64(), identity)?)
}

fn later(env: &Env, delay: Uint64) -> Result<Uint64, ContractError> {
    super::now(env).checked_add(delay).map_err(|_| KitError::Overflow { what: "time" }.into())
}

fn without_identity(storage: &dyn Storage, account: &Addr) -> Result<(), ContractError> {
    match BY_CONTROLLER.may_load(storage, account)? {
        Some(identity_id) => Err(ContractError::IdentityKnown { account: account.clone(), identity_id }),
        None => Ok(()),
    }
}

/// Income that comes back to this contract would be nobody's.
fn payout_account(deps: Deps, env: &Env, account: &str) -> Result<Addr, ContractError> {
    let account = deps.api.addr_validate(account)?;
    if account == env.contract.address {
        return Err(ContractError::ToItself);
    }
    Ok(account)
}

fn check_guardians(
    deps: Deps,
    controller: &Addr,
    guardians: Vec<String>,
    threshold: u32,
) -> Result<Vec<Addr>, ContractError> {
    ids::bound("guardians", guardians.len(), MAX_GUARDIANS)?;
    let mut checked: Vec<Addr> = Vec::with_capacity(guardians.len());
    for guardian in guardians {
        let guardian = deps.api.addr_validate(&guardian)?;
        if guardian == controller || checked.contains(&guardian) {
            return Err(ContractError::Guardian { guardian });
        }
        checked.push(guardian);
    }
    let count = u32::try_from(checked.len()).unwrap_or(u32::MAX);
    if threshold > count || (threshold == 0) != (count == 0) {
        return Err(ContractError::Threshold { threshold, guardians: count });
    }
    Ok(checked)
}
