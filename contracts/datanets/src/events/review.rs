//! Events of reviews by drawn reviewers.

use cosmwasm_std::{Addr, Uint128, Uint64};
use openledger_contract_kit::event;

use super::reason_code;
use crate::msg::Ballot;

/// What happened in a review. Amounts are in `uopen`.
#[derive(Debug, Clone, Copy)]
pub enum ReviewEvent<'a> {
    /// An account can be drawn.
    Bonded { datanet_id: u64, reviewer: &'a Addr, bond: Uint128 },
    /// An account cannot be drawn any more. The fine burned.
    Left { datanet_id: u64, reviewer: &'a Addr, back: Uint128, fine: Uint128 },
    /// Reviewers were drawn, for an appeal or not.
    Drawn { datanet_id: u64, contribution_id: u64, reviewers: &'a [Addr], voting_until: Uint64, appeal: bool },
    /// A reviewer voted.
    Voted { datanet_id: u64, contribution_id: u64, reviewer: &'a Addr, ballot: Ballot },
    /// The first reviewers decided.
    Decided { datanet_id: u64, contribution_id: u64, ballot: Ballot, appeal_until: Uint64 },
    /// Somebody appealed.
    Appealed { datanet_id: u64, contribution_id: u64, by: &'a Addr, deposit: Uint128 },
    /// An appeal is over; its deposit went back or burned.
    AppealClosed { datanet_id: u64, contribution_id: u64, by: &'a Addr, deposit: Uint128, back: bool },
}

impl event::Event for ReviewEvent<'_> {
    fn name(&self) -> &'static str {
        match self {
            Self::Bonded { .. } => "datanets/reviewer_bonded",
            Self::Left { .. } => "datanets/reviewer_left",
            Self::Drawn { .. } => "datanets/reviewers_drawn",
            Self::Voted { .. } => "datanets/voted",
            Self::Decided { .. } => "datanets/review_decided",
            Self::Appealed { .. } => "datanets/appealed",
            Self::AppealClosed { .. } => "datanets/appeal_closed",
        }
    }

    fn attributes(&self) -> Vec<(&'static str, String)> {
        match *self {
            Self::Bonded { datanet_id, reviewer, bond } => vec![
                ("datanet_id", datanet_id.to_string()),
                ("reviewer", reviewer.to_string()),
                ("bond", bond.to_string()),
            ],
            Self::Left { datanet_id, reviewer, back, fine } => vec![
                ("datanet_id", datanet_id.to_string()),
                ("reviewer", reviewer.to_string()),
                ("back", back.to_string()),
                ("fine", fine.to_string()),
            ],
            Self::Drawn { datanet_id, contribution_id, reviewers, voting_until, appeal } => {
                let reviewers: Vec<&str> = reviewers.iter().map(Addr::as_str).collect();
                let facts = vec![
                    ("reviewers", reviewers.join(",")),
                    ("voting_until", voting_until.to_string()),
                    ("appeal", appeal.to_string()),
                ];
                [which(datanet_id, contribution_id), facts].concat()
            }
            Self::Voted { datanet_id, contribution_id, reviewer, ballot } => {
                let who = vec![("reviewer", reviewer.to_string())];
                [which(datanet_id, contribution_id), who, of_ballot(ballot)].concat()
            }
            Self::Decided { datanet_id, contribution_id, ballot, appeal_until } => {
                let until = vec![("appeal_until", appeal_until.to_string())];
                [which(datanet_id, contribution_id), of_ballot(ballot), until].concat()
            }
            Self::Appealed { datanet_id, contribution_id, by, deposit } => {
                let facts = vec![("by", by.to_string()), ("deposit", deposit.to_string())];
                [which(datanet_id, contribution_id), facts].concat()
            }
            Self::AppealClosed { datanet_id, contribution_id, by, deposit, back } => {
                let facts = vec![("by", by.to_string()), ("deposit", deposit.to_string()), ("back", back.to_string())];
                [which(datanet_id, contribution_id), facts].concat()
            }
        }
    }
}

fn which(datanet_id: u64, contribution_id: u64) -> Vec<(&'static str, String)> {
    vec![("datanet_id", datanet_id.to_string()), ("contribution_id", contribution_id.to_string())]
}

fn of_ballot(ballot: Ballot) -> Vec<(&'static str, String)> {
    let (vote, reason) = match ballot {
        Ballot::Accept {} => ("accept", ""),
        Ballot::Reject { reason } => ("reject", reason_code(reason)),
    };
    vec![("vote", vote.to_owned()), ("reason", reason.to_owned())]
}
