//! Rewards in proportion to bonds, without a loop: an index of rewards per bonded token that only grows.
//!
//! Products are 512 bits wide and nothing that rounding leaves over is lost: the index carries its remainder into the
//! next funding, an account carries its fraction of a uopen into its next accrual.

use cosmwasm_std::{Uint128, Uint256, Uint512};

use crate::{
    error::ContractError,
    state::{Ledger, RewardAccount, RewardIndex},
};

/// Units of the index per uopen.
pub const SCALE: u64 = 1_000_000_000_000_000_000;

impl RewardIndex {
    /// Shares `amount` and everything orphaned among the bonds, or banks it when nobody is bonded.
    pub fn fund(&mut self, ledger: &mut Ledger, amount: Uint128) -> Result<(), ContractError> {
        ledger.rewards = ledger.rewards.checked_add(amount)?;
        let waiting = ledger.orphaned.checked_add(amount)?;
        if ledger.bonded.is_zero() {
            ledger.orphaned = waiting;
            return Ok(());
        }
        ledger.orphaned = Uint128::zero();
        let bonded = Uint256::from(ledger.bonded);
        let units = Uint256::from(waiting).checked_mul(Uint256::from(SCALE))?.checked_add(self.remainder)?;
        self.index = self.index.checked_add(units.checked_div(bonded)?)?;
        self.remainder = units.checked_rem(bonded)?;
        Ok(())
    }
}

impl RewardAccount {
    /// An account that earns from now on.
    pub fn starting(index: &RewardIndex) -> Self {
        Self { index: index.index, ..Self::default() }
    }

    /// Books what `bonded` earned since the last call. Comes before every change of the bond.
    pub fn accrue(&mut self, index: &RewardIndex, bonded: Uint128) -> Result<(), ContractError> {
        let growth = index.index.checked_sub(self.index)?;
        let units = Uint256::from(bonded).full_mul(growth).checked_add(Uint512::from(self.fraction))?;
        let scale = Uint512::from(SCALE);
        let whole = Uint128::try_from(Uint256::try_from(units.checked_div(scale)?)?)?;
        self.pending = self.pending.checked_add(whole)?;
        self.fraction = Uint256::try_from(units.checked_rem(scale)?)?;
        self.index = index.index;
        Ok(())
    }
}

#[cfg(test)]
// A test that overflows fails, which is all it needs to do.
#[allow(clippy::arithmetic_side_effects)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever the order of bonds and fundings: nobody is promised more than came in, and at most one uopen per
        /// account and one for the index is held back by rounding.
        #[test]
        fn promises_never_exceed_fundings(
            steps in prop::collection::vec((0usize..5, 0u128..2_000_000_000, any::<bool>()), 1..60),
        ) {
            let mut ledger = Ledger::default();
            let mut index = RewardIndex::default();
            let mut accounts = vec![(Uint128::zero(), RewardAccount::default()); 5];
            for (who, amount, funds) in steps {
                let amount = Uint128::new(amount);
                if funds {
                    index.fund(&mut ledger, amount).unwrap();
                } else {
                    let (bonded, account) = &mut accounts[who];
                    account.accrue(&index, *bonded).unwrap();
                    ledger.bonded = ledger.bonded - *bonded + amount;
                    *bonded = amount;
                }
                let mut promised = ledger.orphaned;
                for (bonded, account) in &accounts {
                    let mut account = account.clone();
                    account.accrue(&index, *bonded).unwrap();
                    promised += account.pending;
                }
                prop_assert!(promised <= ledger.rewards);
                prop_assert!(ledger.rewards - promised <= Uint128::new(6));
            }
        }
    }

    #[test]
    fn funding_smaller_than_the_bonds_is_not_lost() {
        let mut ledger = Ledger { bonded: Uint128::new(7_000_000_000_000_000), ..Ledger::default() };
        let mut index = RewardIndex::default();
        for _ in 0..1_000 {
            index.fund(&mut ledger, Uint128::new(1)).unwrap();
        }
        let mut account = RewardAccount::default();
        account.accrue(&index, ledger.bonded).unwrap();
        assert!(account.pending >= Uint128::new(999), "{}", account.pending);
    }

    #[test]
    fn the_largest_amounts_do_not_overflow() {
        let mut ledger = Ledger { bonded: Uint128::new(1), ..Ledger::default() };
        let mut index = RewardIndex::default();
        index.fund(&mut ledger, Uint128::MAX).unwrap();
        let mut account = RewardAccount::default();
        account.accrue(&index, Uint128::new(1)).unwrap();
        assert_eq!(account.pending, Uint128::MAX);
    }
}
