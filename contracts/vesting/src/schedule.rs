//! When tokens vest: nothing before the cliff, then in proportion to the time since the start, all of it at the end.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Uint128, Uint64};

use crate::error::ContractError;

/// Ten years, the longest duration, and the furthest that a start may lie ahead or back.
pub const MAX_SECONDS: u64 = 315_360_000;

/// Terms of a grant. Times are seconds since 1970.
#[cw_serde]
#[derive(Copy)]
pub struct Schedule {
    /// Vesting is counted from here.
    pub starts_at: Uint64,
    /// Nothing can be paid before this many seconds have passed; then what vested meanwhile comes at once.
    pub cliff_seconds: Uint64,
    /// Everything has vested after this many seconds.
    pub duration_seconds: Uint64,
}

impl Schedule {
    /// Refuses terms that are most likely a mistake: of units, of order, or about a time that is over.
    pub fn validate(&self, now: u64) -> Result<(), ContractError> {
        let (start, cliff, duration) = (self.starts_at.u64(), self.cliff_seconds.u64(), self.duration_seconds.u64());
        if duration == 0 || duration > MAX_SECONDS {
            return Err(ContractError::DurationOutOfBounds { found: duration });
        }
        if cliff > duration {
            return Err(ContractError::CliffAfterEnd { cliff, duration });
        }
        if start.abs_diff(now) > MAX_SECONDS {
            return Err(ContractError::StartOutOfBounds { found: start, now });
        }
        if self.ends_at() <= now {
            return Err(ContractError::AlreadyOver { ended_at: self.ends_at(), now });
        }
        Ok(())
    }

    /// First second at which something can be paid.
    pub fn cliff_at(&self) -> u64 {
        self.starts_at.u64().saturating_add(self.cliff_seconds.u64())
    }

    /// First second at which all of it has vested.
    pub fn ends_at(&self) -> u64 {
        self.starts_at.u64().saturating_add(self.duration_seconds.u64())
    }

    /// What of `amount` has vested, rounded down. It never falls as time goes on, and ends at exactly `amount`.
    pub fn vested(&self, amount: Uint128, now: u64) -> Result<Uint128, ContractError> {
        if now < self.cliff_at() {
            return Ok(Uint128::zero());
        }
        if now >= self.ends_at() {
            return Ok(amount);
        }
        let passed = now.saturating_sub(self.starts_at.u64());
        Ok(amount.checked_multiply_ratio(passed, self.duration_seconds.u64())?)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::arithmetic_side_effects)]
    use super::*;
    use proptest::prelude::*;

    fn schedule(starts_at: u64, cliff: u64, duration: u64) -> Schedule {
        Schedule {
            starts_at: Uint64::new(starts_at),
            cliff_seconds: Uint64::new(cliff),
            duration_seconds: Uint64::new(duration),
        }
    }

    #[test]
    fn nothing_before_the_cliff_then_by_the_second_then_all() {
        let terms = schedule(1_000, 25, 100);
        let at = |now| terms.vested(Uint128::new(1_001), now).unwrap().u128();
        assert_eq!([0, 999, 1_000, 1_024].map(at), [0; 4]);
        assert_eq!([1_025, 1_026, 1_050, 1_099].map(at), [250, 260, 500, 990]);
        assert_eq!([1_100, 1_101, u64::MAX].map(at), [1_001; 3]);
    }

    #[test]
    fn without_a_cliff_from_the_start_and_with_the_longest_all_at_once() {
        let free = schedule(1_000, 0, 10);
        assert_eq!(free.vested(Uint128::new(100), 1_001).unwrap().u128(), 10);
        let lump = schedule(1_000, 10, 10);
        assert_eq!(lump.vested(Uint128::new(100), 1_009).unwrap().u128(), 0);
        assert_eq!(lump.vested(Uint128::new(100), 1_010).unwrap().u128(), 100);
    }

    #[test]
    fn bounds() {
        let now = 2 * MAX_SECONDS;
        let try_terms = |start, cliff, duration| schedule(start, cliff, duration).validate(now);
        try_terms(now, 0, 1).unwrap();
        try_terms(now + MAX_SECONDS, MAX_SECONDS, MAX_SECONDS).unwrap();
        try_terms(now - MAX_SECONDS + 1, 5, MAX_SECONDS).unwrap();
        assert!(matches!(try_terms(now, 0, 0), Err(ContractError::DurationOutOfBounds { found: 0 })));
        assert!(matches!(try_terms(now, 0, MAX_SECONDS + 1), Err(ContractError::DurationOutOfBounds { .. })));
        assert!(matches!(try_terms(now, 11, 10), Err(ContractError::CliffAfterEnd { .. })));
        assert!(matches!(try_terms(now + MAX_SECONDS + 1, 0, 10), Err(ContractError::StartOutOfBounds { .. })));
        assert!(matches!(try_terms(now - MAX_SECONDS - 1, 0, 10), Err(ContractError::StartOutOfBounds { .. })));
        assert!(matches!(try_terms(u64::MAX, 0, 10), Err(ContractError::StartOutOfBounds { .. })));
        assert!(matches!(try_terms(now - 10, 0, 10), Err(ContractError::AlreadyOver { .. })));
    }

    proptest! {
        #[test]
        fn never_falls_and_stays_within_the_amount(
            amount in any::<u128>(), start in 0u64..10_000, cliff in 0u64..10_000, extra in 1u64..10_000,
            first in 0u64..40_000, later in 0u64..40_000,
        ) {
            let terms = schedule(start, cliff, cliff + extra);
            let amount = Uint128::new(amount);
            let before = terms.vested(amount, first).unwrap();
            let after = terms.vested(amount, first + later).unwrap();
            prop_assert!(before <= after && after <= amount);
            prop_assert_eq!(terms.vested(amount, terms.ends_at()).unwrap(), amount);
        }
    }
}
