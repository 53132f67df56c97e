//! Deciding on offered rows. Decisions are final, because versions and payouts build on them.

use cosmwasm_std::{Addr, DepsMut, Empty, Env, Response, Storage};
use openledger_contract_kit::{event::respond, KitError};

use super::{
    money::{self, DepositTo},
    removal, shares, votes,
};
use crate::{
    events::Event,
    msg::{Cluster, Contribution, Reason, Status, StatusFilter},
    power,
    state::{self, BY_STATUS, CLUSTERS, CONTRIBUTIONS, DATANETS, MEMBERS, PARAMS},
    ContractError,
};

pub fn accept(
    deps: DepsMut,
    env: &Env,
    sender: Addr,
    datanet_id: u64,
    contribution_id: u64,
) -> Result<Response, ContractError> {
    let contribution = pending(deps.storage, datanet_id, contribution_id)?;
    curated(deps.storage, datanet_id)?;
    take_in(deps, env, sender, contribution)
}

/// Takes a pending contribution in, as the next cluster.
pub fn take_in(deps: DepsMut, env: &Env, sender: Addr, contribution: Contribution) -> Result<Response, ContractError> {
    let datanet_id = contribution.datanet_id.u64();
    let mut datanet = state::datanet(deps.storage, datanet_id)?;
    let index = datanet.clusters;
    let max = PARAMS.load(deps.storage)?.max_clusters;
    if index >= max {
        return Err(ContractError::DatanetFull { found: index, max });
    }
    datanet.clusters = index.checked_add(1).ok_or(KitError::Overflow { what: "clusters" })?;
    DATANETS.save(deps.storage, datanet_id, &datanet)?;

    let cluster = Cluster {
        cluster: index,
        contribution_id: contribution.contribution_id,
        contributor: contribution.contributor.clone(),
        identity_id: contribution.identity_id,
        rows_root: contribution.rows_root,
        removed: false,
        merged_into: None,
    };
    CLUSTERS.save(deps.storage, (datanet_id, index), &cluster)?;
    power::gain(deps.storage, env, &contribution)?;
    let status = Status::Accepted { cluster: index, by: sender.clone() };
    let event = Event::Accepted { contribution: &contribution, cluster: index, by: &sender };
    let response = shares::mint(deps.as_ref(), env, &datanet, &contribution, respond(event))?;
    decide(deps.storage, env, contribution, status, StatusFilter::Accepted, DepositTo::Contributor, response)
}

pub fn reject(
    deps: DepsMut,
    env: &Env,
    sender: Addr,
    datanet_id: u64,
    contribution_id: u64,
    reason: Reason,
) -> Result<Response, ContractError> {
    let contribution = pending(deps.storage, datanet_id, contribution_id)?;
    curated(deps.storage, datanet_id)?;
    turn_down(deps.storage, env, contribution, reason, &sender)
}

/// Refuses where drawn reviewers decide.
pub fn curated(storage: &dyn Storage, datanet_id: u64) -> Result<(), ContractError> {
    match state::datanet(storage, datanet_id)?.review {
        Some(_) => Err(ContractError::Reviewed { datanet_id }),
        None => Ok(()),
    }
}

/// Turns a pending contribution down. Its rows may be offered again, for example by the person they were taken from.
pub fn turn_down(
    storage: &mut dyn Storage,
    env: &Env,
    contribution: Contribution,
    reason: Reason,
    by: &Addr,
) -> Result<Response, ContractError> {
    state::free_rows(storage, &contribution)?;
    let response = respond(Event::Rejected { contribution: &contribution, reason, by });
    let status = Status::Rejected { reason, by: by.clone() };
    let deposit_to = match reason {
        Reason::Spam if *by == env.contract.address => DepositTo::Burned,
        Reason::Spam => DepositTo::Reviewer(by),
        _ => DepositTo::Contributor,
    };
    decide(storage, env, contribution, status, StatusFilter::Rejected, deposit_to, response)
}

pub fn withdraw(deps: DepsMut, env: &Env, datanet_id: u64, contribution_id: u64) -> Result<Response, ContractError> {
    let contribution = state::contribution(deps.storage, datanet_id, contribution_id)?;
    if matches!(contribution.status, Status::Accepted { .. }) {
        return removal::withdraw(deps, env, contribution);
    }
    let contribution = pending(deps.storage, datanet_id, contribution_id)?;
    votes::refuse_if_voted(deps.storage, (datanet_id, contribution_id))?;
    state::free_rows(deps.storage, &contribution)?;
    let response = respond(Event::Withdrawn(&contribution));
    decide(
        deps.storage,
        env,
        contribution,
        Status::Withdrawn {},
        StatusFilter::Withdrawn,
        DepositTo::Contributor,
        response,
    )
}

fn pending(storage: &dyn Storage, datanet_id: u64, contribution_id: u64) -> Result<Contribution, ContractError> {
    let contribution = state::contribution(storage, datanet_id, contribution_id)?;
    match contribution.status {
        Status::Pending {} => Ok(contribution),
        _ => Err(ContractError::Decided { contribution_id }),
    }
}

/// Stores the decision, frees the member's place in the queue and releases the deposit.
fn decide(
    storage: &mut dyn Storage,
    env: &Env,
    mut contribution: Contribution,
    status: Status,
    filter: StatusFilter,
    deposit_to: DepositTo<'_>,
    response: Response,
) -> Result<Response, ContractError> {
    let (datanet_id, id) = (contribution.datanet_id.u64(), contribution.contribution_id.u64());
    contribution.status = status;
    let response = votes::drop_review(storage, (datanet_id, id), response)?;
    let response = money::release_deposit(storage, env, &mut contribution, deposit_to, response)?;
    CONTRIBUTIONS.save(storage, (datanet_id, id), &contribution)?;
    BY_STATUS.remove(storage, (datanet_id, StatusFilter::Pending.key(), id));
    BY_STATUS.save(storage, (datanet_id, filter.key(), id), &Empty {})?;

    let mut member = MEMBERS.load(storage, (datanet_id, &contribution.contributor))?;
    member.pending = member.pending.checked_sub(1).ok_or(KitError::Overflow { what: "pending contributions" })?;
    MEMBERS.save(storage, (datanet_id, &contribution.contributor), &member)?;
    Ok(response)
}
