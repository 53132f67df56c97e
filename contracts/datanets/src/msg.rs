//! What wallets, sidecars and other contracts send to and read from the Datanets contract.
//!
//! Ids and times are strings of integers (times in seconds since 1970), digests are 64 lower-case hex digits.

use cosmwasm_schema::{cw_serde, QueryResponses};
use cosmwasm_std::{Addr, Uint64};
pub use openledger_contract_kit::{ownership::Ownership, Digest, Text};

/// A Datanet's name, shown in lists.
pub type Name = Text<64>;
/// What a Datanet is about.
pub type Description = Text<512>;
/// SPDX licence expression, for example `CC-BY-4.0` or `MIT OR Apache-2.0`.
pub type Licence = Text<64>;
/// IANA media type of the rows, for example `application/vnd.apache.parquet`.
pub type MediaType = Text<64>;

/// Creates the contract.
#[cw_serde]
pub struct InstantiateMsg {
    /// May change parameters and pause; handed over in two steps. Has no power over any Datanet.
    pub owner: String,
    /// Bounds and windows.
    pub params: Params,
}

/// Bounds and windows. Limits of each are in [`crate::params`].
#[cw_serde]
pub struct Params {
    /// Longest pause, in seconds; at most 1,209,600 (14 days). Zero means that nobody can pause.
    pub max_pause_seconds: Uint64,
    /// Clusters (accepted contributions) that a Datanet may have; 1 to 256.
    pub max_clusters: u32,
    /// Rows that one contribution may have; at least 1.
    pub max_rows: u32,
    /// Undecided contributions that one member may have in one Datanet; 1 to 64.
    pub max_pending: u32,
}

/// Everything that changes state. Who may send what: [`crate::permissions`].
#[cw_serde]
pub enum ExecuteMsg {
    /// Creates a Datanet. The sender becomes its owner and first member. Licence and commons never change.
    Create {
        /// 1 to 64 bytes.
        name: Name,
        /// 1 to 512 bytes.
        description: Description,
        /// SPDX expression that every contribution is under.
        licence: Licence,
        /// Account that receives the shares that no contribution explains.
        commons: String,
        /// Who may join.
        membership: Membership,
    },
    /// Becomes a member, or asks to become one where membership needs approval.
    Join {
        /// Which Datanet.
        datanet_id: Uint64,
    },
    /// Makes an applicant a member.
    ApproveMember {
        /// Which Datanet.
        datanet_id: Uint64,
        /// Who asked.
        member: String,
    },
    /// Offers rows. They stay with their contributor; the chain holds their commitment.
    Contribute {
        /// Which Datanet.
        datanet_id: Uint64,
        /// RFC 6962 root over the digests of the rows, in order. Only one living contribution may have it.
        rows_root: Digest,
        /// Number of rows.
        rows: u32,
        /// Media type of the file with the rows.
        media_type: MediaType,
        /// SHA-256 of the manifest that describes source, author and form of the rows.
        manifest: Digest,
    },
    /// Takes a pending contribution in, as the Datanet's next cluster.
    Accept {
        /// Which Datanet.
        datanet_id: Uint64,
        /// Which contribution.
        contribution_id: Uint64,
    },
    /// Turns a pending contribution down. The same rows may be offered again.
    Reject {
        /// Which Datanet.
        datanet_id: Uint64,
        /// Which contribution.
        contribution_id: Uint64,
        /// Why.
        reason: Reason,
    },
    /// Fixes all clusters accepted so far as the next version.
    PublishVersion {
        /// Which Datanet.
        datanet_id: Uint64,
        /// RFC 6962 root over the clusters' rows roots, in cluster order. The contract computes its own and compares.
        content_root: Digest,
    },
    /// Proposes the Datanet's next owner and replaces an earlier proposal.
    ProposeDatanetOwner {
        /// Which Datanet.
        datanet_id: Uint64,
        /// Who may accept.
        account: String,
        /// First second at which it can no longer be accepted; at most 30 days ahead.
        expires_at: Uint64,
    },
    /// Becomes the Datanet's owner.
    AcceptDatanetOwnership {
        /// Which Datanet.
        datanet_id: Uint64,
    },
    /// Proposes a curator. A Datanet has at most 8, proposals included.
    ProposeCurator {
        /// Which Datanet.
        datanet_id: Uint64,
        /// Who may accept.
        account: String,
        /// First second at which it can no longer be accepted; at most 30 days ahead.
        expires_at: Uint64,
    },
    /// Becomes a curator of the Datanet.
    AcceptCuratorship {
        /// Which Datanet.
        datanet_id: Uint64,
    },
    /// Removes a curator or withdraws a proposal. A curator may remove itself.
    RemoveCurator {
        /// Which Datanet.
        datanet_id: Uint64,
        /// Curator or proposed curator.
        account: String,
    },
    /// Replaces the contract's parameters.
    UpdateParams {
        /// All of them.
        params: Params,
    },
    /// Stops what the permission table marks as pausable.
    Pause {
        /// First second after the pause; at most `max_pause_seconds` ahead.
        until: Uint64,
    },
    /// Ends the pause now.
    Unpause {},
    /// Proposes the contract's next owner and replaces an earlier proposal.
    ProposeOwner {
        /// Who may accept.
        account: String,
        /// First second at which it can no longer be accepted; at most 30 days ahead.
        expires_at: Uint64,
    },
    /// Becomes the contract's owner.
    AcceptOwnership {},
}

/// For the chain's own governance: the emergency subset and parameters.
#[cw_serde]
pub enum SudoMsg {
    /// Replaces the contract's parameters.
    UpdateParams {
        /// All of them.
        params: Params,
    },
    /// Stops what the permission table marks as pausable.
    Pause {
        /// First second after the pause; at most `max_pause_seconds` ahead.
        until: Uint64,
    },
    /// Ends the pause now.
    Unpause {},
}

/// Migrates from an older version.
#[cw_serde]
pub struct MigrateMsg {}

/// Who may join a Datanet.
#[cw_serde]
#[derive(Copy, Eq)]
pub enum Membership {
    /// Everybody, at once.
    Open,
    /// Whom the owner or a curator approves.
    Approval,
}

/// Why a contribution was turned down.
#[cw_serde]
#[derive(Copy, Eq)]
pub enum Reason {
    /// The rows are in the Datanet already.
    Duplicate,
    /// The contributor may not give the rows under the Datanet's licence.
    Licence,
    /// The rows are wrong or of little use.
    Quality,
    /// The rows are about something else.
    OffTopic,
    /// The rows hold personal data.
    PersonalData,
    /// The file does not match its commitment or cannot be read.
    Malformed,
}

/// Everything that can be read.
#[cw_serde]
#[derive(QueryResponses)]
pub enum QueryMsg {
    /// Owner, parameters and pause.
    #[returns(ConfigResponse)]
    Config {},
    /// One Datanet.
    #[returns(DatanetResponse)]
    Datanet {
        /// Which.
        datanet_id: Uint64,
    },
    /// Datanets by ascending id.
    #[returns(DatanetsResponse)]
    Datanets {
        /// Id to start after.
        start_after: Option<Uint64>,
        /// Entries; 10 if absent, 30 at most.
        limit: Option<u32>,
    },
    /// One account's standing in a Datanet.
    #[returns(MemberResponse)]
    Member {
        /// Which Datanet.
        datanet_id: Uint64,
        /// Which account.
        account: String,
    },
    /// Members and applicants by address.
    #[returns(MembersResponse)]
    Members {
        /// Which Datanet.
        datanet_id: Uint64,
        /// Address to start after.
        start_after: Option<String>,
        /// Entries; 10 if absent, 30 at most.
        limit: Option<u32>,
    },
    /// One contribution.
    #[returns(Contribution)]
    Contribution {
        /// Which Datanet.
        datanet_id: Uint64,
        /// Which contribution.
        contribution_id: Uint64,
    },
    /// Contributions by ascending id.
    #[returns(ContributionsResponse)]
    Contributions {
        /// Which Datanet.
        datanet_id: Uint64,
        /// Only those with this status.
        status: Option<StatusFilter>,
        /// Id to start after.
        start_after: Option<Uint64>,
        /// Entries; 10 if absent, 30 at most.
        limit: Option<u32>,
    },
    /// What `publish_version` would publish now.
    #[returns(DraftResponse)]
    Draft {
        /// Which Datanet.
        datanet_id: Uint64,
    },
    /// One published version.
    #[returns(Version)]
    Version {
        /// Which Datanet.
        datanet_id: Uint64,
        /// Which version, from 1.
        version: u32,
    },
    /// All clusters of a published version, by index; at most 256.
    #[returns(ClustersResponse)]
    Clusters {
        /// Which Datanet.
        datanet_id: Uint64,
        /// Which version, from 1.
        version: u32,
    },
}

/// Owner, parameters and pause.
#[cw_serde]
pub struct ConfigResponse {
    /// Owner and open proposal.
    pub ownership: Ownership,
    /// Bounds and windows.
    pub params: Params,
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
    /// Who offered it and is credited for it.
    pub contributor: Addr,
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
        /// Who decided.
        by: Addr,
    },
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
    /// Who is credited.
    pub contributor: Addr,
    /// RFC 6962 root over the digests of the rows.
    pub rows_root: Digest,
}

/// All clusters of a version.
#[cw_serde]
pub struct ClustersResponse {
    /// By index.
    pub clusters: Vec<Cluster>,
}
