//! Clusters that are out of later versions. Their index stays theirs, with no rows, so that no other index changes; versions
//! that were published before keep them.

use cosmwasm_std::{Addr, DepsMut, Empty, Env, Response, Storage, Uint64};
use openledger_contract_kit::{event::respond, Bps, Digest, KitError};
use shares::client::Client;

use super::now;
use crate::{
    events::{ErasureEvent, SharesEvent},
    msg::{Contribution, Erasure, Removal, Status, StatusFilter},
    power,
    state::{self, BY_STATUS, CLUSTERS, CONTRIBUTIONS, ERASURES, PARAMS, ROWS, VERSIONS},
    ContractError,
};

/// What was proven.
pub struct Poison {
    pub datanet_id: u64,
    pub contribution_id: u64,
    pub evidence: Digest,
    pub fraction: Bps,
    pub recipient: Option<String>,
}

/// Takes a proven poison out and slashes those who back the Datanet. Its rows stay known, so that they are not offered again.
pub fn poison(deps: DepsMut, env: &Env, proven: Poison) -> Result<Response, ContractError> {
    let Poison { datanet_id, contribution_id, evidence, fraction, recipient } = proven;
    if evidence.is_zero() {
        return Err(ContractError::ZeroDigest { field: "evidence" });
    }
    let recipient: Option<Addr> = recipient.map(|account| deps.api.addr_validate(&account)).transpose()?;
    if recipient.as_ref() == Some(&env.contract.address) {
        return Err(ContractError::ToItself);
    }
    let mut contribution = state::contribution(deps.storage, datanet_id, contribution_id)?;
    let cluster = match contribution.status {
        // Who takes its poison back does not spare those who back the Datanet.
        Status::Removed { cluster, cause: Removal::Withdrawal } => {
            contribution.status = Status::Removed { cluster, cause: Removal::Poison };
            CONTRIBUTIONS.save(deps.storage, (datanet_id, contribution_id), &contribution)?;
            ROWS.save(deps.storage, (datanet_id, contribution.rows_root.as_ref()), &contribution_id)?;
            cluster
        }
        _ => remove(deps.storage, env, contribution, Removal::Poison)?,
    };
    let recipient = recipient.as_ref();
    let event = SharesEvent::PoisonProven { datanet_id, contribution_id, cluster, evidence, fraction, recipient };
    let response = respond(event);
    Ok(match state::datanet(deps.storage, datanet_id)?.shares {
        Some(shares) if fraction != Bps::ZERO => {
            response.add_message(Client::new(&shares.address).slash_backing(fraction, recipient)?)
        }
        _ => response,
    })
}

/// Takes an accepted contribution back: it is out of later versions now, and has to be erased until its sunset.
pub fn withdraw(deps: DepsMut, env: &Env, contribution: Contribution) -> Result<Response, ContractError> {
    let (datanet_id, contribution_id) = (contribution.datanet_id.u64(), contribution.contribution_id.u64());
    state::free_rows(deps.storage, &contribution)?;
    let cluster = remove(deps.storage, env, contribution, Removal::Withdrawal)?;
    let delay = PARAMS.load(deps.storage)?.sunset_seconds;
    let erasure = Erasure {
        contribution_id: Uint64::new(contribution_id),
        cluster,
        last_version: last_version_with(deps.storage, datanet_id, cluster)?,
        requested_at: now(env),
        sunset_at: now(env).checked_add(delay).map_err(|_| KitError::Overflow { what: "time" })?,
        confirmed_by: None,
        evidence: None,
    };
    ERASURES.save(deps.storage, (datanet_id, contribution_id), &erasure)?;
    Ok(respond(ErasureEvent::Requested { datanet_id, erasure: &erasure }))
}

/// The latest version, unless the cluster was accepted after it.
fn last_version_with(storage: &dyn Storage, datanet_id: u64, cluster: u32) -> Result<u32, ContractError> {
    let latest = state::datanet(storage, datanet_id)?.latest_version;
    let published = VERSIONS.may_load(storage, (datanet_id, latest))?;
    Ok(if published.is_some_and(|version| cluster < version.clusters) { latest } else { 0 })
}

pub fn confirm(
    deps: DepsMut,
    by: Addr,
    datanet_id: u64,
    contribution_id: u64,
    evidence: Digest,
) -> Result<Response, ContractError> {
    if evidence.is_zero() {
        return Err(ContractError::ZeroDigest { field: "evidence" });
    }
    let key = (datanet_id, contribution_id);
    let mut erasure = ERASURES.may_load(deps.storage, key)?.ok_or(ContractError::NothingToErase { contribution_id })?;
    if erasure.confirmed_by.is_some() {
        return Err(ContractError::Erased { contribution_id });
    }
    erasure.confirmed_by = Some(by);
    erasure.evidence = Some(evidence);
    ERASURES.save(deps.storage, key, &erasure)?;
    Ok(respond(ErasureEvent::Confirmed { datanet_id, erasure: &erasure }))
}

/// Takes an accepted contribution out of the clusters of later versions. Returns its index.
fn remove(
    storage: &mut dyn Storage,
    env: &Env,
    mut contribution: Contribution,
    cause: Removal,
) -> Result<u32, ContractError> {
    let (datanet_id, id) = (contribution.datanet_id.u64(), contribution.contribution_id.u64());
    let Status::Accepted { cluster, .. } = contribution.status else {
        return Err(ContractError::NotAccepted { contribution_id: id });
    };
    let mut row = CLUSTERS.load(storage, (datanet_id, cluster))?;
    row.rows_root = Digest::new([0; 32]);
    row.removed = true;
    CLUSTERS.save(storage, (datanet_id, cluster), &row)?;
    // The rows of a merged cluster count for nobody since then.
    if row.merged_into.is_none() {
        power::lose(storage, env, &contribution)?;
    }
    contribution.status = Status::Removed { cluster, cause };
    CONTRIBUTIONS.save(storage, (datanet_id, id), &contribution)?;
    BY_STATUS.remove(storage, (datanet_id, StatusFilter::Accepted.key(), id));
    BY_STATUS.save(storage, (datanet_id, StatusFilter::Removed.key(), id), &Empty {})?;
    Ok(cluster)
}
