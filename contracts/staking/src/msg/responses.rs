//! What queries answer. Part of [`crate::msg`], which re-exports it.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Addr, Uint128, Uint64};

use super::{BlsPublicKey, Commission, Description, Endpoint, Moniker, Ownership, Params};

/// Answer of `config`.
#[cw_serde]
pub struct ConfigResponse {
    /// Who may update parameters, and who was proposed next.
    pub ownership: Ownership,
    /// The bonded token.
    pub token: Addr,
    /// Windows and bounds.
    pub params: Params,
    /// Who may slash; absent until the owner names it.
    pub slasher: Option<Addr>,
}

/// Answer of `validator`.
#[cw_serde]
pub struct ValidatorResponse {
    /// Its account.
    pub validator: Addr,
    /// Compressed G1 point, 48 bytes in hex.
    pub bls_public_key: BlsPublicKey,
    /// Where its sidecar answers.
    pub endpoint: Endpoint,
    /// A name for people.
    pub moniker: Moniker,
    /// Bonded now by itself and by others, in `uopen`.
    pub bonded: Uint128,
    /// Its own part of `bonded`; zero after it left.
    pub self_bond: Uint128,
    /// Shares in which `bonded` is owned.
    pub shares: Uint128,
    /// Its part of what its stake earns.
    pub commission: Commission,
    /// More words for people.
    pub description: Option<Description>,
    /// First second of `unjail`; absent while not jailed.
    pub jailed_until: Option<Uint64>,
    /// Out for ever.
    pub tombstoned: bool,
    /// Block time of registration, in seconds.
    pub registered_at: Uint64,
}

/// Answer of `validators`.
#[cw_serde]
pub struct ValidatorsResponse {
    /// By ascending address.
    pub validators: Vec<ValidatorResponse>,
}

/// The validators that may attest an epoch. Never changes once made.
#[cw_serde]
pub struct EpochSet {
    /// Consecutive, from 1.
    pub set_id: Uint64,
    /// By ascending address; an absentee's index points into this list.
    pub members: Vec<SetMember>,
    /// Sum of the members' power.
    pub total_power: Uint128,
    /// Sum of the members' public keys, 48 bytes in hex; absent when there are no members.
    pub aggregate_public_key: Option<BlsPublicKey>,
    /// Block time of the snapshot, in seconds.
    pub created_at: Uint64,
}

/// One member of a set.
#[cw_serde]
pub struct SetMember {
    /// Account.
    pub validator: Addr,
    /// Compressed G1 point, 48 bytes in hex.
    pub bls_public_key: BlsPublicKey,
    /// Bonded tokens at the snapshot, in `uopen`.
    pub power: Uint128,
}

/// Answer of `unbonding`.
#[cw_serde]
pub struct UnbondingResponse {
    /// Oldest first.
    pub entries: Vec<UnbondingEntryResponse>,
    /// Sum of the entries, in `uopen`.
    pub total: Uint128,
}

/// One unbonding entry.
#[cw_serde]
pub struct UnbondingEntryResponse {
    /// Unique within the contract.
    pub entry_id: Uint64,
    /// Whose stake it was.
    pub validator: Addr,
    /// In `uopen`, slashes counted.
    pub amount: Uint128,
    /// Newest epoch set when the entry began; zero when there was none. What the money did up to this set stays its
    /// liability.
    pub set_id: Uint64,
    /// Block time of `unbond`, in seconds.
    pub started_at: Uint64,
    /// First second of `withdraw_unbonded`; later when the next set was made later than `started_at`.
    pub completes_at: Uint64,
}

/// Answer of `rewards`.
#[cw_serde]
pub struct RewardsResponse {
    /// In `uopen`.
    pub claimable: Uint128,
}

/// Answer of `delegations`.
#[cw_serde]
pub struct DelegationsResponse {
    /// Oldest first.
    pub delegations: Vec<DelegationResponse>,
    /// Sum of the amounts, in `uopen`.
    pub total: Uint128,
}

/// One delegation.
#[cw_serde]
pub struct DelegationResponse {
    /// Whose stake.
    pub validator: Addr,
    /// Shares of that stake.
    pub shares: Uint128,
    /// What they are worth, in `uopen`.
    pub amount: Uint128,
}

/// Answer of `redelegations`.
#[cw_serde]
pub struct RedelegationsResponse {
    /// By the validator that the stake went to, oldest first.
    pub redelegations: Vec<RedelegationResponse>,
}

/// Part of a delegation that came from another validator.
#[cw_serde]
pub struct RedelegationResponse {
    /// Validator that it left.
    pub from: Addr,
    /// Validator that it went to, whose delegation it is part of.
    pub to: Addr,
    /// Shares of `to` that cannot leave.
    pub shares: Uint128,
    /// What they are worth before the unread slashes, in `uopen`.
    pub amount: Uint128,
    /// Newest epoch set when it left `from`. What `from` did up to this set stays its liability.
    pub set_id: Uint64,
    /// Block time of `redelegate`, in seconds.
    pub started_at: Uint64,
    /// First second without the liability; later when the next set was made later than `started_at`.
    pub completes_at: Uint64,
    /// Slashes of `from` that `settle_redelegations` has not read yet.
    pub unread_slashes: Uint64,
}

/// Answer of `operator`.
#[cw_serde]
pub struct OperatorResponse {
    /// Its account.
    pub operator: Addr,
    /// Bonded now, in `uopen`; zero after it left.
    pub bond: Uint128,
    /// On its way out, in `uopen`.
    pub unbonding: Uint128,
    /// Out for ever.
    pub barred: bool,
    /// Where its node answers.
    pub endpoint: Endpoint,
    /// A name for people.
    pub moniker: Moniker,
    /// Block time of registration, in seconds.
    pub registered_at: Uint64,
}

/// Answer of `power_at` and `total_power_at`.
#[cw_serde]
pub struct PowerResponse {
    /// In `uopen`.
    pub power: Uint128,
    /// Block at whose start it counted.
    pub height: Uint64,
}

/// Answer of `solvency`. `bonded + unbonding + operators + rewards` is never above `held`.
#[cw_serde]
pub struct SolvencyResponse {
    /// Bonded by all validators.
    pub bonded: Uint128,
    /// In unbonding entries.
    pub unbonding: Uint128,
    /// Bonded by operators, what is on its way out included.
    pub operators: Uint128,
    /// Rewards received and not yet claimed, orphaned ones included.
    pub rewards: Uint128,
    /// Part of `rewards` that arrived while nobody was earning; shared out with the next funding.
    pub orphaned: Uint128,
    /// Tokens on the contract's account.
    pub held: Uint128,
    /// Whether `held` covers the four.
    pub solvent: bool,
}
