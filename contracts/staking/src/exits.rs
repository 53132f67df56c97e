//! Stake on its way out, in pools that a slash can still reach.
//!
//! Whoever can sign must have the money at stake that its power stands for, as long as the signature counts. A set counts
//! while it is the newest, and settlement may accept it for up to `unbonding_seconds` after the next one was made. So an
//! entry leaves `unbonding_seconds` after it began, and as long after the first set that no longer counts it.
//!
//! Entries of one validator share a pool, so that a slash costs the same however many there are. A new pool is opened for
//! a new set, but not more than [`WINDOWS`] times within `unbonding_seconds`: in between, entries join the newest pool, which
//! then answers for the newer set too. That bounds the pools, and nobody can fill them up to keep others in.

use cosmwasm_std::{Addr, Storage, Uint128, Uint64};
use openledger_contract_kit::{ids, Bps, KitError};

use crate::{
    error::ContractError,
    msg::EpochSet,
    stake::Stake,
    state::{
        Ledger, Pool, Unbonding, LAST_POOL, LAST_UNBONDING, LATEST_SET, LIVE_POOLS, POOLS, SET_TIMES, STAKES, UNBONDING,
    },
};

/// Pools opened within one `unbonding_seconds`, at most.
pub const WINDOWS: u64 = 16;
/// Live pools of a validator, at most.
pub const MAX_LIVE_POOLS: usize = 32;

/// Puts `amount`, which left the stake of `validator`, into an unbonding entry of `delegator`.
pub fn enter(
    storage: &mut dyn Storage,
    ledger: &mut Ledger,
    (delegator, validator): (&Addr, &Addr),
    amount: Uint128,
    (now, unbonding_seconds): (u64, u64),
) -> Result<(u64, Unbonding), ContractError> {
    let completes_at = now.checked_add(unbonding_seconds).ok_or(KitError::Overflow { what: "completes_at" })?;
    let set_id = LATEST_SET.may_load(storage)?.unwrap_or_default();
    let mut live = live_pools(storage, validator, now)?;
    let newest = live.last().filter(|(_, pool)| {
        let window_ends =
            pool.opened_at.u64().saturating_add(unbonding_seconds.checked_div(WINDOWS).unwrap_or_default());
        pool.set_id.u64() == set_id || now < window_ends || live.len() >= MAX_LIVE_POOLS
    });
    let (pool_id, mut pool) = match newest {
        Some(newest) => newest.clone(),
        None => {
            let pool_id = ids::next(storage, &LAST_POOL)?;
            let pool = Pool {
                stake: Stake::default(),
                set_id: Uint64::new(set_id),
                opened_at: Uint64::new(now),
                unbonding_seconds: Uint64::new(unbonding_seconds),
            };
            live.push((pool_id, pool.clone()));
            (pool_id, pool)
        }
    };
    let shares = pool.stake.deposit(amount)?;
    pool.set_id = Uint64::new(set_id);
    pool.unbonding_seconds = pool.unbonding_seconds.max(Uint64::new(unbonding_seconds));
    POOLS.save(storage, pool_id, &pool)?;
    LIVE_POOLS.save(storage, validator, &live.into_iter().map(|(pool_id, _)| pool_id).collect())?;

    ledger.unbonding = ledger.unbonding.checked_add(amount)?;
    let entry_id = ids::next(storage, &LAST_UNBONDING)?;
    let entry = Unbonding {
        validator: validator.clone(),
        pool_id: Uint64::new(pool_id),
        shares,
        set_id: Uint64::new(set_id),
        started_at: Uint64::new(now),
        completes_at: Uint64::new(completes_at),
    };
    UNBONDING.save(storage, (delegator, entry_id), &entry)?;
    Ok((entry_id, entry))
}

/// What an entry is worth now.
pub fn worth(storage: &dyn Storage, entry: &Unbonding) -> Result<Uint128, ContractError> {
    POOLS.load(storage, entry.pool_id.u64())?.stake.worth(entry.shares)
}

/// Takes an entry out of its pool; answers with what it is worth.
pub fn leave(storage: &mut dyn Storage, ledger: &mut Ledger, entry: &Unbonding) -> Result<Uint128, ContractError> {
    let pool_id = entry.pool_id.u64();
    let mut pool = POOLS.load(storage, pool_id)?;
    let amount = pool.stake.redeem(entry.shares)?;
    if pool.stake.shares.is_zero() {
        POOLS.remove(storage, pool_id);
    } else {
        POOLS.save(storage, pool_id, &pool)?;
    }
    ledger.unbonding = ledger.unbonding.checked_sub(amount)?;
    Ok(amount)
}

/// Slashes what left `validator` and answers for set `set_id`.
pub fn slash(
    storage: &mut dyn Storage,
    ledger: &mut Ledger,
    validator: &Addr,
    set_id: u64,
    fraction: Bps,
    now: u64,
) -> Result<Uint128, ContractError> {
    let mut total = Uint128::zero();
    // At most 32 pools, and for a young infraction one or two: sets ascend with the pools.
    for pool_id in LIVE_POOLS.may_load(storage, validator)?.unwrap_or_default().into_iter().rev() {
        let Some(mut pool) = POOLS.may_load(storage, pool_id)? else { continue };
        if pool.set_id.u64() < set_id {
            break;
        }
        if is_live(storage, &pool, now)? {
            total = total.checked_add(pool.stake.slash(fraction)?)?;
            POOLS.save(storage, pool_id, &pool)?;
        }
    }
    ledger.unbonding = ledger.unbonding.checked_sub(total)?;
    Ok(total)
}

/// When an entry may leave, as far as the sets made so far tell.
pub fn due_at(
    storage: &dyn Storage,
    set_id: u64,
    completes_at: u64,
    unbonding_seconds: u64,
) -> Result<u64, ContractError> {
    let latest = LATEST_SET.may_load(storage)?.unwrap_or_default();
    // No set existed, or the newest one is still that of the beginning.
    if set_id == 0 || set_id >= latest {
        return Ok(completes_at);
    }
    let superseded_at = SET_TIMES.load(storage, set_id.saturating_add(1))?;
    Ok(superseded_at.saturating_add(unbonding_seconds).max(completes_at))
}

/// First moment at which stake that left under set `set_id` answers for nothing more, whether it was paid out or not.
/// Absent while no newer set was made: it answers until it is paid, or set free.
pub fn answers_until(storage: &dyn Storage, set_id: u64, unbonding_seconds: u64) -> Result<Option<u64>, ContractError> {
    if set_id >= LATEST_SET.may_load(storage)?.unwrap_or_default() {
        return Ok(None);
    }
    let superseded_at = SET_TIMES.load(storage, set_id.saturating_add(1))?;
    Ok(Some(superseded_at.saturating_add(unbonding_seconds)))
}

/// What keeps stake that left under set `set_id` although it is due: that set is `newest`, and counts more of the validator
/// than is bonded.
pub fn overweight(
    storage: &dyn Storage,
    newest: Option<&EpochSet>,
    set_id: Uint64,
    address: &Addr,
) -> Result<Option<ContractError>, ContractError> {
    let Some(set) = newest.filter(|set| set.set_id == set_id) else { return Ok(None) };
    let Some(member) = set.members.iter().find(|member| member.validator == *address) else { return Ok(None) };
    let bonded = STAKES.may_load(storage, address)?.unwrap_or_default().tokens;
    Ok((member.power > bonded).then(|| ContractError::StillInSet {
        set_id: set.set_id.u64(),
        validator: address.clone(),
        power: member.power,
        bonded,
    }))
}

/// Pools that a slash may still reach, oldest first.
fn live_pools(storage: &dyn Storage, validator: &Addr, now: u64) -> Result<Vec<(u64, Pool)>, ContractError> {
    let mut live = Vec::new();
    for pool_id in LIVE_POOLS.may_load(storage, validator)?.unwrap_or_default() {
        let Some(pool) = POOLS.may_load(storage, pool_id)? else { continue };
        if is_live(storage, &pool, now)? {
            live.push((pool_id, pool));
        }
    }
    Ok(live)
}

/// Whether a pool holds something whose wait is not over. The set after the pool's own was made after every entry, so the
/// longest wait counted from there outlasts each of them.
fn is_live(storage: &dyn Storage, pool: &Pool, now: u64) -> Result<bool, ContractError> {
    if pool.stake.tokens.is_zero() {
        return Ok(false);
    }
    let end = answers_until(storage, pool.set_id.u64(), pool.unbonding_seconds.u64())?;
    Ok(end.is_none_or(|end| now < end))
}
