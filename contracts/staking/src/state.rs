//! What the contract remembers.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Addr, Empty, Storage, Uint128, Uint256, Uint64};
use cw_storage_plus::{Item, Map};
use openledger_contract_kit::{ownership::Ownership, BlsPublicKey};

use crate::{
    error::ContractError,
    msg::{Endpoint, EpochSet, Moniker, Params},
};

/// Fixed at instantiation.
pub const TOKEN: Item<Addr> = Item::new("token");
/// Owner and proposed owner.
pub const OWNERSHIP: Item<Ownership> = Item::new("ownership");
/// Windows and bounds.
pub const PARAMS: Item<Params> = Item::new("params");
/// Everybody who ever registered.
pub const VALIDATORS: Map<&Addr, Validator> = Map::new("validators");
/// Validators with a bond, so that a snapshot never walks over those that left. At most 100 entries.
pub const BONDED: Map<&Addr, Empty> = Map::new("bonded");
/// Owner of each key, for ever: a key that left must not come back under another account.
pub const KEYS: Map<&[u8], Addr> = Map::new("keys");
/// Epoch sets, one item each, so that settlement reads a whole set at once.
pub const SETS: Map<u64, EpochSet> = Map::new("sets");
/// Creation time of each set, so that a withdrawal need not read whole sets.
pub const SET_TIMES: Map<u64, u64> = Map::new("set_times");
/// Id of the newest set; absent before the first.
pub const LATEST_SET: Item<u64> = Item::new("latest_set");
/// Unbonding entries by validator and entry id, so oldest first. At most 32 per validator.
pub const UNBONDING: Map<(&Addr, u64), Unbonding> = Map::new("unbonding");
/// Last id given to an unbonding entry.
pub const LAST_UNBONDING: Item<u64> = Item::new("last_unbonding");
/// Totals, kept with every change so that nothing has to be counted.
pub const LEDGER: Item<Ledger> = Item::new("ledger");
/// Rewards per bonded token.
pub const REWARD_INDEX: Item<RewardIndex> = Item::new("reward_index");

/// A validator.
#[cw_serde]
pub struct Validator {
    /// Key for attestations.
    pub bls_public_key: BlsPublicKey,
    /// Where its sidecar answers.
    pub endpoint: Endpoint,
    /// A name for people.
    pub moniker: Moniker,
    /// Bonded now; zero after it left.
    pub bonded: Uint128,
    /// Rewards up to `index`.
    pub rewards: RewardAccount,
    /// Block time of registration, seconds.
    pub registered_at: Uint64,
    /// Open unbonding entries.
    pub unbonding_entries: u32,
}

/// What one validator has earned.
#[cw_serde]
#[derive(Default)]
pub struct RewardAccount {
    /// Reward index already accounted.
    pub index: Uint256,
    /// Whole uopen to claim.
    pub pending: Uint128,
    /// Part of a uopen below one, in units of 1 / SCALE.
    pub fraction: Uint256,
}

/// Tokens on their way out.
#[cw_serde]
pub struct Unbonding {
    /// In `uopen`.
    pub amount: Uint128,
    /// Newest set when the entry began; zero when there was none.
    pub set_id: Uint64,
    /// Block time of `unbond`, seconds.
    pub started_at: Uint64,
    /// First moment of withdrawal when the next set was made at once, seconds.
    pub completes_at: Uint64,
}

/// Totals in `uopen`.
#[cw_serde]
#[derive(Default)]
pub struct Ledger {
    /// Sum of all bonds.
    pub bonded: Uint128,
    /// Sum of all unbonding entries.
    pub unbonding: Uint128,
    /// Rewards received minus rewards claimed.
    pub rewards: Uint128,
    /// Part of `rewards` that nobody has earned yet, because nobody was bonded.
    pub orphaned: Uint128,
    /// Bonded validators.
    pub validators: u32,
}

/// Rewards per bonded token.
#[cw_serde]
#[derive(Default)]
pub struct RewardIndex {
    /// Sum over all fundings of `amount * SCALE / bonded`, rounded down.
    pub index: Uint256,
    /// What rounding left over, in units of 1 / SCALE uopen; part of the next funding.
    pub remainder: Uint256,
}

/// The validator, or a typed error.
pub fn load_validator(storage: &dyn Storage, address: &Addr) -> Result<Validator, ContractError> {
    VALIDATORS.may_load(storage, address)?.ok_or_else(|| ContractError::NotRegistered { validator: address.clone() })
}

/// The newest set, if there is one.
pub fn latest_set(storage: &dyn Storage) -> Result<Option<EpochSet>, ContractError> {
    match LATEST_SET.may_load(storage)? {
        Some(set_id) => Ok(Some(SETS.load(storage, set_id)?)),
        None => Ok(None),
    }
}
