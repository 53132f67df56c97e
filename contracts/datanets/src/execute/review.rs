//! Deciding on offered rows. Decisions are final, because versions and payouts build on them.

use cosmwasm_std::{Addr, DepsMut, Empty, Response, Storage};
use openledger_contract_kit::{event::respond, KitError};

use crate::{
    events::Event,
    msg::{Cluster, Contribution, Reason, Status, StatusFilter},
    state::{self, BY_STATUS, CLUSTERS, CONTRIBUTIONS, DATANETS, MEMBERS, PARAMS, ROWS},
    ContractError,
};

pub fn accept(deps: DepsMut, sender: Addr, datanet_id: u64, contribution_id: u64) -> Result<Response, ContractError> {
    let contribution = pending(deps.storage, datanet_id, contribution_id)?;
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
    };
    CLUSTERS.save(deps.storage, (datanet_id, index), &cluster)?;
    let status = Status::Accepted { cluster: index, by: sender.clone() };
    let contribution = decide(deps.storage, contribution, status, StatusFilter::Accepted)?;
    Ok(respond(Event::Accepted { contribution: &contribution, cluster: index, by: &sender }))
}

pub fn reject(
    deps: DepsMut,
    sender: Addr,
    datanet_id: u64,
    contribution_id: u64,
    reason: Reason,
) -> Result<Response, ContractError> {
    let contribution = pending(deps.storage, datanet_id, contribution_id)?;
    // Rows that were turned down may be offered again, for example by the person they were taken from.
    ROWS.remove(deps.storage, (datanet_id, contribution.rows_root.as_ref()));
    let status = Status::Rejected { reason, by: sender.clone() };
    let contribution = decide(deps.storage, contribution, status, StatusFilter::Rejected)?;
    Ok(respond(Event::Rejected { contribution: &contribution, reason, by: &sender }))
}

fn pending(storage: &dyn Storage, datanet_id: u64, contribution_id: u64) -> Result<Contribution, ContractError> {
    let contribution = state::contribution(storage, datanet_id, contribution_id)?;
    match contribution.status {
        Status::Pending {} => Ok(contribution),
        _ => Err(ContractError::Decided { contribution_id }),
    }
}

/// Stores the decision and frees the member's place in the queue.
fn decide(
    storage: &mut dyn Storage,
    mut contribution: Contribution,
    status: Status,
    filter: StatusFilter,
) -> Result<Contribution, ContractError> {
    let (datanet_id, id) = (contribution.datanet_id.u64(), contribution.contribution_id.u64());
    contribution.status = status;
    CONTRIBUTIONS.save(storage, (datanet_id, id), &contribution)?;
    BY_STATUS.remove(storage, (datanet_id, StatusFilter::Pending.key(), id));
    BY_STATUS.save(storage, (datanet_id, filter.key(), id), &Empty {})?;

    let mut member = MEMBERS.load(storage, (datanet_id, &contribution.contributor))?;
    member.pending = member.pending.checked_sub(1).ok_or(KitError::Overflow { what: "pending contributions" })?;
    MEMBERS.save(storage, (datanet_id, &contribution.contributor), &member)?;
    Ok(contribution)
}
