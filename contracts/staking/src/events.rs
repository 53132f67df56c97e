//! What happened, in enough detail to rebuild the state.

use cosmwasm_std::{Addr, Uint128};
use openledger_contract_kit::{event::Event, BlsPublicKey};

use crate::msg::{Endpoint, Moniker, Params};

/// Every event of this contract.
#[derive(Debug, Clone, PartialEq)]
pub enum StakingEvent {
    /// The contract began.
    Instantiated { owner: Addr, token: Addr, params: Params },
    /// The code was replaced.
    Migrated { from: String, to: String },
    /// A new validator.
    Registered { validator: Addr, bls_public_key: BlsPublicKey, endpoint: Endpoint, moniker: Moniker, bonded: Uint128 },
    /// Other endpoint or name.
    Updated { validator: Addr, endpoint: Endpoint, moniker: Moniker },
    /// A bond grew.
    Bonded { validator: Addr, amount: Uint128, bonded: Uint128 },
    /// Part of a bond began to leave.
    Unbonding { validator: Addr, entry_id: u64, amount: Uint128, bonded: Uint128, set_id: u64, completes_at: u64 },
    /// One unbonding entry was paid out.
    Withdrawn { validator: Addr, entry_id: u64, amount: Uint128 },
    /// A new epoch set.
    SetCreated { set_id: u64, members: usize, total_power: Uint128, aggregate_public_key: Option<BlsPublicKey> },
    /// Rewards came in.
    RewardsFunded { from: Addr, amount: Uint128, orphaned: Uint128 },
    /// Rewards went out.
    RewardsClaimed { validator: Addr, amount: Uint128 },
    /// Other parameters.
    ParamsUpdated { params: Params },
    /// A next owner was proposed.
    OwnerProposed { account: Addr, expires_at: u64 },
    /// The owner changed.
    OwnerChanged { from: Addr, to: Addr },
}

impl Event for StakingEvent {
    fn name(&self) -> &'static str {
        match self {
            Self::Instantiated { .. } => "staking/instantiated",
            Self::Migrated { .. } => "staking/migrated",
            Self::Registered { .. } => "staking/registered",
            Self::Updated { .. } => "staking/updated",
            Self::Bonded { .. } => "staking/bonded",
            Self::Unbonding { .. } => "staking/unbonding",
            Self::Withdrawn { .. } => "staking/withdrawn",
            Self::SetCreated { .. } => "staking/set_created",
            Self::RewardsFunded { .. } => "staking/rewards_funded",
            Self::RewardsClaimed { .. } => "staking/rewards_claimed",
            Self::ParamsUpdated { .. } => "staking/params_updated",
            Self::OwnerProposed { .. } => "staking/owner_proposed",
            Self::OwnerChanged { .. } => "staking/owner_changed",
        }
    }

    fn attributes(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Instantiated { owner, token, params } => {
                let mut all = vec![("owner", owner.to_string()), ("token", token.to_string())];
                all.extend(param_attributes(params));
                all
            }
            Self::Migrated { from, to } => vec![("from", from.clone()), ("to", to.clone())],
            Self::Registered { validator, bls_public_key, endpoint, moniker, bonded } => vec![
                ("validator", validator.to_string()),
                ("bls_public_key", bls_public_key.to_string()),
                ("endpoint", endpoint.to_string()),
                ("moniker", moniker.to_string()),
                ("bonded", bonded.to_string()),
            ],
            Self::Updated { validator, endpoint, moniker } => vec![
                ("validator", validator.to_string()),
                ("endpoint", endpoint.to_string()),
                ("moniker", moniker.to_string()),
            ],
            Self::Bonded { validator, amount, bonded } => vec![
                ("validator", validator.to_string()),
                ("amount", amount.to_string()),
                ("bonded", bonded.to_string()),
            ],
            Self::Unbonding { validator, entry_id, amount, bonded, set_id, completes_at } => vec![
                ("validator", validator.to_string()),
                ("entry_id", entry_id.to_string()),
                ("amount", amount.to_string()),
                ("bonded", bonded.to_string()),
                ("set_id", set_id.to_string()),
                ("completes_at", completes_at.to_string()),
            ],
            Self::Withdrawn { validator, entry_id, amount } => vec![
                ("validator", validator.to_string()),
                ("entry_id", entry_id.to_string()),
                ("amount", amount.to_string()),
            ],
            Self::SetCreated { set_id, members, total_power, aggregate_public_key } => vec![
                ("set_id", set_id.to_string()),
                ("members", members.to_string()),
                ("total_power", total_power.to_string()),
                ("aggregate_public_key", aggregate_public_key.map(|key| key.to_string()).unwrap_or_default()),
            ],
            Self::RewardsFunded { from, amount, orphaned } => {
                vec![("from", from.to_string()), ("amount", amount.to_string()), ("orphaned", orphaned.to_string())]
            }
            Self::RewardsClaimed { validator, amount } => {
                vec![("validator", validator.to_string()), ("amount", amount.to_string())]
            }
            Self::ParamsUpdated { params } => param_attributes(params),
            Self::OwnerProposed { account, expires_at } => {
                vec![("account", account.to_string()), ("expires_at", expires_at.to_string())]
            }
            Self::OwnerChanged { from, to } => vec![("from", from.to_string()), ("to", to.to_string())],
        }
    }
}

fn param_attributes(params: &Params) -> Vec<(&'static str, String)> {
    vec![
        ("unbonding_seconds", params.unbonding_seconds.to_string()),
        ("min_self_bond", params.min_self_bond.to_string()),
        ("max_validators", params.max_validators.to_string()),
        ("max_unbonding_entries", params.max_unbonding_entries.to_string()),
        ("snapshot_interval_seconds", params.snapshot_interval_seconds.to_string()),
    ]
}
