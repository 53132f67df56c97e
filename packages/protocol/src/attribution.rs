//! The integer step of attribution: from measured losses to shares of the contributor fee.

use alloc::vec::Vec;

use crate::{
    Attribution,
    shares::{SHARE_ONE, ShareError, largest_remainder},
};

/// Rule implemented by [`attribute`] over forward passes of counterfactual adapters.
pub const POLICY_COUNTERFACTUAL_FORWARD: &str = "counterfactual-forward/1";

/// Rule whose deltas are exact dot products of the committed query vector with the rows of the adapter's index.
pub const POLICY_DOT_PRODUCT: &str = "dot-product/1";

/// Most clusters that one answer is attributed over.
pub const MAX_CLUSTERS: usize = 4096;

/// Largest magnitude of a measured loss, in micro-nats: 10⁶ nats. Anything above is a broken measurement.
pub const MAX_MICRO_NATS: i64 = 1_000_000_000_000;

/// Why losses cannot be turned into shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AttributionError {
    /// Outside 0..=[`MAX_CLUSTERS`].
    #[error("{0} clusters are more than the {MAX_CLUSTERS} that one answer is attributed over")]
    TooManyClusters(usize),
    /// A loss, floor or lift beyond [`MAX_MICRO_NATS`].
    #[error("a measured value lies beyond ±{MAX_MICRO_NATS} micro-nats")]
    OutOfRange,
    /// Division failed; cannot happen within the bounds above.
    #[error(transparent)]
    Share(#[from] ShareError),
}

/// Divides the contributor fee of one answer.
///
/// `deltas` holds, per cluster, the log-probability (micro-nats) that the answer loses when the cluster is left out of
/// training; `floor` the largest such value of a placebo; `lift` what the adapter adds over its base.
///
/// A cluster scores `max(0, delta - floor)`. The clusters explain `min(1, sum of scores / lift)` of the answer; that part
/// is divided in proportion to the scores and the rest is unattributed. Without lift, or when no score passes the
/// floor, everything is unattributed.
pub fn attribute(deltas: &[i64], floor: u64, lift: i64) -> Result<Attribution, AttributionError> {
    if deltas.len() > MAX_CLUSTERS {
        return Err(AttributionError::TooManyClusters(deltas.len()));
    }
    let bound = MAX_MICRO_NATS.unsigned_abs();
    if floor > bound || lift.unsigned_abs() > bound || deltas.iter().any(|delta| delta.unsigned_abs() > bound) {
        return Err(AttributionError::OutOfRange);
    }
    let scores: Vec<u64> =
        deltas.iter().map(|delta| u64::try_from(*delta).unwrap_or(0).saturating_sub(floor)).collect();
    let sum: u128 = scores.iter().fold(0, |sum, score| sum.saturating_add(u128::from(*score)));
    let lift_part = u128::try_from(lift).unwrap_or(0);
    let explained = if lift_part == 0 || sum == 0 {
        0
    } else if sum >= lift_part {
        SHARE_ONE
    } else {
        let scaled = sum.saturating_mul(u128::from(SHARE_ONE)).checked_div(lift_part).unwrap_or(0);
        u64::try_from(scaled).unwrap_or(SHARE_ONE)
    };
    let shares = if explained == 0 {
        scores.iter().map(|_| 0).collect()
    } else {
        let parts = largest_remainder(&scores, u128::from(explained))?;
        parts.into_iter().map(|part| u64::try_from(part).unwrap_or(0)).collect()
    };
    Ok(Attribution {
        policy: POLICY_COUNTERFACTUAL_FORWARD.into(),
        deltas: deltas.to_vec(),
        floor,
        lift,
        shares,
        explained,
        unattributed: SHARE_ONE.saturating_sub(explained),
        query_commitment: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_part_that_nobody_explains_is_unattributed() {
        let result = attribute(&[6_000_000, 2_000_000, 900_000, -5], 1_000_000, 12_000_000).unwrap();
        assert_eq!(result.explained, 500_000_000);
        assert_eq!(result.shares, [416_666_667, 83_333_333, 0, 0]);
        assert_eq!(result.unattributed, 500_000_000);
    }

    #[test]
    fn noise_and_answers_without_lift_pay_nobody() {
        for (deltas, floor, lift) in
            [(vec![5, 9], 10, 100), (vec![50, 90], 10, 0), (vec![50, 90], 10, -4), (vec![], 0, 9)]
        {
            let result = attribute(&deltas, floor, lift).unwrap();
            assert_eq!(result.explained, 0);
            assert_eq!(result.unattributed, SHARE_ONE);
            assert!(result.shares.iter().all(|share| *share == 0));
        }
    }

    #[test]
    fn broken_measurements_are_refused() {
        assert_eq!(attribute(&[i64::MIN], 0, 1), Err(AttributionError::OutOfRange));
        assert_eq!(attribute(&[1], u64::MAX, 1), Err(AttributionError::OutOfRange));
        assert_eq!(attribute(&[0; 4097], 0, 1), Err(AttributionError::TooManyClusters(4097)));
    }

    proptest! {
        #[test]
        fn shares_always_sum_to_one(
            deltas in prop::collection::vec(-10_000_000i64..10_000_000, 0..40),
            floor in 0u64..1_000_000,
            lift in -1_000_000i64..50_000_000,
        ) {
            let result = attribute(&deltas, floor, lift).unwrap();
            prop_assert_eq!(result.shares.iter().sum::<u64>() + result.unattributed, SHARE_ONE);
            prop_assert_eq!(result.explained + result.unattributed, SHARE_ONE);
            for (share, delta) in result.shares.iter().zip(&deltas) {
                prop_assert!(*share == 0 || *delta > floor as i64);
            }
        }
    }
}
