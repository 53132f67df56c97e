//! Fixing the accepted clusters as a version.

use cosmwasm_std::{Addr, DepsMut, Env, Response, Storage, Uint64};
use openledger_contract_kit::{event::respond, Digest, KitError};

use crate::{
    cluster,
    events::Event,
    msg::{Cluster, Version},
    state::{self, CONTRIBUTIONS, DATANETS, VERSIONS, VERSION_CLUSTERS},
    ContractError,
};

pub fn publish(
    deps: DepsMut,
    env: &Env,
    sender: Addr,
    datanet_id: u64,
    given: Digest,
) -> Result<Response, ContractError> {
    let mut datanet = state::datanet(deps.storage, datanet_id)?;
    let latest = datanet.latest_version;
    let clusters = state::accepted(deps.storage, datanet_id)?;
    let cluster_root = cluster::cluster_root(datanet_id, &clusters);
    let before = VERSIONS.may_load(deps.storage, (datanet_id, latest))?;
    if clusters.is_empty() || before.is_some_and(|version| version.cluster_root == cluster_root) {
        return Err(ContractError::NothingNew { latest });
    }
    let computed = cluster::content_root(&clusters);
    if given != computed {
        return Err(ContractError::ContentRoot { given, computed, clusters: datanet.clusters });
    }

    let number = latest.checked_add(1).ok_or(KitError::Overflow { what: "version" })?;
    let version = Version {
        datanet_id: Uint64::new(datanet_id),
        version: number,
        content_root: computed,
        cluster_root,
        cluster_table_root: cluster::table_root(datanet_id, &clusters),
        clusters: datanet.clusters,
        rows: count_rows(deps.storage, datanet_id, &clusters)?,
        published_by: sender,
        published_at: super::now(env),
    };
    VERSIONS.save(deps.storage, (datanet_id, number), &version)?;
    VERSION_CLUSTERS.save(deps.storage, (datanet_id, number), &clusters)?;
    datanet.latest_version = number;
    DATANETS.save(deps.storage, datanet_id, &datanet)?;
    Ok(respond(Event::VersionPublished(&version)))
}

fn count_rows(storage: &dyn Storage, datanet_id: u64, clusters: &[Cluster]) -> Result<Uint64, ContractError> {
    let mut rows = 0u64;
    for cluster in clusters.iter().filter(|cluster| !cluster.removed) {
        let contribution = CONTRIBUTIONS.load(storage, (datanet_id, cluster.contribution_id.u64()))?;
        rows = rows.checked_add(u64::from(contribution.rows)).ok_or(KitError::Overflow { what: "rows" })?;
    }
    Ok(Uint64::new(rows))
}
