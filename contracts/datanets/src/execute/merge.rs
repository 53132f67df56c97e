//! Near-duplicates that were taken in before anybody saw that they are.

use cosmwasm_std::{DepsMut, Env, Response, Uint64};
use openledger_contract_kit::event::respond;

use super::review::curated;
use crate::{
    events::Event,
    msg::{Cluster, Contribution},
    power,
    state::{self, CLUSTERS, VERSIONS},
    ContractError,
};

/// Credits both clusters to the contributor who was first. Only before they are published, because versions never change, and
/// not where drawn reviewers decide, because there the owner could take credits away.
pub fn merge(deps: DepsMut, env: &Env, datanet_id: u64, first: u32, second: u32) -> Result<Response, ContractError> {
    curated(deps.storage, datanet_id)?;
    let latest = state::datanet(deps.storage, datanet_id)?.latest_version;
    let published = VERSIONS.may_load(deps.storage, (datanet_id, latest))?.map_or(0, |version| version.clusters);
    let load = |index: u32| -> Result<(Cluster, Contribution), ContractError> {
        let cluster = CLUSTERS.may_load(deps.storage, (datanet_id, index))?;
        match cluster.filter(|cluster| index >= published && !cluster.removed && cluster.merged_into.is_none()) {
            Some(cluster) => {
                let contribution = state::contribution(deps.storage, datanet_id, cluster.contribution_id.u64())?;
                Ok((cluster, contribution))
            }
            None => Err(ContractError::CannotMerge { cluster: index }),
        }
    };
    let (one, other) = (load(first)?, load(second)?);
    if first == second {
        return Err(ContractError::CannotMerge { cluster: second });
    }
    let ((keep, _), (merged, contribution)) =
        if one.1.precedence < other.1.precedence { (one, other) } else { (other, one) };
    // What was merged into it before goes along. At most 256 clusters.
    for mut cluster in state::accepted(deps.storage, datanet_id)? {
        if cluster.cluster == merged.cluster || cluster.merged_into == Some(merged.cluster) {
            cluster.contributor = keep.contributor.clone();
            cluster.identity_id = keep.identity_id;
            cluster.merged_into = Some(keep.cluster);
            CLUSTERS.save(deps.storage, (datanet_id, cluster.cluster), &cluster)?;
        }
    }
    power::lose(deps.storage, env, &contribution)?;
    let datanet_id = Uint64::new(datanet_id);
    Ok(respond(Event::ClustersMerged { datanet_id, cluster: merged.cluster, into: keep.cluster }))
}
