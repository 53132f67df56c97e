//! What can be asked. Part of [`crate::msg`], which re-exports it.

use cosmwasm_schema::{cw_serde, QueryResponses};
use cosmwasm_std::Uint64;

use crate::{
    answers::*,
    msg::{InDatanet, Which},
};

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
    /// Power of an account in a Datanet: rows that were accepted from the identity it controls, at most a fifth of all.
    #[returns(DatanetPowerResponse)]
    DatanetPowerAt {
        /// Which Datanet.
        datanet_id: Uint64,
        /// Whose.
        account: String,
        /// At the start of this height, which is not ahead; the present one if absent.
        height: Option<Uint64>,
    },
    /// The open review of a contribution.
    #[returns(ReviewResponse)]
    Review(Which),
    /// Reviewers who can be drawn, by address.
    #[returns(ReviewersResponse)]
    Reviewers {
        /// Which Datanet.
        datanet_id: Uint64,
        /// Address to start after.
        start_after: Option<String>,
        /// Entries; 10 if absent, 30 at most.
        limit: Option<u32>,
    },
    /// Erasures that a Datanet owes or has done, by contribution.
    #[returns(ErasuresResponse)]
    Erasures {
        /// Which Datanet.
        datanet_id: Uint64,
        /// Contribution to start after.
        start_after: Option<Uint64>,
        /// Entries; 10 if absent, 30 at most.
        limit: Option<u32>,
    },
    /// Income that a Datanet ever received.
    #[returns(IncomeResponse)]
    Income(InDatanet),
    /// A member's commitments that are not opened, expired ones included.
    #[returns(CommitmentsResponse)]
    Commitments {
        /// Which Datanet.
        datanet_id: Uint64,
        /// Whose.
        account: String,
    },
    /// What the contract owes against what it holds.
    #[returns(SolvencyResponse)]
    Solvency {},
    /// An identity: its controller, and where its income goes now.
    #[returns(IdentityResponse)]
    Identity {
        /// Which.
        identity_id: Uint64,
    },
    /// The identity that an account controls; nothing when it controls none.
    #[returns(Option<IdentityResponse>)]
    IdentityOf {
        /// Which account.
        account: String,
    },
}
