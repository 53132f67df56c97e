//! Events of identities.

use cosmwasm_std::{Addr, Uint64};
use openledger_contract_kit::event;

use crate::msg::{Change, IdentityResponse};

/// What happened to an identity.
#[derive(Debug, Clone, Copy)]
pub enum IdentityEvent<'a> {
    /// An identity exists.
    Created(&'a IdentityResponse),
    /// Its income will go elsewhere.
    PayoutOrdered { identity_id: Uint64, account: &'a Addr, from: Uint64 },
    /// Its income stays where it goes.
    PayoutCancelled { identity_id: Uint64, payout: &'a Addr },
    /// It has other guardians.
    GuardiansSet(&'a IdentityResponse),
    /// A guardian wants another controller; with `recovery` enough of them agree.
    RecoveryApproved { identity_id: Uint64, guardian: &'a Addr, controller: &'a Addr, recovery: Option<&'a Change> },
    /// The controller dropped what guardians agreed on.
    RecoveryVetoed { identity_id: Uint64, controller: &'a Addr },
    /// It has another controller.
    Recovered { from: &'a Addr, identity: &'a IdentityResponse },
}

impl event::Event for IdentityEvent<'_> {
    fn name(&self) -> &'static str {
        match self {
            Self::Created(_) => "datanets/identity_created",
            Self::PayoutOrdered { .. } => "datanets/payout_ordered",
            Self::PayoutCancelled { .. } => "datanets/payout_cancelled",
            Self::GuardiansSet(_) => "datanets/guardians_set",
            Self::RecoveryApproved { .. } => "datanets/recovery_approved",
            Self::RecoveryVetoed { .. } => "datanets/recovery_vetoed",
            Self::Recovered { .. } => "datanets/identity_recovered",
        }
    }

    fn attributes(&self) -> Vec<(&'static str, String)> {
        match *self {
            Self::Created(identity) => {
                let who = vec![
                    ("identity_id", identity.identity_id.to_string()),
                    ("controller", identity.controller.to_string()),
                    ("payout", identity.payout.to_string()),
                ];
                [who, of_guardians(identity)].concat()
            }
            Self::PayoutOrdered { identity_id, account, from } => vec![
                ("identity_id", identity_id.to_string()),
                ("account", account.to_string()),
                ("from", from.to_string()),
            ],
            Self::PayoutCancelled { identity_id, payout } => {
                vec![("identity_id", identity_id.to_string()), ("payout", payout.to_string())]
            }
            Self::GuardiansSet(identity) => {
                [vec![("identity_id", identity.identity_id.to_string())], of_guardians(identity)].concat()
            }
            Self::RecoveryApproved { identity_id, guardian, controller, recovery } => vec![
                ("identity_id", identity_id.to_string()),
                ("guardian", guardian.to_string()),
                ("controller", controller.to_string()),
                ("agreed", recovery.map(|recovery| recovery.account.to_string()).unwrap_or_default()),
                ("ready_at", recovery.map(|recovery| recovery.at.to_string()).unwrap_or_default()),
            ],
            Self::RecoveryVetoed { identity_id, controller } => {
                vec![("identity_id", identity_id.to_string()), ("controller", controller.to_string())]
            }
            Self::Recovered { from, identity } => vec![
                ("identity_id", identity.identity_id.to_string()),
                ("from", from.to_string()),
                ("to", identity.controller.to_string()),
                ("payout", identity.payout.to_string()),
            ],
        }
    }
}

fn of_guardians(identity: &IdentityResponse) -> Vec<(&'static str, String)> {
    let guardians: Vec<&str> = identity.guardians.iter().map(Addr::as_str).collect();
    vec![("guardians", guardians.join(",")), ("threshold", identity.threshold.to_string())]
}
