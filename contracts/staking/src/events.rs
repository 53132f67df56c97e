//! What happened, in enough detail to rebuild the state.

use cosmwasm_std::{Addr, Uint128};
use openledger_contract_kit::{event::Event, BlsPublicKey, Bps};

use crate::{
    msg::{Commission, Description, Endpoint, Moniker, Params},
    state::Validator,
};

/// How a validator is reached and shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// Where its sidecar answers.
    pub endpoint: Endpoint,
    /// A name for people.
    pub moniker: Moniker,
    /// More words for people.
    pub description: Option<Description>,
}

impl Profile {
    fn attributes(&self) -> [(&'static str, String); 3] {
        [
            ("endpoint", self.endpoint.to_string()),
            ("moniker", self.moniker.to_string()),
            ("description", self.description.as_ref().map(ToString::to_string).unwrap_or_default()),
        ]
    }
}

impl From<&Validator> for Profile {
    fn from(validator: &Validator) -> Self {
        Self {
            endpoint: validator.endpoint.clone(),
            moniker: validator.moniker.clone(),
            description: validator.description.clone(),
        }
    }
}

/// Every event of this contract.
#[derive(Debug, Clone, PartialEq)]
pub enum StakingEvent {
    /// The contract began.
    Instantiated { owner: Addr, token: Addr, params: Params },
    /// The code was replaced.
    Migrated { from: String, to: String },
    /// A new validator; its self-bond follows as `staking/bonded`.
    Registered { validator: Addr, profile: Profile, bls_public_key: BlsPublicKey, commission: Commission },
    /// Other endpoint, name or description.
    Updated { validator: Addr, profile: Profile },
    /// Another commission.
    CommissionUpdated { validator: Addr, rate: Bps },
    /// Another key, from the next set on.
    KeyRotated { validator: Addr, bls_public_key: BlsPublicKey },
    /// A stake grew; `delegator` is the validator itself for its self-bond.
    Bonded { validator: Addr, delegator: Addr, amount: Uint128, shares: Uint128, bonded: Uint128 },
    /// Part of a stake began to leave.
    Unbonding {
        validator: Addr,
        delegator: Addr,
        entry_id: u64,
        amount: Uint128,
        shares: Uint128,
        bonded: Uint128,
        pool_id: u64,
        pool_shares: Uint128,
        set_id: u64,
        completes_at: u64,
    },
    /// Shares that were worth nothing any more were given up.
    GivenUp { validator: Addr, delegator: Addr, shares: Uint128 },
    /// Stake went from one validator to another without a wait. It still answers for the first one.
    Redelegated {
        delegator: Addr,
        from: Addr,
        to: Addr,
        amount: Uint128,
        from_shares: Uint128,
        from_bonded: Uint128,
        to_shares: Uint128,
        to_bonded: Uint128,
        set_id: u64,
        completes_at: u64,
    },
    /// Redelegated stake lost what a slash of the validator that it left had cost it; the amount was burned.
    RedelegationSlashed {
        delegator: Addr,
        validator: Addr,
        from: Addr,
        set_id: u64,
        fraction: Bps,
        amount: Uint128,
        shares: Uint128,
        bonded: Uint128,
    },
    /// Redelegated stake answers no more for the validator that it left.
    RedelegationEnded { delegator: Addr, validator: Addr, from: Addr, shares: Uint128 },
    /// One unbonding entry was paid out.
    Withdrawn { validator: Addr, delegator: Addr, entry_id: u64, amount: Uint128 },
    /// Who may slash.
    SlasherSet { slasher: Addr },
    /// A validator lost a fraction of its stake and of what was on its way out, and is jailed.
    Slashed {
        validator: Addr,
        case_id: u64,
        set_id: u64,
        fraction: Bps,
        bonded: Uint128,
        from_bonded: Uint128,
        from_unbonding: Uint128,
        jailed_until: u64,
        tombstoned: bool,
    },
    /// A candidate again.
    Unjailed { validator: Addr },
    /// A new operator.
    OperatorRegistered { operator: Addr, bond: Uint128, endpoint: Endpoint, moniker: Moniker },
    /// An operator's bond grew.
    OperatorBonded { operator: Addr, amount: Uint128, bond: Uint128 },
    /// Part of an operator's bond began to leave.
    OperatorUnbonding { operator: Addr, amount: Uint128, bond: Uint128, completes_at: u64 },
    /// An operator was paid what was due.
    OperatorWithdrawn { operator: Addr, amount: Uint128 },
    /// An operator lost a fraction of its bond and of what was on its way out.
    OperatorSlashed { operator: Addr, case_id: u64, fraction: Bps, amount: Uint128, bond: Uint128, barred: bool },
    /// A new epoch set.
    SetCreated { set_id: u64, members: usize, total_power: Uint128, aggregate_public_key: Option<BlsPublicKey> },
    /// Rewards came in.
    RewardsFunded { from: Addr, amount: Uint128, orphaned: Uint128 },
    /// Rewards went out.
    RewardsClaimed { account: Addr, amount: Uint128 },
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
            Self::CommissionUpdated { .. } => "staking/commission_updated",
            Self::KeyRotated { .. } => "staking/key_rotated",
            Self::Bonded { .. } => "staking/bonded",
            Self::Unbonding { .. } => "staking/unbonding",
            Self::GivenUp { .. } => "staking/given_up",
            Self::Redelegated { .. } => "staking/redelegated",
            Self::RedelegationSlashed { .. } => "staking/redelegation_slashed",
            Self::RedelegationEnded { .. } => "staking/redelegation_ended",
            Self::Withdrawn { .. } => "staking/withdrawn",
            Self::SlasherSet { .. } => "staking/slasher_set",
            Self::Slashed { .. } => "staking/slashed",
            Self::Unjailed { .. } => "staking/unjailed",
            Self::OperatorRegistered { .. } => "staking/operator_registered",
            Self::OperatorBonded { .. } => "staking/operator_bonded",
            Self::OperatorUnbonding { .. } => "staking/operator_unbonding",
            Self::OperatorWithdrawn { .. } => "staking/operator_withdrawn",
            Self::OperatorSlashed { .. } => "staking/operator_slashed",
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
            Self::Registered { validator, profile, bls_public_key, commission } => {
                let mut all =
                    vec![("validator", validator.to_string()), ("bls_public_key", bls_public_key.to_string())];
                all.extend(profile.attributes());
                all.extend([
                    ("commission_rate", commission.rate.to_string()),
                    ("commission_max_rate", commission.max_rate.to_string()),
                    ("commission_max_change", commission.max_change.to_string()),
                ]);
                all
            }
            Self::Updated { validator, profile } => {
                let mut all = vec![("validator", validator.to_string())];
                all.extend(profile.attributes());
                all
            }
            Self::CommissionUpdated { validator, rate } => {
                vec![("validator", validator.to_string()), ("rate", rate.to_string())]
            }
            Self::KeyRotated { validator, bls_public_key } => {
                vec![("validator", validator.to_string()), ("bls_public_key", bls_public_key.to_string())]
            }
            Self::Bonded { validator, delegator, amount, shares, bonded } => vec![
                ("validator", validator.to_string()),
                ("delegator", delegator.to_string()),
                ("amount", amount.to_string()),
                ("shares", shares.to_string()),
                ("bonded", bonded.to_string()),
            ],
            Self::Unbonding {
                validator,
                delegator,
                entry_id,
                amount,
                shares,
                bonded,
                pool_id,
                pool_shares,
                set_id,
                completes_at,
            } => vec![
                ("validator", validator.to_string()),
                ("delegator", delegator.to_string()),
                ("entry_id", entry_id.to_string()),
                ("amount", amount.to_string()),
                ("shares", shares.to_string()),
                ("bonded", bonded.to_string()),
                ("pool_id", pool_id.to_string()),
                ("pool_shares", pool_shares.to_string()),
                ("set_id", set_id.to_string()),
                ("completes_at", completes_at.to_string()),
            ],
            Self::GivenUp { validator, delegator, shares } => vec![
                ("validator", validator.to_string()),
                ("delegator", delegator.to_string()),
                ("shares", shares.to_string()),
            ],
            Self::Redelegated {
                delegator,
                from,
                to,
                amount,
                from_shares,
                from_bonded,
                to_shares,
                to_bonded,
                set_id,
                completes_at,
            } => vec![
                ("delegator", delegator.to_string()),
                ("from", from.to_string()),
                ("to", to.to_string()),
                ("amount", amount.to_string()),
                ("from_shares", from_shares.to_string()),
                ("from_bonded", from_bonded.to_string()),
                ("to_shares", to_shares.to_string()),
                ("to_bonded", to_bonded.to_string()),
                ("set_id", set_id.to_string()),
                ("completes_at", completes_at.to_string()),
            ],
            Self::RedelegationSlashed { delegator, validator, from, set_id, fraction, amount, shares, bonded } => vec![
                ("delegator", delegator.to_string()),
                ("validator", validator.to_string()),
                ("from", from.to_string()),
                ("set_id", set_id.to_string()),
                ("fraction", fraction.to_string()),
                ("amount", amount.to_string()),
                ("shares", shares.to_string()),
                ("bonded", bonded.to_string()),
            ],
            Self::RedelegationEnded { delegator, validator, from, shares } => vec![
                ("delegator", delegator.to_string()),
                ("validator", validator.to_string()),
                ("from", from.to_string()),
                ("shares", shares.to_string()),
            ],
            Self::Withdrawn { validator, delegator, entry_id, amount } => vec![
                ("validator", validator.to_string()),
                ("delegator", delegator.to_string()),
                ("entry_id", entry_id.to_string()),
                ("amount", amount.to_string()),
            ],
            Self::SlasherSet { slasher } => vec![("slasher", slasher.to_string())],
            Self::Slashed {
                validator,
                case_id,
                set_id,
                fraction,
                bonded,
                from_bonded,
                from_unbonding,
                jailed_until,
                tombstoned,
            } => vec![
                ("validator", validator.to_string()),
                ("case_id", case_id.to_string()),
                ("set_id", set_id.to_string()),
                ("fraction", fraction.to_string()),
                ("bonded", bonded.to_string()),
                ("from_bonded", from_bonded.to_string()),
                ("from_unbonding", from_unbonding.to_string()),
                ("jailed_until", jailed_until.to_string()),
                ("tombstoned", tombstoned.to_string()),
            ],
            Self::Unjailed { validator } => vec![("validator", validator.to_string())],
            Self::OperatorRegistered { operator, bond, endpoint, moniker } => vec![
                ("operator", operator.to_string()),
                ("bond", bond.to_string()),
                ("endpoint", endpoint.to_string()),
                ("moniker", moniker.to_string()),
            ],
            Self::OperatorBonded { operator, amount, bond } => {
                vec![("operator", operator.to_string()), ("amount", amount.to_string()), ("bond", bond.to_string())]
            }
            Self::OperatorUnbonding { operator, amount, bond, completes_at } => vec![
                ("operator", operator.to_string()),
                ("amount", amount.to_string()),
                ("bond", bond.to_string()),
                ("completes_at", completes_at.to_string()),
            ],
            Self::OperatorWithdrawn { operator, amount } => {
                vec![("operator", operator.to_string()), ("amount", amount.to_string())]
            }
            Self::OperatorSlashed { operator, case_id, fraction, amount, bond, barred } => vec![
                ("operator", operator.to_string()),
                ("case_id", case_id.to_string()),
                ("fraction", fraction.to_string()),
                ("amount", amount.to_string()),
                ("bond", bond.to_string()),
                ("barred", barred.to_string()),
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
            Self::RewardsClaimed { account, amount } => {
                vec![("account", account.to_string()), ("amount", amount.to_string())]
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
        ("max_delegations", params.max_delegations.to_string()),
        ("jail_seconds", params.jail_seconds.to_string()),
        ("min_operator_bond", params.min_operator_bond.to_string()),
    ]
}
