//! What queries answer. Part of [`crate::msg`], which re-exports it.

mod erasure;
mod identity;
mod money;
mod review;
mod shares;

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Addr, Uint128, Uint64};
use openledger_contract_kit::{ownership::Ownership, Digest};

pub use self::{erasure::*, identity::*, money::*, review::*, shares::*};
use crate::msg::{Description, Licence, MediaType, Membership, Name, Params, Reason};

/// Owner, parameters and pause.
#[cw_serde]
pub struct ConfigResponse {
    /// Owner and open proposal.
    pub ownership: Ownership,
    /// Bounds and windows.
    pub params: Params,
    /// The cw20 token that deposits and income are in (OPEN).
    pub token: Addr,
    /// Code of the shares contract that Datanets may issue.
    pub shares_code_id: Option<Uint64>,
    /// The settlement contract, once it is set.
    pub settlement: Option<Addr>,
    /// First second after the running pause; absent when none runs.
    pub paused_until: Option<Uint64>,
}

/// One Datanet.
#[cw_serde]
pub struct DatanetResponse {
    /// From 1.
    pub datanet_id: Uint64,
    /// Shown in lists.
    pub name: Name,
    /// What it is about.
    pub description: Description,
    /// SPDX expression.
    pub licence: Licence,
    /// Receives the shares that no contribution explains.
    pub commons: Addr,
    /// Who may join.
    pub membership: Membership,
    /// Owner and open proposal.
    pub ownership: Ownership,
    /// Curators and proposed curators.
    pub curators: Vec<Curator>,
    /// Contributions ever offered.
    pub contributions: Uint64,
    /// Clusters accepted so far.
    pub clusters: u32,
    /// Latest version; 0 before the first.
    pub latest_version: u32,
    /// Whether rows can only be offered after a commitment to them.
    pub commit_reveal: bool,
    /// Terms of drawn reviewers; absent where owner and curators decide.
    pub review: Option<ReviewTerms>,
    /// Held until the Datanet is retired, in `uopen`.
    pub bond: Uint128,
    /// Shares, once issued; income goes to their holders.
    pub shares: Option<Shares>,
    /// Nobody joins or contributes any more.
    pub retired: bool,
    /// When it was created.
    pub created_at: Uint64,
}

/// A curator, or somebody who may become one.
#[cw_serde]
pub struct Curator {
    /// Who.
    pub account: Addr,
    /// End of the open proposal; absent once accepted.
    pub proposal_expires_at: Option<Uint64>,
}

/// A page of Datanets.
#[cw_serde]
pub struct DatanetsResponse {
    /// By ascending id.
    pub datanets: Vec<DatanetResponse>,
}

/// Standing of an account.
#[cw_serde]
#[derive(Copy, Eq)]
pub enum Standing {
    /// Never joined.
    None,
    /// Invited, not yet joined.
    Invited,
    /// Asked, not yet approved.
    Applied,
    /// May contribute.
    Member,
}

/// One account's standing in a Datanet.
#[cw_serde]
pub struct MemberResponse {
    /// Who.
    pub account: Addr,
    /// Standing.
    pub standing: Standing,
    /// Undecided contributions.
    pub pending: u32,
}

/// A page of members and applicants.
#[cw_serde]
pub struct MembersResponse {
    /// By address.
    pub members: Vec<MemberResponse>,
}

/// One contribution.
#[cw_serde]
pub struct Contribution {
    /// Datanet it was offered to.
    pub datanet_id: Uint64,
    /// From 1 within the Datanet.
    pub contribution_id: Uint64,
    /// Who offered it.
    pub contributor: Addr,
    /// Identity that is credited for it.
    pub identity_id: Uint64,
    /// RFC 6962 root over the digests of the rows.
    pub rows_root: Digest,
    /// Number of rows.
    pub rows: u32,
    /// Media type of the file with the rows.
    pub media_type: MediaType,
    /// SHA-256 of the manifest.
    pub manifest: Digest,
    /// What became of it.
    pub status: Status,
    /// Held until it is decided, in `uopen`.
    pub deposit: Uint128,
    /// Who was first with the same rows: the lower number, given when the contribution was offered or, if it opens a
    /// commitment, when it was committed to.
    pub precedence: Uint64,
    /// When it was offered.
    pub offered_at: Uint64,
}

/// What became of a contribution.
#[cw_serde]
pub enum Status {
    /// Not decided.
    Pending {},
    /// Taken in.
    Accepted {
        /// Cluster index in every version published since.
        cluster: u32,
        /// Who decided.
        by: Addr,
    },
    /// Turned down.
    Rejected {
        /// Why.
        reason: Reason,
        /// Who decided, or who had committed to the same rows earlier.
        by: Addr,
    },
    /// Was taken in, and is out of later versions.
    Removed {
        /// Cluster index, which stays empty.
        cluster: u32,
        /// Why.
        cause: Removal,
    },
    /// Taken back by its contributor.
    Withdrawn {},
}

/// Which contributions to list.
#[cw_serde]
#[derive(Copy, Eq)]
pub enum StatusFilter {
    /// Not decided.
    Pending,
    /// Taken in.
    Accepted,
    /// Turned down.
    Rejected,
    /// Taken back.
    Withdrawn,
    /// Taken in, and out of later versions.
    Removed,
}

/// A page of contributions.
#[cw_serde]
pub struct ContributionsResponse {
    /// By ascending id.
    pub contributions: Vec<Contribution>,
}

/// What `publish_version` would publish now.
#[cw_serde]
pub struct DraftResponse {
    /// Number the next version would get.
    pub version: u32,
    /// RFC 6962 root over the clusters' rows roots.
    pub content_root: Digest,
    /// RFC 6962 root over the clusters' leaves.
    pub cluster_root: Digest,
    /// RFC 6962 root over the rows of the cluster table.
    pub cluster_table_root: Digest,
    /// Number of clusters.
    pub clusters: u32,
}

/// A published version: fixed for good.
#[cw_serde]
pub struct Version {
    /// Which Datanet.
    pub datanet_id: Uint64,
    /// From 1, consecutive.
    pub version: u32,
    /// RFC 6962 root over the clusters' rows roots, in cluster order.
    pub content_root: Digest,
    /// RFC 6962 root over the clusters' leaves (see [`crate::cluster`]): binds index, contribution, contributor and rows.
    pub cluster_root: Digest,
    /// RFC 6962 root over the rows of the cluster table: binds index, credited identity and rows.
    pub cluster_table_root: Digest,
    /// Number of clusters.
    pub clusters: u32,
    /// Rows in all clusters.
    pub rows: Uint64,
    /// Who published it.
    pub published_by: Addr,
    /// When.
    pub published_at: Uint64,
}

/// What gets credit: one accepted contribution at a fixed index.
#[cw_serde]
pub struct Cluster {
    /// Index, from 0; the same in every later version.
    pub cluster: u32,
    /// Which contribution.
    pub contribution_id: Uint64,
    /// Who is credited: who offered it, or the cluster that it was merged into.
    pub contributor: Addr,
    /// Identity that is credited.
    pub identity_id: Uint64,
    /// RFC 6962 root over the digests of the rows; all zeros when it was removed before this version.
    pub rows_root: Digest,
    /// It has no rows in this version: nothing may be trained on them or credited for them.
    pub removed: bool,
    /// It was found to be a near-duplicate of this cluster, whose contributor was first and is credited for both.
    pub merged_into: Option<u32>,
}

/// All clusters of a version.
#[cw_serde]
pub struct ClustersResponse {
    /// By index.
    pub clusters: Vec<Cluster>,
}
