//! Bounds of governance's own parameters, and the rules that a proposal takes from them.

use cosmwasm_std::{Uint128, Uint64};

use crate::{
    error::ContractError,
    msg::{Action, Bps, Params, Rules},
};

/// Everything that exists of OPEN, in `uopen`.
pub const SUPPLY: u128 = 1_000_000_000_000_000;
/// Accounts that may share one deposit.
pub const MAX_DEPOSITORS: u128 = 16;
const MONTH: u64 = 2_592_000;
const YEAR: u64 = 31_536_000;
const FORTNIGHT: u64 = 1_209_600;

impl Params {
    /// Checks every bound that the fields' comments name.
    pub fn validate(&self) -> Result<(), ContractError> {
        let second = |value: Uint64| Uint128::from(value);
        let part = |value: Bps| Uint128::from(value.points());
        let (fast, slow) = (self.expedited_voting_seconds, self.voting_seconds);
        let rows = [
            ("min_deposit", self.min_deposit, 1, SUPPLY),
            ("expedited_min_deposit", self.expedited_min_deposit, self.min_deposit.u128(), SUPPLY),
            ("datanet_min_deposit", self.datanet_min_deposit, 1, SUPPLY),
            ("deposit_seconds", second(self.deposit_seconds), 1, MONTH.into()),
            ("voting_seconds", second(slow), 10, MONTH.into()),
            ("expedited_voting_seconds", second(fast), 5, slow.u64().saturating_sub(1).into()),
            ("timelock_seconds", second(self.timelock_seconds), 0, MONTH.into()),
            (
                "expedited_timelock_seconds",
                second(self.expedited_timelock_seconds),
                0,
                self.timelock_seconds.u64().into(),
            ),
            ("execution_seconds", second(self.execution_seconds), 1, MONTH.into()),
            ("quorum", part(self.quorum), 100, 9_000),
            ("threshold", part(self.threshold), 5_000, 9_000),
            (
                "expedited_threshold",
                part(self.expedited_threshold),
                u128::from(self.threshold.points()).saturating_add(1),
                9_500,
            ),
            ("veto_threshold", part(self.veto_threshold), 1_000, 5_000),
            ("datanet_quorum", part(self.datanet_quorum), 100, 9_000),
            ("max_pause_seconds", second(self.max_pause_seconds), 1, FORTNIGHT.into()),
            ("guardian_term_seconds", second(self.guardian_term_seconds), 1, YEAR.into()),
        ];
        for (name, found, min, max) in rows {
            if !(min..=max).contains(&found.u128()) {
                return Err(ContractError::ParamOutOfBounds {
                    name,
                    found,
                    min: Uint128::new(min),
                    max: Uint128::new(max),
                });
            }
        }
        Ok(())
    }

    /// What holds for a proposal of this kind from its first block on.
    pub fn rules(&self, action: &Action, expedited: bool) -> Rules {
        let mut rules = Rules {
            min_deposit: if expedited { self.expedited_min_deposit } else { self.min_deposit },
            voting_seconds: self.voting_seconds,
            expedited_voting_seconds: self.expedited_voting_seconds,
            timelock_seconds: self.timelock_seconds,
            expedited_timelock_seconds: self.expedited_timelock_seconds,
            execution_seconds: self.execution_seconds,
            quorum: self.quorum,
            threshold: self.threshold,
            expedited_threshold: self.expedited_threshold,
            veto_threshold: self.veto_threshold,
        };
        match action {
            Action::Datanet { .. } => {
                rules.min_deposit = self.datanet_min_deposit;
                rules.quorum = self.datanet_quorum;
            }
            // A pause that waits is no help, and it takes nothing from anybody that a timelock would let leave first.
            Action::EmergencyPause { .. } => {
                rules.timelock_seconds = Uint64::zero();
                rules.expedited_timelock_seconds = Uint64::zero();
            }
            Action::Text {} | Action::Messages { .. } | Action::ParamChange { .. } => {}
        }
        rules
    }

    /// Least deposit that must come with a proposal: the asked part of the minimum, and never less than a new depositor's
    /// least part.
    pub fn initial_deposit(&self, rules: &Rules) -> Uint128 {
        let asked = rules.min_deposit.multiply_ratio(self.initial_deposit.points(), Bps::ONE);
        asked.max(rules.least_part())
    }
}

impl Rules {
    /// Least amount that a new depositor brings, unless less is missing. Sixteen of these reach the minimum, so the list of
    /// depositors cannot be filled before.
    pub fn least_part(&self) -> Uint128 {
        Uint128::new(self.min_deposit.u128().div_ceil(MAX_DEPOSITORS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn sixteen_least_parts_reach_the_minimum(min in 1u128..=SUPPLY) {
            let rules = Rules {
                min_deposit: Uint128::new(min),
                voting_seconds: Uint64::zero(),
                expedited_voting_seconds: Uint64::zero(),
                timelock_seconds: Uint64::zero(),
                expedited_timelock_seconds: Uint64::zero(),
                execution_seconds: Uint64::zero(),
                quorum: Bps::ZERO,
                threshold: Bps::ZERO,
                expedited_threshold: Bps::ZERO,
                veto_threshold: Bps::ZERO,
            };
            let part = rules.least_part().u128();
            prop_assert!(part.checked_mul(MAX_DEPOSITORS).unwrap() >= min);
            prop_assert!(part <= min);
        }
    }
}
