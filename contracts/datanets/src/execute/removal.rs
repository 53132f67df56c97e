//! Clusters that are out of later versions. Their index stays theirs, with no rows, so that no other index changes; versions
//! that were published before keep them.

use cosmwasm_std::{Addr, DepsMut, Empty, Env, Response, Storage};
use openledger_contract_kit::{event::respond, Bps, Digest};
use shares::client::Client;

use crate::{
    events::SharesEvent,
    msg::{Contribution, Removal, Status, StatusFilter},
    power,
    state::{self, BY_STATUS, CLUSTERS, CONTRIBUTIONS},
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
    let contribution = state::contribution(deps.storage, datanet_id, contribution_id)?;
    let cluster = remove(deps.storage, env, contribution, Removal::Poison)?;
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
    power::lose(storage, env, &contribution)?;
    contribution.status = Status::Removed { cluster, cause };
    CONTRIBUTIONS.save(storage, (datanet_id, id), &contribution)?;
    BY_STATUS.remove(storage, (datanet_id, StatusFilter::Accepted.key(), id));
    BY_STATUS.save(storage, (datanet_id, StatusFilter::Removed.key(), id), &Empty {})?;
    Ok(cluster)
}
