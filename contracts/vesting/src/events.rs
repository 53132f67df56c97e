//! What happened, in enough detail to rebuild the state.

use cosmwasm_std::{Addr, Uint128};
use openledger_contract_kit::event::Event;

use crate::schedule::Schedule;

/// Every event of this contract.
#[derive(Debug, Clone, PartialEq)]
pub enum VestingEvent {
    /// The contract began.
    Instantiated,
    /// The code was replaced.
    Migrated { from: String, to: String },
    /// Tokens came with terms.
    Granted {
        grant_id: u64,
        token: Addr,
        grantor: Addr,
        recipient: Addr,
        amount: Uint128,
        schedule: Schedule,
        revoker: Option<Addr>,
    },
    /// Vested tokens were paid.
    Released { grant_id: u64, token: Addr, recipient: Addr, amount: Uint128 },
    /// Another account may take the grant over.
    RecipientProposed { grant_id: u64, recipient: Addr, expires_at: u64 },
    /// Another account took it over.
    RecipientAccepted { grant_id: u64, from: Addr, recipient: Addr },
    /// The grant was stopped. What was paid beside it has its own event.
    Revoked { grant_id: u64, token: Addr, revoker: Addr, returned: Uint128 },
    /// Nobody can stop it any more.
    RevocationRenounced { grant_id: u64, revoker: Addr },
}

impl Event for VestingEvent {
    fn name(&self) -> &'static str {
        match self {
            Self::Instantiated => "vesting/instantiated",
            Self::Migrated { .. } => "vesting/migrated",
            Self::Granted { .. } => "vesting/granted",
            Self::Released { .. } => "vesting/released",
            Self::RecipientProposed { .. } => "vesting/recipient_proposed",
            Self::RecipientAccepted { .. } => "vesting/recipient_accepted",
            Self::Revoked { .. } => "vesting/revoked",
            Self::RevocationRenounced { .. } => "vesting/revocation_renounced",
        }
    }

    fn attributes(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Instantiated => vec![],
            Self::Migrated { from, to } => vec![("from", from.clone()), ("to", to.clone())],
            Self::Granted { grant_id, token, grantor, recipient, amount, schedule, revoker } => vec![
                ("grant_id", grant_id.to_string()),
                ("token", token.to_string()),
                ("grantor", grantor.to_string()),
                ("recipient", recipient.to_string()),
                ("amount", amount.to_string()),
                ("starts_at", schedule.starts_at.to_string()),
                ("cliff_seconds", schedule.cliff_seconds.to_string()),
                ("duration_seconds", schedule.duration_seconds.to_string()),
                ("revoker", revoker.as_ref().map(Addr::to_string).unwrap_or_default()),
            ],
            Self::Released { grant_id, token, recipient, amount } => vec![
                ("grant_id", grant_id.to_string()),
                ("token", token.to_string()),
                ("recipient", recipient.to_string()),
                ("amount", amount.to_string()),
            ],
            Self::RecipientProposed { grant_id, recipient, expires_at } => vec![
                ("grant_id", grant_id.to_string()),
                ("recipient", recipient.to_string()),
                ("expires_at", expires_at.to_string()),
            ],
            Self::RecipientAccepted { grant_id, from, recipient } => vec![
                ("grant_id", grant_id.to_string()),
                ("from", from.to_string()),
                ("recipient", recipient.to_string()),
            ],
            Self::Revoked { grant_id, token, revoker, returned } => vec![
                ("grant_id", grant_id.to_string()),
                ("token", token.to_string()),
                ("revoker", revoker.to_string()),
                ("returned", returned.to_string()),
            ],
            Self::RevocationRenounced { grant_id, revoker } => {
                vec![("grant_id", grant_id.to_string()), ("revoker", revoker.to_string())]
            }
        }
    }
}
