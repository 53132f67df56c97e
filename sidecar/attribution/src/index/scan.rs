//! Exact dot products of one query with all rows.

use openledger_protocol::dot::{DotError, MAX_DIMENSIONS};
use openledger_simd::{Isa, Level, Operation};

use super::IndexError;

/// Dot product of a query with each row: `rows` holds one row after the other, each as long as the query.
///
/// The sums are of integers and cannot overflow, so every level, and the protocol's own `dot`, give the same.
///
/// # Errors
/// [`IndexError::Dot`] for a query that is too long, [`IndexError::Length`] for an empty one or rows that are not whole.
pub fn scan(level: Level, query: &[i8], rows: &[i8]) -> Result<Vec<i32>, IndexError> {
    if query.len() > MAX_DIMENSIONS {
        return Err(DotError::TooLong(query.len()).into());
    }
    if query.is_empty() || !rows.len().is_multiple_of(query.len()) {
        return Err(IndexError::Length { what: "the last row", found: rows.len(), expected: query.len() });
    }
    // Widened once: products of 16-bit numbers are what processors add up in pairs.
    let query: Vec<i16> = query.iter().map(|&value| value.into()).collect();
    let mut scores = vec![0; rows.len() / query.len()];
    level.run(Scan { query: &query, rows, scores: &mut scores });
    Ok(scores)
}

struct Scan<'s> {
    query: &'s [i16],
    rows: &'s [i8],
    scores: &'s mut [i32],
}

impl Operation for Scan<'_> {
    /// Plain Rust: compiled once per level, the loop becomes each level's own vector instructions.
    #[inline(always)]
    fn run<I: Isa>(self, _: I) {
        for (score, row) in self.scores.iter_mut().zip(self.rows.chunks_exact(self.query.len())) {
            *score = product(self.query, row);
        }
    }
}

/// Wrapping arithmetic, because checks would keep the loop from being vectorised: at most 131,071 products of magnitude
/// 2¹⁴ fit 32 bits.
#[inline(always)]
fn product(query: &[i16], row: &[i8]) -> i32 {
    query
        .iter()
        .zip(row)
        .fold(0, |sum: i32, (&query, &row)| sum.wrapping_add(i32::from(query).wrapping_mul(i32::from(i16::from(row)))))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_longest_extremes_fit() {
        let low = vec![i8::MIN; MAX_DIMENSIONS];
        for level in Level::available() {
            assert_eq!(scan(level, &low, &low).unwrap(), [131_071 * 16_384], "{}", level.name());
        }
    }

    #[test]
    fn sizes_are_checked() {
        let level = Level::best();
        assert_eq!(scan(level, &[0; MAX_DIMENSIONS + 1], &[]).unwrap_err().code(), "INDEX_SCORES_FAILED");
        assert_eq!(scan(level, &[], &[]).unwrap_err().code(), "INDEX_LENGTH_MISMATCH");
        assert_eq!(scan(level, &[1, 2], &[1, 2, 3]).unwrap_err().code(), "INDEX_LENGTH_MISMATCH");
        assert_eq!(scan(level, &[1, 2], &[]).unwrap(), [0; 0]);
    }

    proptest! {
        #[test]
        fn every_level_equals_wide_arithmetic(query in prop::collection::vec(any::<i8>(), 1..300), count in 0_usize..5, seed: u64) {
            let mut state = seed | 1;
            let mut byte = || {
                state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
                (state >> 56) as i8
            };
            let rows: Vec<i8> = (0..count * query.len()).map(|_| byte()).collect();
            let wide = |row: &[i8]| -> i64 { row.iter().zip(&query).map(|(a, b)| i64::from(*a) * i64::from(*b)).sum() };
            let expected: Vec<i64> = rows.chunks_exact(query.len()).map(wide).collect();
            for level in Level::available() {
                let found: Vec<i64> = scan(level, &query, &rows).unwrap().into_iter().map(i64::from).collect();
                prop_assert_eq!(&found, &expected, "{}", level.name());
            }
        }
    }
}
