//! When two computations of one query count as the same.
//!
//! The coordinates of a query are rounded to 8 bits, so a last bit that two machines compute differently now and then moves an
//! integer by one. The strict lane (`openledger-strict`) has no such differences and needs no tolerance.

use super::{IndexError, Query};

/// How far two queries of the same answer may be apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    /// Largest difference of an integer.
    pub most: u8,
    /// Part of the integers that may differ at all, 0 to 1: an adversary who may move all of them by one shifts a high score
    /// by several percent, one who may move a twentieth by less than one.
    pub part: f64,
}

impl Default for Tolerance {
    /// One step, a twentieth of the integers. docs/benchmarks/index.md has the percentiles that it is set by.
    fn default() -> Self {
        Self { most: 1, part: 0.05 }
    }
}

/// How far two queries are apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Apart {
    /// Largest difference of an integer.
    pub largest: u8,
    /// Integers that differ.
    pub differing: usize,
    /// Integers in all.
    pub dimensions: usize,
}

impl Apart {
    /// Compares two queries; one whose scale is the other's neighbour is brought to the larger scale first.
    ///
    /// # Errors
    /// [`IndexError::Length`] for queries of different indexes.
    pub fn of(left: &Query, right: &Query) -> Result<Self, IndexError> {
        let (found, expected) = (right.vector.len(), left.vector.len());
        if found != expected {
            return Err(IndexError::Length { what: "the other query", found, expected });
        }
        let common = left.exponent.max(right.exponent);
        // A value at the edge of a power of two may round to either scale: halved, both say the same.
        let brought = |query: &Query| {
            let halvings = u32::try_from(common.saturating_sub(query.exponent)).unwrap_or(u32::MAX).min(31);
            query.vector.iter().map(move |value| i32::from(*value) >> halvings).collect::<Vec<_>>()
        };
        let (left, right) = (brought(left), brought(right));
        let apart = || left.iter().zip(&right).map(|(left, right)| left.abs_diff(*right));
        let largest = u8::try_from(apart().max().unwrap_or(0)).unwrap_or(u8::MAX);
        Ok(Self { largest, differing: apart().filter(|apart| *apart > 0).count(), dimensions: expected })
    }

    /// Whether a validator may sign for both.
    #[must_use]
    pub fn within(&self, tolerance: Tolerance) -> bool {
        // At least one: with a handful of dimensions a twentieth of them would be none.
        let allowed = (self.dimensions as f64 * tolerance.part).max(1.0);
        self.largest <= tolerance.most && self.differing as f64 <= allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(vector: Vec<i8>, exponent: i32) -> Query {
        Query { vector, exponent, explained: 1.0, log_prob: -1.0 }
    }

    #[test]
    fn one_step_here_and_there_is_within_and_more_is_not() {
        let honest = query((0..100).map(|at| at - 50).collect(), -4);
        let moved = |by: &dyn Fn(usize) -> i8| {
            query(honest.vector.iter().enumerate().map(|(at, value)| value + by(at)).collect(), -4)
        };
        let apart = |other: &Query| Apart::of(&honest, other).unwrap();
        assert_eq!(apart(&honest), Apart { largest: 0, differing: 0, dimensions: 100 });
        assert!(apart(&moved(&|at| i8::from(at < 5))).within(Tolerance::default()));
        assert!(!apart(&moved(&|at| i8::from(at < 6))).within(Tolerance::default()), "too many");
        assert!(!apart(&moved(&|at| 2 * i8::from(at == 7))).within(Tolerance::default()), "too far");
    }

    #[test]
    fn neighbouring_scales_are_compared_and_far_ones_differ() {
        let fine = query(vec![126, -64, 3], -5);
        let coarse = query(vec![63, -32, 1], -4);
        assert_eq!(Apart::of(&fine, &coarse).unwrap().differing, 0);
        assert!(!Apart::of(&fine, &query(vec![126, -64, 3], 40)).unwrap().within(Tolerance::default()));
        assert_eq!(Apart::of(&fine, &query(vec![1], -5)).unwrap_err().code(), "INDEX_LENGTH_MISMATCH");
    }
}
