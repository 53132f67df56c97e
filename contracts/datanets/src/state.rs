//! What is stored.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Addr, Empty, Storage, Uint128};
use cw_storage_plus::{Item, Map};
use openledger_contract_kit::ownership::Ownership;

use crate::{
    msg::{
        Cluster, Commitment, Contribution, DatanetResponse, Erasure, IncomeResponse, Params, Standing, StatusFilter,
        Version,
    },
    ContractError,
};

/// Owner of the contract.
pub const OWNERSHIP: Item<Ownership> = Item::new("ownership");
/// Bounds and windows.
pub const PARAMS: Item<Params> = Item::new("params");
/// OPEN; fixed at instantiation.
pub const TOKEN: Item<Addr> = Item::new("open_token");
/// Code of the shares contract; absent when Datanets issue none.
pub const SHARES_CODE: Item<u64> = Item::new("shares_code");
/// The settlement contract; absent until it is set, then fixed.
pub const SETTLEMENT: Item<Addr> = Item::new("settlement");
/// Sums of the money held, kept with every change so that nothing has to be counted.
pub const LEDGER: Item<Ledger> = Item::new("ledger");
/// The Datanet whose shares are being created, and what a row brings; only between the message and its reply.
pub const ISSUING: Item<(u64, Uint128)> = Item::new("issuing");
/// Erasures by Datanet and contribution.
pub const ERASURES: Map<(u64, u64), Erasure> = Map::new("erasures");
/// Income by Datanet.
pub const INCOME: Map<u64, IncomeResponse> = Map::new("income");
/// Last precedence given out, to a commitment or a contribution.
pub const PRECEDENCE: Item<u64> = Item::new("precedence");
/// Commitments by Datanet and member, by precedence; at most `max_pending` of them.
pub const COMMITMENTS: Map<(u64, &Addr), Vec<Commitment>> = Map::new("commitments");
/// Last Datanet id given out.
pub const DATANET_COUNT: Item<u64> = Item::new("datanet_count");
/// Datanets by id.
pub const DATANETS: Map<u64, DatanetResponse> = Map::new("datanets");
/// Members and applicants by Datanet and address.
pub const MEMBERS: Map<(u64, &Addr), Member> = Map::new("members");
/// Contributions by Datanet and id.
pub const CONTRIBUTIONS: Map<(u64, u64), Contribution> = Map::new("contributions");
/// Index of contributions by Datanet, status and id.
pub const BY_STATUS: Map<(u64, u8, u64), Empty> = Map::new("contributions_by_status");
/// Pending, accepted and poisonous contributions by Datanet and rows root.
pub const ROWS: Map<(u64, &[u8]), u64> = Map::new("rows");
/// Accepted contributions by Datanet and cluster index, as the next version will have them. Indices are only ever appended.
pub const CLUSTERS: Map<(u64, u32), Cluster> = Map::new("clusters");
/// Published versions by Datanet and number.
pub const VERSIONS: Map<(u64, u32), Version> = Map::new("versions");
/// The clusters of each published version, one item per version.
pub const VERSION_CLUSTERS: Map<(u64, u32), Vec<Cluster>> = Map::new("version_clusters");

/// Money that this contract holds for others, in `uopen`.
#[cw_serde]
#[derive(Default)]
pub struct Ledger {
    /// Deposits of undecided contributions.
    pub deposits: Uint128,
    /// Bonds of Datanets.
    pub bonds: Uint128,
    /// Bonds of reviewers.
    pub reviewers: Uint128,
    /// Deposits of open appeals.
    pub appeals: Uint128,
}

/// Standing of an account in a Datanet. `Standing::None` is never stored.
#[cw_serde]
pub struct Member {
    /// Applied or member.
    pub standing: Standing,
    /// Undecided contributions.
    pub pending: u32,
}

impl StatusFilter {
    /// Key in [`BY_STATUS`].
    pub fn key(self) -> u8 {
        match self {
            Self::Pending => 0,
            Self::Accepted => 1,
            Self::Rejected => 2,
            Self::Withdrawn => 3,
            Self::Removed => 4,
        }
    }
}

/// The Datanet with this id.
pub fn datanet(storage: &dyn Storage, datanet_id: u64) -> Result<DatanetResponse, ContractError> {
    DATANETS.may_load(storage, datanet_id)?.ok_or(ContractError::UnknownDatanet { datanet_id })
}

/// The Datanet with this id, if it still takes people and rows in.
pub fn living(storage: &dyn Storage, datanet_id: u64) -> Result<DatanetResponse, ContractError> {
    let datanet = datanet(storage, datanet_id)?;
    if datanet.retired {
        return Err(ContractError::Retired { datanet_id });
    }
    Ok(datanet)
}

/// The contribution with this id.
pub fn contribution(
    storage: &dyn Storage,
    datanet_id: u64,
    contribution_id: u64,
) -> Result<Contribution, ContractError> {
    datanet(storage, datanet_id)?;
    CONTRIBUTIONS
        .may_load(storage, (datanet_id, contribution_id))?
        .ok_or(ContractError::UnknownContribution { datanet_id, contribution_id })
}

/// Lets rows be offered again, unless another contribution has them: one that was proven to be poison since.
pub fn free_rows(storage: &mut dyn Storage, contribution: &Contribution) -> Result<(), ContractError> {
    let key = (contribution.datanet_id.u64(), contribution.rows_root.as_ref());
    if ROWS.may_load(storage, key)? == Some(contribution.contribution_id.u64()) {
        ROWS.remove(storage, key);
    }
    Ok(())
}

/// All clusters accepted so far, by index. Bounded by [`crate::params::MAX_CLUSTERS`].
pub fn accepted(storage: &dyn Storage, datanet_id: u64) -> Result<Vec<Cluster>, ContractError> {
    let range = CLUSTERS.prefix(datanet_id).range(storage, None, None, cosmwasm_std::Order::Ascending);
    range.map(|entry| Ok(entry?.1)).collect()
}
