//! Staked tokens that can be slashed without a walk over their owners.
//!
//! Owners hold units. A unit is never worth more than one uopen: a pool begins with as many units as tokens, slashing only
//! takes tokens, and rounding keeps `tokens <= units` (the proof is in `SECURITY.md`). So a deposit loses less than one
//! uopen to rounding, whoever was there before.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::Uint128;
use openledger_contract_kit::Bps;

use crate::error::ContractError;

/// Tokens and the units that own them.
#[cw_serde]
#[derive(Default)]
pub struct Pool {
    /// In `uopen`.
    pub tokens: Uint128,
    /// Sum of the owners' units.
    pub units: Uint128,
    /// Grows when everything was slashed. Units of an earlier generation are worth nothing.
    pub generation: u32,
}

impl Pool {
    /// An empty pool.
    pub fn of_generation(generation: u32) -> Self {
        Self { generation, ..Self::default() }
    }

    /// Adds tokens and returns the units that own them, rounded down.
    pub fn enter(&mut self, tokens: Uint128) -> Result<Uint128, ContractError> {
        let units = if self.units.is_zero() {
            tokens
        } else {
            tokens.checked_multiply_ratio(self.units, self.tokens).map_err(|_| ContractError::PoolWornOut)?
        };
        self.tokens = self.tokens.checked_add(tokens)?;
        self.units = self.units.checked_add(units).map_err(|_| ContractError::PoolWornOut)?;
        Ok(units)
    }

    /// What units are worth, rounded down.
    pub fn worth(&self, units: Uint128) -> Result<Uint128, ContractError> {
        if self.units.is_zero() {
            return Ok(Uint128::zero());
        }
        Ok(self.tokens.checked_multiply_ratio(units, self.units)?)
    }

    /// Takes units and their tokens out.
    pub fn leave(&mut self, units: Uint128) -> Result<Uint128, ContractError> {
        let tokens = self.worth(units)?;
        self.tokens = self.tokens.checked_sub(tokens)?;
        self.units = self.units.checked_sub(units)?;
        Ok(tokens)
    }

    /// Takes a fraction of the tokens away, rounded down. After 100 % a new generation begins, even if nothing was left.
    pub fn slash(&mut self, fraction: Bps) -> Result<Uint128, ContractError> {
        let taken = fraction.of(self.tokens);
        self.tokens = self.tokens.checked_sub(taken)?;
        if fraction.points() == Bps::ONE {
            self.units = Uint128::zero();
            self.generation = self.generation.checked_add(1).ok_or(ContractError::PoolWornOut)?;
        }
        Ok(taken)
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pool(tokens: u128, units: u128) -> Pool {
        Pool { tokens: Uint128::new(tokens), units: Uint128::new(units), generation: 0 }
    }

    proptest! {
        /// Whatever comes, goes and is slashed: a unit is worth at most one uopen, units without tokens do not exist, and a
        /// deposit is worth its amount less at most one uopen, at once.
        #[test]
        fn a_unit_is_never_worth_more_than_one_uopen(
            steps in prop::collection::vec((0u8..3, 1u128..2_000_000_000, 0u16..10_000), 1..80),
        ) {
            let mut pool = Pool::default();
            for (kind, amount, points) in steps {
                match kind {
                    0 => {
                        let units = pool.enter(Uint128::new(amount)).unwrap();
                        prop_assert!(units >= Uint128::new(amount));
                        prop_assert!(pool.worth(units).unwrap() + Uint128::one() >= Uint128::new(amount));
                        prop_assert!(pool.worth(units).unwrap() <= Uint128::new(amount));
                    }
                    1 => {
                        let units = Uint128::new(amount).min(pool.units);
                        pool.leave(units).unwrap();
                    }
                    // At most 50 % here, so that eighty of them do not wear the pool out.
                    _ => {
                        pool.slash(Bps::new(points / 2).unwrap()).unwrap();
                    }
                }
                prop_assert!(pool.tokens <= pool.units);
                prop_assert_eq!(pool.tokens.is_zero(), pool.units.is_zero());
            }
        }
    }

    #[test]
    fn the_last_one_out_takes_everything() {
        let mut it = pool(7, 11);
        assert_eq!(it.leave(Uint128::new(5)).unwrap().u128(), 3);
        assert_eq!(it.leave(Uint128::new(6)).unwrap().u128(), 4);
        assert_eq!(it, pool(0, 0));
    }

    #[test]
    fn losing_everything_begins_a_new_generation() {
        let mut it = pool(7, 11);
        assert_eq!(it.slash(Bps::new(10_000).unwrap()).unwrap().u128(), 7);
        assert_eq!(it, Pool::of_generation(1));
        assert_eq!(it.slash(Bps::new(10_000).unwrap()).unwrap().u128(), 0);
        assert_eq!(it.generation, 2);
    }

    #[test]
    fn a_worn_out_pool_refuses_newcomers_by_name_and_lets_owners_out() {
        let mut it = pool(1, u128::MAX);
        assert_eq!(it.enter(Uint128::new(2)), Err(ContractError::PoolWornOut));
        assert_eq!(it.leave(Uint128::MAX).unwrap().u128(), 1);
    }
}
