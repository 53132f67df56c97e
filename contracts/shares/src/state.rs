//! What the contract remembers, beside what cw20-base keeps (balances, allowances, supply, marketing).

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Addr, Storage, Uint128, Uint64};
use cw_storage_plus::{Item, Map};

use crate::{
    error::ContractError,
    history::History,
    income::{IncomeAccount, IncomeIndex, Stream},
    msg::{CommonsPart, Params},
    pool::Pool,
};

/// The Datanets contract; fixed at instantiation.
pub const DATANETS: Item<Addr> = Item::new("datanets");
/// Which Datanet; fixed at instantiation.
pub const DATANET_ID: Item<u64> = Item::new("datanet_id");
/// OPEN; fixed at instantiation.
pub const TOKEN: Item<Addr> = Item::new("open_token");
/// Price, caps and windows.
pub const PARAMS: Item<Params> = Item::new("params");
/// Absent until it is set.
pub const COMMONS: Item<CommonsPart> = Item::new("commons");
/// Totals, kept with every change so that nothing has to be counted.
pub const LEDGER: Item<Ledger> = Item::new("ledger");
/// Income on its way to holders.
pub const STREAM: Item<Stream> = Item::new("stream");
/// Released income per share.
pub const INDEX: Item<IncomeIndex> = Item::new("income_index");
/// Earned income by account.
pub const HOLDERS: Map<&Addr, IncomeAccount> = Map::new("holders");
/// Income of the last periods.
pub const HISTORY: Item<History> = Item::new("history");
/// All staked backing.
pub const POOL: Item<Pool> = Item::new("pool");
/// Stake by backer.
pub const POSITIONS: Map<&Addr, Position> = Map::new("positions");
/// Released backing by its end, always the end of a day. At most 32 of them have their end ahead.
pub const UNBACKING_POOLS: Map<u64, Pool> = Map::new("unbacking_pools");
/// Released backing by backer and end.
pub const UNBACKING: Map<(&Addr, u64), Units> = Map::new("unbacking");
/// Shares minted by contribution, so that none mints twice.
pub const MINTED: Map<u64, Uint128> = Map::new("minted");
/// What was minted for contributions today.
pub const MINT_DAY: Item<MintDay> = Item::new("mint_day");

/// A backer's stake.
#[cw_serde]
#[derive(Default)]
pub struct Position {
    /// Part of the pool.
    pub units: Uint128,
    /// Generation of the pool that the units belong to.
    pub generation: u32,
    /// Shares that were issued for it and have to come back.
    pub shares: Uint128,
}

/// Part of a pool of released backing.
#[cw_serde]
#[derive(Default)]
pub struct Units {
    /// Part of the pool.
    pub units: Uint128,
    /// Generation of the pool that the units belong to.
    pub generation: u32,
}

/// Totals.
#[cw_serde]
#[derive(Default)]
pub struct Ledger {
    /// Sum of all pools of released backing, in `uopen`.
    pub unbacking: Uint128,
    /// Income received minus income claimed, in `uopen`.
    pub income: Uint128,
    /// Income ever received, in `uopen`.
    pub received: Uint128,
    /// Income ever claimed, in `uopen`.
    pub claimed: Uint128,
    /// Shares issued against backing and not given back.
    pub backed_shares: Uint128,
    /// Shares ever issued for contributions.
    pub contribution_shares: Uint128,
}

/// What was minted in a day.
#[cw_serde]
#[derive(Default)]
pub struct MintDay {
    /// Days since 1970 (UTC).
    pub day: Uint64,
    /// Shares.
    pub minted: Uint128,
}

/// The backer's stake; nothing when it never backed, or when all was slashed since.
pub fn position(storage: &dyn Storage, pool: &Pool, backer: &Addr) -> Result<Position, ContractError> {
    let position = POSITIONS.may_load(storage, backer)?.unwrap_or_default();
    if position.generation == pool.generation {
        Ok(position)
    } else {
        Ok(Position { generation: pool.generation, ..Position::default() })
    }
}

/// The pool of released backing with this end; an empty one of the backing's generation when there is none.
pub fn unbacking_pool(storage: &dyn Storage, ends_at: u64) -> Result<Pool, ContractError> {
    match UNBACKING_POOLS.may_load(storage, ends_at)? {
        Some(pool) => Ok(pool),
        None => Ok(Pool::of_generation(POOL.load(storage)?.generation)),
    }
}

/// What units of a pool of released backing are worth: nothing when they belong to an earlier generation.
pub fn live_units(pool: &Pool, entry: &Units) -> Uint128 {
    if entry.generation == pool.generation {
        entry.units
    } else {
        Uint128::zero()
    }
}

/// What can be minted for contributions on this day.
pub fn contributions_left(storage: &dyn Storage, now: u64) -> Result<Uint128, ContractError> {
    let params = PARAMS.load(storage)?;
    let today = mint_day(storage, now)?;
    let by_day = params.max_contribution_shares_per_day.saturating_sub(today.minted);
    let by_total = params.max_contribution_shares.saturating_sub(LEDGER.load(storage)?.contribution_shares);
    Ok(by_day.min(by_total))
}

/// What was minted today.
pub fn mint_day(storage: &dyn Storage, now: u64) -> Result<MintDay, ContractError> {
    let day = Uint64::new(now / 86_400);
    let stored = MINT_DAY.may_load(storage)?.unwrap_or_default();
    Ok(if stored.day == day { stored } else { MintDay { day, minted: Uint128::zero() } })
}
