//! Events of shares and of what their backers answer for.

use cosmwasm_std::{Addr, Uint128};
use openledger_contract_kit::{event, Bps, Digest};

/// What happened to shares and clusters. Amounts of shares are in smallest units.
#[derive(Debug, Clone, Copy)]
pub enum SharesEvent<'a> {
    /// A Datanet has shares.
    Issued { datanet_id: u64, address: &'a Addr, per_row: Uint128 },
    /// Rows were accepted, but the shares contract minted nothing for them.
    MintFailed { contribution_id: u64, reason: &'a str },
    /// Another part of the income goes to the commons.
    CommonsPartSet { datanet_id: u64, part: Bps },
    /// A cluster is out of later versions, and backers answer for it.
    PoisonProven {
        datanet_id: u64,
        contribution_id: u64,
        cluster: u32,
        evidence: Digest,
        fraction: Bps,
        recipient: Option<&'a Addr>,
    },
}

impl event::Event for SharesEvent<'_> {
    fn name(&self) -> &'static str {
        match self {
            Self::Issued { .. } => "datanets/shares_issued",
            Self::MintFailed { .. } => "datanets/mint_failed",
            Self::CommonsPartSet { .. } => "datanets/commons_part_set",
            Self::PoisonProven { .. } => "datanets/poison_proven",
        }
    }

    fn attributes(&self) -> Vec<(&'static str, String)> {
        match *self {
            Self::Issued { datanet_id, address, per_row } => vec![
                ("datanet_id", datanet_id.to_string()),
                ("address", address.to_string()),
                ("per_row", per_row.to_string()),
            ],
            Self::MintFailed { contribution_id, reason } => {
                vec![("contribution_id", contribution_id.to_string()), ("reason", reason.to_owned())]
            }
            Self::CommonsPartSet { datanet_id, part } => {
                vec![("datanet_id", datanet_id.to_string()), ("part", part.points().to_string())]
            }
            Self::PoisonProven { datanet_id, contribution_id, cluster, evidence, fraction, recipient } => vec![
                ("datanet_id", datanet_id.to_string()),
                ("contribution_id", contribution_id.to_string()),
                ("cluster", cluster.to_string()),
                ("evidence", evidence.to_string()),
                ("fraction", fraction.points().to_string()),
                ("recipient", recipient.map(Addr::to_string).unwrap_or_default()),
            ],
        }
    }
}
