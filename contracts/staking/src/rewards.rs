//! Rewards in proportion to a weight, without a loop: an index of rewards per unit of weight that only grows. One index
//! shares rewards among the tokens of validators, one per validator shares what is left after commission among its shares.
//!
//! Products are 512 bits wide and nothing that rounding leaves over is lost: the index carries its remainder into the
//! next reward, an account carries its fraction of a uopen into its next accrual.

use cosmwasm_std::{Uint128, Uint256, Uint512};

use crate::{
    error::ContractError,
    state::{RewardAccount, RewardIndex},
};

/// Units of the index per uopen.
pub const SCALE: u64 = 1_000_000_000_000_000_000;

impl RewardIndex {
    /// Shares `amount` among `weight`, which is not zero.
    pub fn share(&mut self, amount: Uint128, weight: Uint128) -> Result<(), ContractError> {
        let weight = Uint256::from(weight);
        let units = Uint256::from(amount).checked_mul(Uint256::from(SCALE))?.checked_add(self.remainder)?;
        self.index = self.index.checked_add(units.checked_div(weight)?)?;
        self.remainder = units.checked_rem(weight)?;
        Ok(())
    }
}

impl RewardAccount {
    /// An account that earns from now on.
    pub fn starting(index: &RewardIndex) -> Self {
        Self { index: index.index, ..Self::default() }
    }

    /// What `weight` earned since the last call. Comes before every change of the weight.
    pub fn accrue(&mut self, index: &RewardIndex, weight: Uint128) -> Result<Uint128, ContractError> {
        let growth = index.index.checked_sub(self.index)?;
        let units = Uint256::from(weight).full_mul(growth).checked_add(Uint512::from(self.fraction))?;
        let scale = Uint512::from(SCALE);
        let whole = Uint128::try_from(Uint256::try_from(units.checked_div(scale)?)?)?;
        self.fraction = Uint256::try_from(units.checked_rem(scale)?)?;
        self.index = index.index;
        Ok(whole)
    }
}

#[cfg(test)]
// A test that overflows fails, which is all it needs to do.
#[allow(clippy::arithmetic_side_effects, clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever the order of weights and rewards: nobody is promised more than came in, and at most one uopen per
        /// account and one for the index is held back by rounding.
        #[test]
        fn promises_never_exceed_fundings(
            steps in prop::collection::vec((0usize..5, 1u128..2_000_000_000, any::<bool>()), 1..60),
        ) {
            let mut index = RewardIndex::default();
            let mut accounts = vec![(Uint128::new(1), RewardAccount::default(), Uint128::zero()); 5];
            let mut funded = Uint128::zero();
            for (who, amount, funds) in steps {
                let amount = Uint128::new(amount);
                if funds {
                    index.share(amount, accounts.iter().map(|(weight, _, _)| *weight).sum()).unwrap();
                    funded += amount;
                } else {
                    let (weight, account, earned) = &mut accounts[who];
                    *earned += account.accrue(&index, *weight).unwrap();
                    *weight = amount;
                }
                let mut promised = Uint128::zero();
                for (weight, account, earned) in &accounts {
                    promised += *earned + account.clone().accrue(&index, *weight).unwrap();
                }
                prop_assert!(promised <= funded);
                prop_assert!(funded - promised <= Uint128::new(6));
            }
        }
    }

    #[test]
    fn rewards_smaller_than_the_weight_are_not_lost() {
        let bonded = Uint128::new(7_000_000_000_000_000);
        let mut index = RewardIndex::default();
        for _ in 0..1_000 {
            index.share(Uint128::new(1), bonded).unwrap();
        }
        let earned = RewardAccount::default().accrue(&index, bonded).unwrap();
        assert!(earned >= Uint128::new(999), "{earned}");
    }

    #[test]
    fn the_largest_amounts_do_not_overflow() {
        let mut index = RewardIndex::default();
        index.share(Uint128::MAX, Uint128::new(1)).unwrap();
        assert_eq!(RewardAccount::default().accrue(&index, Uint128::new(1)).unwrap(), Uint128::MAX);
    }
}
