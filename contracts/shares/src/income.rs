//! Income in proportion to shares, without a loop: a stream that releases what arrived evenly over time, and an index of
//! released income per share that only grows.
//!
//! The stream is why nobody gains by backing just before a payment: what arrives is earned by those who hold shares during
//! the time after it. Its clock stands still while nobody holds a share, so income without holders waits for them.
//!
//! Products are 256 or 512 bits wide and nothing that rounding leaves over is lost: the stream keeps what it has not
//! released, the index carries its remainder, an account carries its fraction of a uopen.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Addr, Storage, Timestamp, Uint128, Uint256, Uint512, Uint64};
use cw20_base::state::{BALANCES, TOKEN_INFO};

use crate::{
    error::ContractError,
    state::{HOLDERS, INDEX, STREAM},
};

/// Units of the index per uopen.
pub const SCALE: u64 = 1_000_000_000_000_000_000;
const NANOS: u64 = 1_000_000_000;

/// Income on its way to the holders.
#[cw_serde]
#[derive(Default)]
pub struct Stream {
    /// In `uopen`.
    pub remaining: Uint128,
    /// Nanoseconds until all of it is released, counted only while somebody holds shares.
    pub left: Uint64,
    /// Block time of the last release, in nanoseconds.
    pub updated_at: Uint64,
}

/// Released income per share.
#[cw_serde]
#[derive(Default)]
pub struct IncomeIndex {
    /// Sum over all releases of `amount * SCALE / supply`, rounded down.
    pub index: Uint256,
    /// What rounding left over, in units of 1 / SCALE uopen; part of the next release.
    pub remainder: Uint256,
}

/// What one account has earned.
#[cw_serde]
#[derive(Default)]
pub struct IncomeAccount {
    /// Index already accounted.
    pub index: Uint256,
    /// Whole uopen to claim.
    pub pending: Uint128,
    /// Part of a uopen below one, in units of 1 / SCALE.
    pub fraction: Uint256,
}

impl Stream {
    /// What is due since the last call. Never more than what is left, and all of it at the end.
    pub fn release(&mut self, now: Timestamp, supply: Uint128) -> Result<Uint128, ContractError> {
        let elapsed = now.nanos().saturating_sub(self.updated_at.u64());
        self.updated_at = Uint64::new(now.nanos());
        if supply.is_zero() {
            return Ok(Uint128::zero());
        }
        let left = self.left.u64();
        let step = elapsed.min(left);
        let due = if step == left {
            self.remaining
        } else {
            self.remaining.checked_multiply_ratio(Uint128::from(step), Uint128::from(left))?
        };
        self.left = Uint64::new(left.saturating_sub(step));
        self.remaining = self.remaining.checked_sub(due)?;
        Ok(due)
    }

    /// Adds income that is to be released over `seconds`. What was on its way keeps its time: the new end is the average of
    /// both, weighted by amounts, so that dust can neither stretch nor shorten the way of others.
    pub fn add(&mut self, amount: Uint128, seconds: u64) -> Result<(), ContractError> {
        let old = Uint256::from(self.remaining).checked_mul(Uint256::from(self.left.u64()))?;
        let span = Uint256::from(seconds).checked_mul(Uint256::from(NANOS))?;
        let new = Uint256::from(amount).checked_mul(span)?;
        self.remaining = self.remaining.checked_add(amount)?;
        if !self.remaining.is_zero() {
            let left = old.checked_add(new)?.checked_div(Uint256::from(self.remaining))?;
            self.left = Uint64::try_from(Uint128::try_from(left)?)?.max(Uint64::one());
        }
        Ok(())
    }
}

impl IncomeIndex {
    /// Shares `amount` among all shares. Nothing is released while there are none.
    pub fn share(&mut self, amount: Uint128, supply: Uint128) -> Result<(), ContractError> {
        if supply.is_zero() {
            return Ok(());
        }
        let supply = Uint256::from(supply);
        let units = Uint256::from(amount).checked_mul(Uint256::from(SCALE))?.checked_add(self.remainder)?;
        self.index = self.index.checked_add(units.checked_div(supply)?)?;
        self.remainder = units.checked_rem(supply)?;
        Ok(())
    }
}

impl IncomeAccount {
    /// Books what `shares` earned since the last call. Comes before every change of the balance.
    pub fn accrue(&mut self, index: &IncomeIndex, shares: Uint128) -> Result<(), ContractError> {
        let growth = index.index.checked_sub(self.index)?;
        let units = Uint256::from(shares).full_mul(growth).checked_add(Uint512::from(self.fraction))?;
        let scale = Uint512::from(SCALE);
        let whole = Uint128::try_from(Uint256::try_from(units.checked_div(scale)?)?)?;
        self.pending = self.pending.checked_add(whole)?;
        self.fraction = Uint256::try_from(units.checked_rem(scale)?)?;
        self.index = index.index;
        Ok(())
    }
}

/// Stream and index as they are now; nothing is stored.
pub fn at(storage: &dyn Storage, now: Timestamp) -> Result<(Stream, IncomeIndex), ContractError> {
    let (mut stream, mut index) = (STREAM.load(storage)?, INDEX.load(storage)?);
    let supply = TOKEN_INFO.load(storage)?.total_supply;
    let due = stream.release(now, supply)?;
    index.share(due, supply)?;
    Ok((stream, index))
}

/// What an account can claim now, booked into it; nothing is stored.
pub fn account_at(storage: &dyn Storage, index: &IncomeIndex, account: &Addr) -> Result<IncomeAccount, ContractError> {
    let shares = BALANCES.may_load(storage, account)?.unwrap_or_default();
    let mut holder = HOLDERS.may_load(storage, account)?.unwrap_or_default();
    holder.accrue(index, shares)?;
    Ok(holder)
}

/// Releases what is due and books it for these accounts. Comes before every change of a balance or of the supply.
pub fn touch(storage: &mut dyn Storage, now: Timestamp, accounts: &[&Addr]) -> Result<(), ContractError> {
    let (stream, index) = at(storage, now)?;
    STREAM.save(storage, &stream)?;
    INDEX.save(storage, &index)?;
    for account in accounts {
        let holder = account_at(storage, &index, account)?;
        HOLDERS.save(storage, account, &holder)?;
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seconds(seconds: u64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn big(number: u128) -> Uint128 {
        Uint128::new(number)
    }

    #[test]
    fn releases_evenly_and_everything_at_the_end() {
        let mut stream = Stream { updated_at: Uint64::new(seconds(100).nanos()), ..Stream::default() };
        stream.add(big(1_000), 100).unwrap();
        assert_eq!(stream.release(seconds(100), big(1)).unwrap(), big(0));
        assert_eq!(stream.release(seconds(125), big(1)).unwrap(), big(250));
        assert_eq!(stream.release(seconds(150), big(1)).unwrap(), big(250));
        assert_eq!(stream.release(seconds(200), big(1)).unwrap(), big(500));
        assert_eq!(stream.release(seconds(900), big(1)).unwrap(), big(0));
    }

    #[test]
    fn stands_still_while_nobody_holds_a_share() {
        let mut stream = Stream { updated_at: Uint64::new(seconds(100).nanos()), ..Stream::default() };
        stream.add(big(1_000), 100).unwrap();
        assert_eq!(stream.release(seconds(900), big(0)).unwrap(), big(0));
        assert_eq!(stream.release(seconds(950), big(1)).unwrap(), big(500));
    }

    #[test]
    fn dust_neither_stretches_nor_shortens_the_stream() {
        let mut stream = Stream::default();
        stream.add(big(1_000_000_000), 1_000).unwrap();
        stream.release(seconds(500), big(1)).unwrap();
        for _ in 0..1_000 {
            stream.add(big(1), 1_000).unwrap();
        }
        let left = stream.left.u64();
        assert!((500 * NANOS - 1_000..500 * NANOS + NANOS / 100).contains(&left), "{left}");
    }

    /// A stream that is smaller than its duration in seconds loses nothing, however often it is asked.
    #[test]
    fn a_stream_smaller_than_its_duration_is_not_lost() {
        let mut stream = Stream::default();
        stream.add(big(7), 1_000).unwrap();
        let released: u128 = (1..=1_000).map(|now| stream.release(seconds(now), big(1)).unwrap().u128()).sum();
        assert_eq!(released, 7);
    }

    proptest! {
        /// Whatever the order of balances and releases: nobody is promised more than came in, and at most one uopen per
        /// account and one for the index is held back by rounding.
        #[test]
        fn promises_never_exceed_releases(
            steps in prop::collection::vec((0usize..5, 0u128..2_000_000_000, any::<bool>()), 1..60),
        ) {
            let (mut index, mut released, mut supply) = (IncomeIndex::default(), 0u128, 0u128);
            let mut accounts = vec![(0u128, IncomeAccount::default()); 5];
            for (who, amount, shares_out) in steps {
                if shares_out {
                    if supply > 0 {
                        index.share(big(amount), big(supply)).unwrap();
                        released += amount;
                    }
                } else {
                    let (shares, account) = &mut accounts[who];
                    account.accrue(&index, big(*shares)).unwrap();
                    supply = supply - *shares + amount;
                    *shares = amount;
                }
                let mut promised = 0u128;
                for (shares, account) in &accounts {
                    let mut account = account.clone();
                    account.accrue(&index, big(*shares)).unwrap();
                    promised += account.pending.u128();
                }
                prop_assert!(promised <= released);
                prop_assert!(released - promised <= 6);
            }
        }
    }

    #[test]
    fn the_largest_amounts_do_not_overflow() {
        let mut index = IncomeIndex::default();
        index.share(Uint128::MAX, big(1)).unwrap();
        let mut account = IncomeAccount::default();
        account.accrue(&index, big(1)).unwrap();
        assert_eq!(account.pending, Uint128::MAX);
        let mut stream = Stream::default();
        stream.add(Uint128::MAX, 2_592_000).unwrap();
        assert!(stream.release(seconds(1), Uint128::MAX).unwrap() < Uint128::MAX);
    }
}
