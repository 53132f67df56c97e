//! From log-probabilities to integers.

use openledger_protocol::{
    Attribution,
    attribution::{MAX_MICRO_NATS, attribute},
};
use serde::{Deserialize, Serialize};

use crate::AuditError;

/// How likely one answer is under every variant of a family, in micro-nats.
///
/// Each log-probability is rounded once, to the nearest micro-nat and halves away from zero;
/// every other number here is an exact difference of such integers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measurement {
    /// Under the served adapter.
    pub full: i64,
    /// Under the base without an adapter.
    pub base: i64,
    /// Under each counterfactual, in the family's order of these.
    pub counterfactuals: Vec<i64>,
    /// Under each placebo.
    pub placebos: Vec<i64>,
}

impl Measurement {
    /// What the answer loses without each contributor: `full - counterfactual`.
    #[must_use]
    pub fn deltas(&self) -> Vec<i64> {
        self.counterfactuals.iter().map(|other| self.full.saturating_sub(*other)).collect()
    }

    /// Noise floor: the largest `|full - placebo|`.
    #[must_use]
    pub fn floor(&self) -> u64 {
        self.placebos.iter().map(|other| self.full.abs_diff(*other)).max().unwrap_or(0)
    }

    /// What the adapter adds over the base: `full - base`.
    #[must_use]
    pub fn lift(&self) -> i64 {
        self.full.saturating_sub(self.base)
    }

    /// True when another node's claim about the same answer differs from this measurement by at
    /// most `tolerance` micro-nats in every delta, the floor and the lift.
    #[must_use]
    pub fn agrees_with(&self, claim: &Attribution, tolerance: u64) -> bool {
        let own = self.deltas();
        own.len() == claim.deltas.len()
            && own.iter().zip(&claim.deltas).all(|(own, claimed)| own.abs_diff(*claimed) <= tolerance)
            && self.floor().abs_diff(claim.floor) <= tolerance
            && self.lift().abs_diff(claim.lift) <= tolerance
    }

    /// Shares of the contributor fee by the protocol's integer rule.
    ///
    /// # Errors
    /// [`AuditError::Shares`] when a value is out of the rule's bounds.
    pub fn attribution(&self) -> Result<Attribution, AuditError> {
        Ok(attribute(&self.deltas(), self.floor(), self.lift())?)
    }
}

/// Nats as micro-nats, rounded to the nearest, halves away from zero.
///
/// # Errors
/// [`AuditError::OutOfRange`] for what is not finite or beyond the protocol's bound.
pub(crate) fn micro_nats(variant: &str, nats: f64) -> Result<i64, AuditError> {
    let scaled = (nats * 1e6).round();
    // Half of the bound, so that no difference of two values leaves it.
    if scaled.is_finite() && scaled.abs() <= (MAX_MICRO_NATS / 2) as f64 {
        Ok(scaled as i64)
    } else {
        Err(AuditError::OutOfRange { variant: variant.to_owned(), value: nats })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_to_the_nearest_micro_nat() {
        assert_eq!(micro_nats("x", -1.2345674).unwrap(), -1_234_567);
        assert_eq!(micro_nats("x", -1.2345676).unwrap(), -1_234_568);
        assert_eq!(micro_nats("x", 0.5e-6).unwrap(), 1);
        assert_eq!(micro_nats("x", -0.5e-6).unwrap(), -1);
        for bad in [f64::NAN, f64::NEG_INFINITY, -6e5] {
            assert_eq!(micro_nats("x", bad).unwrap_err().code(), "AUDIT_OUT_OF_RANGE");
        }
    }

    #[test]
    fn differences_are_exact() {
        let measured = Measurement {
            full: -1_000,
            base: -9_000,
            counterfactuals: vec![-5_000, -900],
            placebos: vec![-1_200, -700],
        };
        assert_eq!(measured.deltas(), [4_000, -100]);
        assert_eq!(measured.floor(), 300);
        assert_eq!(measured.lift(), 8_000);
        let shares = measured.attribution().unwrap();
        assert_eq!(shares.shares, [462_500_000, 0]);
        assert_eq!(shares.unattributed, 537_500_000);
        assert!(measured.agrees_with(&shares, 0));
        let mut other = shares.clone();
        other.deltas[1] += 5;
        assert!(measured.agrees_with(&other, 5));
        assert!(!measured.agrees_with(&other, 4));
        other.deltas.pop();
        assert!(!measured.agrees_with(&other, 100));
    }
}
