//! Typed events; together they are enough to rebuild the state. `tests/messages/golden/testdata/events.golden` shows each.

mod erasure;
mod identity;
mod money;
mod review;
mod shares;

use cosmwasm_std::{Addr, Uint64};
use openledger_contract_kit::event;

pub use self::{
    erasure::ErasureEvent, identity::IdentityEvent, money::MoneyEvent, review::ReviewEvent, shares::SharesEvent,
};
use crate::msg::{Commitment, Contribution, DatanetResponse, Membership, Params, Reason, ReviewTerms, Version};

/// Everything this contract tells indexers.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// The contract exists.
    Instantiated { owner: &'a Addr, token: &'a Addr, shares_code_id: Option<Uint64>, params: &'a Params },
    /// A Datanet exists.
    Created(&'a DatanetResponse),
    /// An account became a member.
    Joined { datanet_id: u64, member: &'a Addr, approved_by: Option<&'a Addr> },
    /// An account may become a member.
    Invited { datanet_id: u64, account: &'a Addr, by: &'a Addr },
    /// An account asks to become a member.
    Applied { datanet_id: u64, applicant: &'a Addr },
    /// A member committed to rows.
    Committed { datanet_id: u64, member: &'a Addr, commitment: &'a Commitment },
    /// Rows were offered.
    Contributed(&'a Contribution),
    /// Rows were taken in.
    Accepted { contribution: &'a Contribution, cluster: u32, by: &'a Addr },
    /// Rows were turned down.
    Rejected { contribution: &'a Contribution, reason: Reason, by: &'a Addr },
    /// Rows were taken back.
    Withdrawn(&'a Contribution),
    /// A cluster is credited to whom another one is.
    ClustersMerged { datanet_id: Uint64, cluster: u32, into: u32 },
    /// A version was fixed.
    VersionPublished(&'a Version),
    /// A Datanet takes nobody and nothing in any more.
    Retired { datanet_id: u64 },
    /// A Datanet's next owner was proposed.
    DatanetOwnerProposed { datanet_id: u64, account: &'a Addr, expires_at: Uint64 },
    /// A Datanet changed hands.
    DatanetOwnerChanged { datanet_id: u64, from: &'a Addr, to: &'a Addr },
    /// A curator was proposed.
    CuratorProposed { datanet_id: u64, account: &'a Addr, expires_at: Uint64 },
    /// A curator accepted.
    CuratorAdded { datanet_id: u64, account: &'a Addr },
    /// A curator or a proposal is gone.
    CuratorRemoved { datanet_id: u64, account: &'a Addr },
    /// Bounds and windows changed.
    ParamsUpdated(&'a Params),
    /// A pause began.
    Paused { until: Uint64 },
    /// The pause was ended early.
    Unpaused,
    /// The contract's next owner was proposed.
    OwnerProposed { account: &'a Addr, expires_at: Uint64 },
    /// The contract changed hands.
    OwnerChanged { from: &'a Addr, to: &'a Addr },
    /// New code runs.
    Migrated { from: &'a str, to: &'a str },
}

impl event::Event for Event<'_> {
    fn name(&self) -> &'static str {
        match self {
            Self::Instantiated { .. } => "datanets/instantiated",
            Self::Created(_) => "datanets/created",
            Self::Joined { .. } => "datanets/joined",
            Self::Invited { .. } => "datanets/invited",
            Self::Applied { .. } => "datanets/applied",
            Self::Committed { .. } => "datanets/committed",
            Self::Contributed(_) => "datanets/contributed",
            Self::Accepted { .. } => "datanets/accepted",
            Self::Rejected { .. } => "datanets/rejected",
            Self::Withdrawn(_) => "datanets/withdrawn",
            Self::ClustersMerged { .. } => "datanets/clusters_merged",
            Self::VersionPublished(_) => "datanets/version_published",
            Self::Retired { .. } => "datanets/retired",
            Self::DatanetOwnerProposed { .. } => "datanets/datanet_owner_proposed",
            Self::DatanetOwnerChanged { .. } => "datanets/datanet_owner_changed",
            Self::CuratorProposed { .. } => "datanets/curator_proposed",
            Self::CuratorAdded { .. } => "datanets/curator_added",
            Self::CuratorRemoved { .. } => "datanets/curator_removed",
            Self::ParamsUpdated(_) => "datanets/params_updated",
            Self::Paused { .. } => "datanets/paused",
            Self::Unpaused => "datanets/unpaused",
            Self::OwnerProposed { .. } => "datanets/owner_proposed",
            Self::OwnerChanged { .. } => "datanets/owner_changed",
            Self::Migrated { .. } => "datanets/migrated",
        }
    }

    fn attributes(&self) -> Vec<(&'static str, String)> {
        match *self {
            Self::Instantiated { owner, token, shares_code_id, params } => {
                let links = vec![
                    ("owner", owner.to_string()),
                    ("token", token.to_string()),
                    ("shares_code_id", shares_code_id.map(|id| id.to_string()).unwrap_or_default()),
                ];
                [links, of_params(params)].concat()
            }
            Self::Created(datanet) => of_datanet(datanet),
            Self::Joined { datanet_id, member, approved_by } => vec![
                ("datanet_id", datanet_id.to_string()),
                ("member", member.to_string()),
                ("approved_by", approved_by.map(Addr::to_string).unwrap_or_default()),
            ],
            Self::Invited { datanet_id, account, by } => {
                vec![("datanet_id", datanet_id.to_string()), ("account", account.to_string()), ("by", by.to_string())]
            }
            Self::Applied { datanet_id, applicant } => {
                vec![("datanet_id", datanet_id.to_string()), ("applicant", applicant.to_string())]
            }
            Self::Committed { datanet_id, member, commitment } => vec![
                ("datanet_id", datanet_id.to_string()),
                ("member", member.to_string()),
                ("commitment", commitment.commitment.to_string()),
                ("precedence", commitment.precedence.to_string()),
                ("expires_at", commitment.expires_at.to_string()),
            ],
            Self::Contributed(contribution) => of_contribution(contribution),
            Self::Accepted { contribution, cluster, by } => vec![
                ("datanet_id", contribution.datanet_id.to_string()),
                ("contribution_id", contribution.contribution_id.to_string()),
                ("contributor", contribution.contributor.to_string()),
                ("cluster", cluster.to_string()),
                ("by", by.to_string()),
            ],
            Self::Rejected { contribution, reason, by } => vec![
                ("datanet_id", contribution.datanet_id.to_string()),
                ("contribution_id", contribution.contribution_id.to_string()),
                ("contributor", contribution.contributor.to_string()),
                ("reason", reason_code(reason).to_owned()),
                ("by", by.to_string()),
            ],
            Self::Withdrawn(contribution) => vec![
                ("datanet_id", contribution.datanet_id.to_string()),
                ("contribution_id", contribution.contribution_id.to_string()),
            ],
            Self::ClustersMerged { datanet_id, cluster, into } => vec![
                ("datanet_id", datanet_id.to_string()),
                ("cluster", cluster.to_string()),
                ("into", into.to_string()),
            ],
            Self::VersionPublished(version) => of_version(version),
            Self::Retired { datanet_id } => vec![("datanet_id", datanet_id.to_string())],
            Self::DatanetOwnerProposed { datanet_id, account, expires_at }
            | Self::CuratorProposed { datanet_id, account, expires_at } => vec![
                ("datanet_id", datanet_id.to_string()),
                ("account", account.to_string()),
                ("expires_at", expires_at.to_string()),
            ],
            Self::DatanetOwnerChanged { datanet_id, from, to } => {
                vec![("datanet_id", datanet_id.to_string()), ("from", from.to_string()), ("to", to.to_string())]
            }
            Self::CuratorAdded { datanet_id, account } | Self::CuratorRemoved { datanet_id, account } => {
                vec![("datanet_id", datanet_id.to_string()), ("account", account.to_string())]
            }
            Self::ParamsUpdated(params) => of_params(params),
            Self::Paused { until } => vec![("until", until.to_string())],
            Self::Unpaused => vec![],
            Self::OwnerProposed { account, expires_at } => {
                vec![("account", account.to_string()), ("expires_at", expires_at.to_string())]
            }
            Self::OwnerChanged { from, to } => vec![("from", from.to_string()), ("to", to.to_string())],
            Self::Migrated { from, to } => vec![("from", from.to_owned()), ("to", to.to_owned())],
        }
    }
}

fn of_params(params: &Params) -> Vec<(&'static str, String)> {
    vec![
        ("max_pause_seconds", params.max_pause_seconds.to_string()),
        ("max_clusters", params.max_clusters.to_string()),
        ("max_rows", params.max_rows.to_string()),
        ("max_pending", params.max_pending.to_string()),
        ("payout_delay_seconds", params.payout_delay_seconds.to_string()),
        ("recovery_delay_seconds", params.recovery_delay_seconds.to_string()),
        ("contribution_deposit", params.contribution_deposit.to_string()),
        ("datanet_bond", params.datanet_bond.to_string()),
        ("commit_lifetime_seconds", params.commit_lifetime_seconds.to_string()),
        ("sunset_seconds", params.sunset_seconds.to_string()),
    ]
}

fn of_datanet(datanet: &DatanetResponse) -> Vec<(&'static str, String)> {
    let membership = match datanet.membership {
        Membership::Open => "open",
        Membership::Approval => "approval",
        Membership::Invitation => "invitation",
    };
    vec![
        ("datanet_id", datanet.datanet_id.to_string()),
        ("owner", datanet.ownership.owner.to_string()),
        ("name", datanet.name.to_string()),
        ("description", datanet.description.to_string()),
        ("licence", datanet.licence.to_string()),
        ("commons", datanet.commons.to_string()),
        ("membership", membership.to_owned()),
        ("commit_reveal", datanet.commit_reveal.to_string()),
        ("bond", datanet.bond.to_string()),
        ("review", datanet.review.as_ref().map(of_review).unwrap_or_default()),
    ]
}

/// Reviewers, bond, seconds to vote, seconds to appeal, deposit of an appeal.
fn of_review(terms: &ReviewTerms) -> String {
    let ReviewTerms { reviewers, bond, vote_seconds, appeal_seconds, appeal_deposit } = terms;
    format!("{reviewers},{bond},{vote_seconds},{appeal_seconds},{appeal_deposit}")
}

fn of_contribution(contribution: &Contribution) -> Vec<(&'static str, String)> {
    vec![
        ("datanet_id", contribution.datanet_id.to_string()),
        ("contribution_id", contribution.contribution_id.to_string()),
        ("contributor", contribution.contributor.to_string()),
        ("identity_id", contribution.identity_id.to_string()),
        ("rows_root", contribution.rows_root.to_string()),
        ("rows", contribution.rows.to_string()),
        ("media_type", contribution.media_type.to_string()),
        ("manifest", contribution.manifest.to_string()),
        ("deposit", contribution.deposit.to_string()),
        ("precedence", contribution.precedence.to_string()),
    ]
}

fn of_version(version: &Version) -> Vec<(&'static str, String)> {
    vec![
        ("datanet_id", version.datanet_id.to_string()),
        ("version", version.version.to_string()),
        ("content_root", version.content_root.to_string()),
        ("cluster_root", version.cluster_root.to_string()),
        ("cluster_table_root", version.cluster_table_root.to_string()),
        ("clusters", version.clusters.to_string()),
        ("rows", version.rows.to_string()),
        ("by", version.published_by.to_string()),
    ]
}

/// As in JSON.
fn reason_code(reason: Reason) -> &'static str {
    match reason {
        Reason::Duplicate => "duplicate",
        Reason::Licence => "licence",
        Reason::Quality => "quality",
        Reason::OffTopic => "off_topic",
        Reason::PersonalData => "personal_data",
        Reason::Malformed => "malformed",
        Reason::Spam => "spam",
        Reason::Undecided => "undecided",
    }
}
