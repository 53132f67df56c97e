//! What the contract remembers.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Addr, Empty, StdResult, Storage, Uint128, Uint256, Uint64};
use cw_storage_plus::{Item, Map, SnapshotItem, SnapshotMap, Strategy};
use openledger_contract_kit::{ownership::Ownership, BlsPublicKey, Bps};

use crate::{
    error::ContractError,
    msg::{Commission, Description, Endpoint, EpochSet, Moniker, Params},
    stake::Stake,
};

/// Fixed at instantiation.
pub const TOKEN: Item<Addr> = Item::new("token");
/// Owner and proposed owner.
pub const OWNERSHIP: Item<Ownership> = Item::new("ownership");
/// Windows and bounds.
pub const PARAMS: Item<Params> = Item::new("params");
/// Who may slash; absent until the owner names it, once.
pub const SLASHER: Item<Addr> = Item::new("slasher");
/// Everybody who ever registered.
pub const VALIDATORS: Map<&Addr, Validator> = Map::new("validators");
/// Bonded tokens and shares of each validator, with their history for [`power`](crate::power).
pub const STAKES: SnapshotMap<&Addr, Stake> =
    SnapshotMap::new("stakes", "stakes__check", "stakes__changes", Strategy::EveryBlock);
/// All bonded tokens, with their history.
pub const TOTAL: SnapshotItem<Uint128> =
    SnapshotItem::new("total", "total__check", "total__changes", Strategy::EveryBlock);
/// Candidates by bonded tokens: those that a set may take in, so neither jailed ones nor those that left.
pub const RANKED: Map<(u128, &Addr), Empty> = Map::new("ranked");
/// Shares of a delegator (first) in a validator's stake, with their history.
pub const SHARES: SnapshotMap<(&Addr, &Addr), Uint128> =
    SnapshotMap::new("shares", "shares__check", "shares__changes", Strategy::EveryBlock);
/// Validators that a delegator has shares of, with their history. At most 16 each.
pub const BACKED: SnapshotMap<&Addr, Vec<Addr>> =
    SnapshotMap::new("backed", "backed__check", "backed__changes", Strategy::EveryBlock);
/// What a delegation (delegator first) earned that is not yet in [`CLAIMABLE`].
pub const EARNED: Map<(&Addr, &Addr), RewardAccount> = Map::new("earned");
/// Rewards and commission that an account may claim, whole uopen.
pub const CLAIMABLE: Map<&Addr, Uint128> = Map::new("claimable");
/// Validators that earn, so members of the newest set that are not jailed, by the index over all of them. At most 100.
pub const EARNING: Map<&Addr, RewardAccount> = Map::new("earning");
/// Owner of each key, for ever: a key that left must not come back under another account.
pub const KEYS: Map<&[u8], Addr> = Map::new("keys");
/// Epoch sets, one item each, so that settlement reads a whole set at once.
pub const SETS: Map<u64, EpochSet> = Map::new("sets");
/// Creation time of each set, so that a withdrawal need not read whole sets.
pub const SET_TIMES: Map<u64, u64> = Map::new("set_times");
/// Id of the newest set; absent before the first.
pub const LATEST_SET: Item<u64> = Item::new("latest_set");
/// Unbonding entries by delegator and entry id, so oldest first. At most 32 per delegator.
pub const UNBONDING: Map<(&Addr, u64), Unbonding> = Map::new("unbonding");
/// Last id given to an unbonding entry.
pub const LAST_UNBONDING: Item<u64> = Item::new("last_unbonding");
/// Pools of stake on its way out.
pub const POOLS: Map<u64, Pool> = Map::new("pools");
/// Last id given to a pool.
pub const LAST_POOL: Item<u64> = Item::new("last_pool");
/// Pools of a validator that a slash may still reach, oldest first. At most 32.
pub const LIVE_POOLS: Map<&Addr, Vec<u64>> = Map::new("live_pools");
/// What redelegated stake still answers for, by delegator and the validator that it went to. At most 8 each.
pub const LIENS: Map<(&Addr, &Addr), Vec<Lien>> = Map::new("liens");
/// Slashes of each validator, from 0 without gaps.
pub const SLASHES: Map<(&Addr, u64), SlashRecord> = Map::new("slashes");
/// How many slashes each validator has in [`SLASHES`].
pub const SLASH_COUNTS: Map<&Addr, u64> = Map::new("slash_counts");
/// Node operators. Other contracts read this map from the raw state.
pub const OPERATORS: Map<&Addr, Operator> = Map::new("operators");
/// Totals, kept with every change so that nothing has to be counted.
pub const LEDGER: Item<Ledger> = Item::new("ledger");
/// Rewards per earning token.
pub const REWARD_INDEX: Item<RewardIndex> = Item::new("reward_index");

/// A validator. Its tokens and shares are in [`STAKES`].
#[cw_serde]
pub struct Validator {
    /// Key for attestations.
    pub bls_public_key: BlsPublicKey,
    /// Where its sidecar answers.
    pub endpoint: Endpoint,
    /// A name for people.
    pub moniker: Moniker,
    /// More words for people.
    pub description: Option<Description>,
    /// Its part of what its stake earns.
    pub commission: Commission,
    /// Last change of the commission, seconds.
    pub commission_changed_at: Uint64,
    /// Shares of its own, so its self-bond; zero after it left.
    pub own_shares: Uint128,
    /// Tokens by which it is in [`RANKED`]; absent while no set may take it in.
    pub ranked: Option<Uint128>,
    /// What is left after commission, per share.
    pub per_share: RewardIndex,
    /// First moment of `unjail`, seconds; absent while not jailed.
    pub jailed_until: Option<Uint64>,
    /// Out for ever.
    pub tombstoned: bool,
    /// Block time of registration, seconds.
    pub registered_at: Uint64,
}

/// What one account has earned by an index.
#[cw_serde]
#[derive(Default)]
pub struct RewardAccount {
    /// Reward index already accounted.
    pub index: Uint256,
    /// Part of a uopen below one, in units of 1 / SCALE.
    pub fraction: Uint256,
}

/// Tokens on their way out: shares of a pool.
#[cw_serde]
pub struct Unbonding {
    /// Whose stake it was.
    pub validator: Addr,
    /// Pool that holds the tokens.
    pub pool_id: Uint64,
    /// Shares of the pool.
    pub shares: Uint128,
    /// Newest set when the entry began; zero when there was none.
    pub set_id: Uint64,
    /// Block time of the beginning, seconds.
    pub started_at: Uint64,
    /// First moment of withdrawal when the next set was made at once, seconds.
    pub completes_at: Uint64,
}

/// Unbonding entries of one validator that a slash treats alike.
#[cw_serde]
pub struct Pool {
    /// What the entries own.
    pub stake: Stake,
    /// Newest set at the beginning of the youngest entry. The pool answers for sets up to this one.
    pub set_id: Uint64,
    /// Beginning of the oldest entry, seconds.
    pub opened_at: Uint64,
    /// Longest wait of an entry, seconds.
    pub unbonding_seconds: Uint64,
}

/// Shares that came from another validator and still answer for it. They belong to the delegation, and cannot leave it.
#[cw_serde]
pub struct Lien {
    /// Validator that the stake left.
    pub from: Addr,
    /// Shares of the validator that the stake went to.
    pub shares: Uint128,
    /// Newest set when the stake left. It answers for sets up to this one.
    pub set_id: Uint64,
    /// Block time of the redelegation, seconds.
    pub started_at: Uint64,
    /// End when the next set was made at once, seconds.
    pub completes_at: Uint64,
    /// First entry of [`SLASHES`] of `from` that has not been read for this lien.
    pub next_slash: Uint64,
}

/// A slash, for those liens that it reaches later.
#[cw_serde]
pub struct SlashRecord {
    /// Set of the infraction.
    pub set_id: Uint64,
    /// Of everything that answered for it.
    pub fraction: Bps,
    /// Block time, seconds.
    pub at: Uint64,
}

/// A node operator: the bond that answers for the batches it submits.
#[cw_serde]
pub struct Operator {
    /// Bonded now, in `uopen`; zero after it left.
    pub bond: Uint128,
    /// Parts of the bond on their way out, oldest first; a slash reaches them too. At most 32.
    pub exits: Vec<OperatorExit>,
    /// Out for ever.
    pub barred: bool,
    /// Where its node answers.
    pub endpoint: Endpoint,
    /// A name for people.
    pub moniker: Moniker,
    /// Block time of registration, seconds.
    pub registered_at: Uint64,
}

/// Part of an operator's bond on its way out.
#[cw_serde]
pub struct OperatorExit {
    /// In `uopen`.
    pub amount: Uint128,
    /// First moment of withdrawal, seconds.
    pub completes_at: Uint64,
}

/// Totals in `uopen`.
#[cw_serde]
#[derive(Default)]
pub struct Ledger {
    /// Sum of all stakes.
    pub bonded: Uint128,
    /// Part of `bonded` that earns.
    pub earning: Uint128,
    /// Sum of all unbonding pools.
    pub unbonding: Uint128,
    /// Operators' bonds, those on their way out included.
    pub operators: Uint128,
    /// Rewards received minus rewards claimed.
    pub rewards: Uint128,
    /// Part of `rewards` that nobody has earned yet, because nobody was earning.
    pub orphaned: Uint128,
}

impl Ledger {
    /// Writes the books, and the history of the total.
    pub fn save(&self, storage: &mut dyn Storage, height: u64) -> StdResult<()> {
        if TOTAL.may_load(storage)? != Some(self.bonded) {
            TOTAL.save(storage, &self.bonded, height)?;
        }
        LEDGER.save(storage, self)
    }
}

/// Rewards per token, or per share.
#[cw_serde]
#[derive(Default)]
pub struct RewardIndex {
    /// Sum over all rewards of `amount * SCALE / weight`, rounded down.
    pub index: Uint256,
    /// What rounding left over, in units of 1 / SCALE uopen; part of the next reward.
    pub remainder: Uint256,
}

/// The validator, or a typed error.
pub fn load_validator(storage: &dyn Storage, address: &Addr) -> Result<Validator, ContractError> {
    VALIDATORS.may_load(storage, address)?.ok_or_else(|| ContractError::NotRegistered { validator: address.clone() })
}

/// The operator, or a typed error.
pub fn load_operator(storage: &dyn Storage, address: &Addr) -> Result<Operator, ContractError> {
    OPERATORS.may_load(storage, address)?.ok_or_else(|| ContractError::NotOperator { operator: address.clone() })
}

/// The newest set, if there is one.
pub fn latest_set(storage: &dyn Storage) -> Result<Option<EpochSet>, ContractError> {
    match LATEST_SET.may_load(storage)? {
        Some(set_id) => Ok(Some(SETS.load(storage, set_id)?)),
        None => Ok(None),
    }
}
