//! From products to shares, by the protocol's integers.

use openledger_protocol::{
    Attribution,
    attribution::{MAX_MICRO_NATS, POLICY_DOT_PRODUCT, attribute},
    commitment,
};
use openledger_simd::Level;

use super::{Index, IndexError, Query, quantise::power_of_two, scan};

/// Micro-nats of one nat.
const MICRO: f64 = 1e6;

/// What the index says of one answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scores {
    /// Of each cluster, in the order of the index: the exact product of query and row.
    pub clusters: Vec<i64>,
    /// Largest magnitude of a placebo's product: what is not above it is noise.
    pub floor: u64,
    /// One unit of the products means `2^exponent` nats.
    pub exponent: i32,
}

impl Scores {
    /// Scans an index.
    ///
    /// # Errors
    /// [`IndexError::Length`] for a query of another index.
    pub fn of(index: &Index, query: &Query) -> Result<Self, IndexError> {
        let (found, expected) = (query.vector.len(), index.dimensions());
        if found != expected {
            return Err(IndexError::Length { what: "the query", found, expected });
        }
        let level = Level::best();
        let clusters = scan(level, &query.vector, &index.rows)?.into_iter().map(i64::from).collect();
        let floor = scan(level, &query.vector, &index.placebos)?.into_iter().map(i32::unsigned_abs).max();
        let exponent = query.exponent.saturating_add(index.exponent);
        Ok(Self { clusters, floor: floor.unwrap_or(0).into(), exponent })
    }

    /// The clusters' scores in nats: to first order what the answer would lose without each of them.
    #[must_use]
    pub fn nats(&self) -> Vec<f64> {
        self.clusters.iter().map(|&score| score as f64 * power_of_two(self.exponent)).collect()
    }

    /// Shares of the contributor fee. `lift` is what the adapter adds over the base, in micro-nats: the gradient does not say
    /// it, one score of the base does. `salt` hides the query in the receipt.
    ///
    /// # Errors
    /// [`IndexError::Shares`] for more clusters than the protocol divides among.
    pub fn attribution(&self, query: &Query, lift: i64, salt: &[u8; 32]) -> Result<Attribution, IndexError> {
        let shares = attribute(&self.clusters, self.floor, units(lift, self.exponent))?;
        let query_commitment = commitment::query(salt, &query.vector).to_vec();
        Ok(Attribution { policy: POLICY_DOT_PRODUCT.into(), query_commitment, ..shares })
    }
}

/// Micro-nats in units of products of which one means `2^exponent` nats, rounded to the nearest. Products fit 32 bits, so a lift
/// that is beyond the protocol's bound dwarfs them all; it counts as the bound.
#[must_use]
pub fn units(lift: i64, exponent: i32) -> i64 {
    let bound = MAX_MICRO_NATS as f64;
    (lift as f64 / MICRO / power_of_two(exponent)).round().clamp(-bound, bound) as i64
}

/// The other way: a receipt's lift in micro-nats; what is beyond the protocol's bound counts as the bound.
#[must_use]
pub fn micro_nats(units: i64, exponent: i32) -> i64 {
    let bound = MAX_MICRO_NATS as f64;
    (units as f64 * power_of_two(exponent) * MICRO).round().clamp(-bound, bound) as i64
}

#[cfg(test)]
mod tests {
    use openledger_protocol::shares::SHARE_ONE;

    use super::*;
    use crate::index::{Frame, Projection, leverage::Leverage};

    fn index() -> Index {
        Index {
            family: [1; 32],
            base: [2; 32],
            contributors: vec!["ann".into(), "bob".into(), "eve".into()],
            rows: vec![100, 0, 0, 50, -40, 0],
            placebos: vec![-5, 3],
            exponent: -4,
            leverage: Leverage { cap: 1.0, capped: 0 },
            projection: Projection::from_basis(2, vec![1.0, 0.0, 0.0, 1.0]).unwrap(),
            frame: Frame::new(2).unwrap(),
        }
    }

    fn query() -> Query {
        Query { vector: vec![64, 16], exponent: -6, explained: 1.0, log_prob: -3.0 }
    }

    #[test]
    fn noise_is_taken_off_and_the_rest_is_divided() {
        let scores = Scores::of(&index(), &query()).unwrap();
        assert_eq!(scores.clusters, [6400, 800, -2560]);
        assert_eq!(scores.floor, 320 - 48);
        assert_eq!(scores.nats(), [6.25, 0.78125, -2.5]);
        // Lift of 12.5 nats is 12,800 units: (6,400 − 272) and (800 − 272) of them are explained.
        let found = scores.attribution(&query(), 12_500_000, &[9; 32]).unwrap();
        assert_eq!((found.lift, found.floor), (12_800, 272));
        assert_eq!(micro_nats(found.lift, scores.exponent), 12_500_000);
        assert_eq!(found.shares, [478_750_000, 41_250_000, 0]);
        assert_eq!(found.unattributed, SHARE_ONE - 520_000_000);
        assert_eq!(found.policy, POLICY_DOT_PRODUCT);
        assert_eq!(found.query_commitment, commitment::query(&[9; 32], &[64, 16]));
    }

    #[test]
    fn no_lift_no_pay_and_extreme_lifts_are_bounded() {
        let scores = Scores::of(&index(), &query()).unwrap();
        for lift in [0, -5, i64::MIN] {
            assert_eq!(scores.attribution(&query(), lift, &[0; 32]).unwrap().unattributed, SHARE_ONE);
        }
        let huge = scores.attribution(&query(), i64::MAX, &[0; 32]).unwrap();
        assert_eq!(huge.lift, MAX_MICRO_NATS);
        assert_eq!(huge.shares.iter().sum::<u64>() + huge.unattributed, SHARE_ONE);
    }

    #[test]
    fn the_query_of_another_index_is_refused() {
        let long = Query { vector: vec![1; 3], ..query() };
        assert_eq!(Scores::of(&index(), &long).unwrap_err().code(), "INDEX_LENGTH_MISMATCH");
    }
}
