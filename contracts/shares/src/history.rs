//! Trailing income: what arrived in each of the last periods, in one bounded item.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Uint128, Uint256, Uint64};

use crate::msg::PeriodIncome;

/// Periods that are kept and shown, the running one included.
pub const PERIODS: u64 = 12;
/// Smallest units in a million whole shares.
const MILLION_SHARES: u64 = 1_000_000_000_000;

/// Periods with income, oldest first; at most [`PERIODS`].
#[cw_serde]
#[derive(Default)]
pub struct History(pub Vec<PeriodIncome>);

/// First second of the period that holds `now`.
fn start(now: u64, period: u64) -> u64 {
    now.saturating_sub(now.checked_rem(period).unwrap_or_default())
}

impl History {
    /// Adds income that arrived now. Saturates instead of failing: statistics must never stop a payment.
    pub fn record(&mut self, now: u64, period: u64, amount: Uint128, supply: Uint128) {
        let current = start(now, period);
        let oldest = current.saturating_sub(period.saturating_mul(PERIODS.saturating_sub(1)));
        self.0.retain(|entry| entry.start.u64() >= oldest);
        let per_million = Uint256::from(amount)
            .saturating_mul(Uint256::from(MILLION_SHARES))
            .checked_div(Uint256::from(supply))
            .unwrap_or_default();
        let per_million = Uint128::try_from(per_million).unwrap_or(Uint128::MAX);
        match self.0.last_mut().filter(|entry| entry.start.u64() == current) {
            Some(entry) => {
                entry.received = entry.received.saturating_add(amount);
                entry.per_million_shares = entry.per_million_shares.saturating_add(per_million);
            }
            None => self.0.push(PeriodIncome {
                start: Uint64::new(current),
                received: amount,
                per_million_shares: per_million,
            }),
        }
    }

    /// The last periods, newest first, those without income included.
    pub fn last(&self, now: u64, period: u64) -> Vec<PeriodIncome> {
        let current = start(now, period);
        (0..PERIODS)
            .filter_map(|back| current.checked_sub(period.saturating_mul(back)))
            .map(|start| {
                self.0.iter().find(|entry| entry.start.u64() == start).cloned().unwrap_or(PeriodIncome {
                    start: Uint64::new(start),
                    received: Uint128::zero(),
                    per_million_shares: Uint128::zero(),
                })
            })
            .collect()
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
mod tests {
    use super::*;

    #[test]
    fn keeps_twelve_periods_and_no_more() {
        let mut history = History::default();
        for period in 0..40u64 {
            history.record(period * 100 + 7, 100, Uint128::new(5), Uint128::new(1_000_000));
            history.record(period * 100 + 99, 100, Uint128::new(1), Uint128::new(2_000_000));
            assert!(history.0.len() <= 12);
        }
        let shown = history.last(3_999, 100);
        assert_eq!(shown.len(), 12);
        assert_eq!((shown[0].start.u64(), shown[11].start.u64()), (3_900, 2_800));
        assert!(shown.iter().all(|entry| entry.received.u128() == 6 && entry.per_million_shares.u128() == 5_500_000));
    }

    #[test]
    fn periods_without_income_are_shown_as_zero_and_old_ones_vanish() {
        let mut history = History::default();
        history.record(50, 100, Uint128::new(5), Uint128::zero());
        assert_eq!(history.last(50, 100).len(), 1);
        let shown = history.last(1_150, 100);
        assert_eq!((shown[0].received.u128(), shown[11].received.u128()), (0, 5));
        assert!(shown.iter().all(|entry| entry.per_million_shares.is_zero()));
        assert!(history.last(1_250, 100).iter().all(|entry| entry.received.is_zero()));
    }

    #[test]
    fn statistics_saturate() {
        let mut history = History::default();
        for _ in 0..2 {
            history.record(1, 100, Uint128::MAX, Uint128::one());
        }
        assert_eq!((history.0[0].received, history.0[0].per_million_shares), (Uint128::MAX, Uint128::MAX));
    }
}
