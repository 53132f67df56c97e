//! Tokens owned in shares: a validator's stake, and a pool of stake on its way out.
//!
//! Slashing lowers the tokens and leaves the shares, so it costs the same however many own them. Nothing but a deposit adds
//! tokens (rewards are kept elsewhere, plain transfers are not counted) and every rounding leaves the dust inside, so a
//! share is never worth more than one uopen: `tokens <= shares`. A deposit of one uopen therefore buys at least one share,
//! and nobody can make shares so dear that somebody else's deposit buys none.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Uint128, Uint256};
use openledger_contract_kit::Bps;

use crate::error::ContractError;

/// Tokens in `uopen`, and the shares they are owned in.
#[cw_serde]
#[derive(Default, Copy)]
pub struct Stake {
    /// In `uopen`.
    pub tokens: Uint128,
    /// Owned by delegators, or by unbonding entries.
    pub shares: Uint128,
}

impl Stake {
    /// Adds tokens; answers with the shares they buy, rounded down. The first deposit buys one share per uopen.
    pub fn deposit(&mut self, amount: Uint128) -> Result<Uint128, ContractError> {
        let bought = if self.shares.is_zero() {
            amount
        } else if self.tokens.is_zero() {
            return Err(ContractError::WorthlessShares);
        } else {
            amount.checked_multiply_ratio(self.shares, self.tokens)?
        };
        if bought.is_zero() {
            return Err(ContractError::ZeroAmount);
        }
        self.tokens = self.tokens.checked_add(amount)?;
        self.shares = self.shares.checked_add(bought)?;
        Ok(bought)
    }

    /// Takes shares out; answers with what they are worth.
    pub fn redeem(&mut self, shares: Uint128) -> Result<Uint128, ContractError> {
        let worth = self.worth(shares)?;
        self.shares = self.shares.checked_sub(shares)?;
        self.tokens = self.tokens.checked_sub(worth)?;
        Ok(worth)
    }

    /// What shares are worth, rounded down.
    pub fn worth(&self, shares: Uint128) -> Result<Uint128, ContractError> {
        if self.shares.is_zero() {
            return Ok(Uint128::zero());
        }
        Ok(shares.checked_multiply_ratio(self.tokens, self.shares)?)
    }

    /// Fewest shares that are worth `amount`. Because no share is worth more than one uopen, they are worth exactly that.
    pub fn shares_for(&self, amount: Uint128) -> Result<Uint128, ContractError> {
        if self.tokens.is_zero() {
            return Err(ContractError::WorthlessShares);
        }
        ratio_up(amount, self.shares, self.tokens)
    }

    /// Fewest shares out of `shares` that are a fraction of them, and of what they are worth: both rounded up, so that
    /// nobody saves a uopen by splitting a stake.
    pub fn fraction_of(&self, shares: Uint128, fraction: Bps) -> Result<Uint128, ContractError> {
        let part = part_up(shares, fraction)?;
        let amount = part_up(self.worth(shares)?, fraction)?;
        // Where something is worth an amount there are tokens.
        Ok(if amount.is_zero() { part } else { part.max(self.shares_for(amount)?) })
    }

    /// Takes a fraction of the tokens, rounded up.
    pub fn slash(&mut self, fraction: Bps) -> Result<Uint128, ContractError> {
        let taken = part_up(self.tokens, fraction)?;
        self.tokens = self.tokens.checked_sub(taken)?;
        Ok(taken)
    }
}

/// A fraction of an amount, rounded up.
pub fn part_up(amount: Uint128, fraction: Bps) -> Result<Uint128, ContractError> {
    ratio_up(amount, Uint128::from(fraction.points()), Uint128::from(Bps::ONE))
}

/// `amount * numerator / denominator`, rounded up; 256 bits wide in between.
fn ratio_up(amount: Uint128, numerator: Uint128, denominator: Uint128) -> Result<Uint128, ContractError> {
    let (product, denominator) = (amount.full_mul(numerator), Uint256::from(denominator));
    let floor = product.checked_div(denominator)?;
    let rest = product.checked_rem(denominator)?;
    Ok(Uint128::try_from(if rest.is_zero() { floor } else { floor.checked_add(Uint256::one())? })?)
}

#[cfg(test)]
// A test that unwraps or overflows fails, which is all it needs to do.
#[allow(clippy::arithmetic_side_effects, clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, Clone)]
    enum Step {
        Deposit(usize, u128),
        Withdraw(usize, u128),
        Leave(usize),
        Slash(u16),
    }

    fn step() -> impl Strategy<Value = Step> {
        let who = 0usize..4;
        prop_oneof![
            (who.clone(), 1u128..1_000_000).prop_map(|(who, amount)| Step::Deposit(who, amount)),
            (who.clone(), 1u128..1_000_000).prop_map(|(who, amount)| Step::Withdraw(who, amount)),
            who.prop_map(Step::Leave),
            (0u16..=10_000).prop_map(Step::Slash),
        ]
    }

    proptest! {
        /// A fraction never leaves more than the rest of a stake, never is more than all of it, and costs nobody else.
        #[test]
        fn a_fraction_is_rounded_up_in_shares_and_in_worth(
            (shares, others) in (1u128..1_000_000, 1u128..1_000_000),
            lost in 0u16..=10_000,
            points in 0u16..=10_000,
        ) {
            let all = Uint128::new(shares + others);
            let mut stake = Stake { tokens: all, shares: all };
            stake.slash(Bps::new(lost).unwrap()).unwrap();
            let (shares, others) = (Uint128::new(shares), Uint128::new(others));
            let (before, rest) = (stake.worth(shares).unwrap(), stake.worth(others).unwrap());
            let taken = stake.fraction_of(shares, Bps::new(points).unwrap()).unwrap();
            let burned = stake.redeem(taken).unwrap();
            prop_assert!(taken <= shares && burned <= before);
            prop_assert!(taken.u128() * 10_000 >= shares.u128() * u128::from(points));
            prop_assert!(burned.u128() * 10_000 >= before.u128() * u128::from(points));
            prop_assert!(stake.worth(others).unwrap() >= rest);
        }

        /// Nothing is ever owned twice, no share is worth more than one uopen, and nobody gains by rounding.
        #[test]
        fn a_share_is_never_worth_more_than_one_uopen(steps in prop::collection::vec(step(), 1..60)) {
            let mut stake = Stake::default();
            let mut owned = [Uint128::zero(); 4];
            for step in steps {
                let before: Vec<Uint128> = owned.iter().map(|shares| stake.worth(*shares).unwrap()).collect();
                let acted;
                match step {
                    Step::Deposit(who, amount) => {
                        let amount = Uint128::new(amount);
                        acted = who;
                        let worthless = stake.tokens.is_zero() && !stake.shares.is_zero();
                        match stake.deposit(amount) {
                            Ok(bought) => {
                                prop_assert!(bought >= amount);
                                owned[who] += bought;
                                prop_assert!(stake.worth(owned[who]).unwrap() <= before[who] + amount);
                            }
                            // Shares beyond 128 bits, after many slashes.
                            Err(error) => prop_assert!(worthless || stake.shares > Uint128::new(1 << 100), "{error}"),
                        }
                    }
                    Step::Withdraw(who, amount) => {
                        let amount = Uint128::new(amount);
                        acted = who;
                        if amount <= before[who] {
                            let shares = stake.shares_for(amount).unwrap();
                            prop_assert!(shares <= owned[who]);
                            prop_assert_eq!(stake.redeem(shares).unwrap(), amount);
                            owned[who] -= shares;
                        }
                    }
                    Step::Leave(who) => {
                        acted = who;
                        prop_assert_eq!(stake.redeem(owned[who]).unwrap(), before[who]);
                        owned[who] = Uint128::zero();
                    }
                    Step::Slash(points) => {
                        let tokens = stake.tokens;
                        let taken = stake.slash(Bps::new(points).unwrap()).unwrap();
                        prop_assert_eq!(taken, tokens - stake.tokens);
                        prop_assert!(taken * Uint128::new(10_000) >= tokens * Uint128::from(points));
                        continue;
                    }
                }
                prop_assert_eq!(owned.iter().sum::<Uint128>(), stake.shares);
                prop_assert!(stake.tokens <= stake.shares);
                let worth: Vec<Uint128> = owned.iter().map(|shares| stake.worth(*shares).unwrap()).collect();
                prop_assert!(worth.iter().sum::<Uint128>() <= stake.tokens);
                for who in (0..4).filter(|who| *who != acted) {
                    // Nobody loses by what others do, except by a slash.
                    prop_assert!(worth[who] >= before[who]);
                }
            }
        }
    }
}
