//! Integer dot products of int8 vectors: the only arithmetic between a query vector and a cluster's vector.

/// Longest vector whose dot product fits an i32 whatever the values: 2³¹ / 2¹⁴ = 131,072.
pub const MAX_DIMENSIONS: usize = 131_071;

/// Why two vectors have no dot product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DotError {
    /// Lengths differ.
    #[error("vectors have {left} and {right} dimensions")]
    LengthMismatch {
        /// Dimensions of the left vector.
        left: usize,
        /// Dimensions of the right vector.
        right: usize,
    },
    /// Longer than [`MAX_DIMENSIONS`].
    #[error("{0} dimensions are more than an i32 sum can hold")]
    TooLong(usize),
}

/// Exact dot product of two int8 vectors of equal length, at most [`MAX_DIMENSIONS`].
#[allow(clippy::arithmetic_side_effects)] // cannot overflow: at most 131,071 products of magnitude 2¹⁴ each
pub fn dot(left: &[i8], right: &[i8]) -> Result<i32, DotError> {
    if left.len() != right.len() {
        return Err(DotError::LengthMismatch { left: left.len(), right: right.len() });
    }
    if left.len() > MAX_DIMENSIONS {
        return Err(DotError::TooLong(left.len()));
    }
    Ok(left.iter().zip(right).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn extremes_fit() {
        let low = vec![i8::MIN; MAX_DIMENSIONS];
        assert_eq!(dot(&low, &low), Ok(131_071 * 16_384));
        assert!(matches!(dot(&low, &low[1..]), Err(DotError::LengthMismatch { .. })));
        let long = vec![0; MAX_DIMENSIONS + 1];
        assert_eq!(dot(&long, &long), Err(DotError::TooLong(MAX_DIMENSIONS + 1)));
    }

    proptest! {
        #[test]
        fn equals_wide_arithmetic(pairs in prop::collection::vec((any::<i8>(), any::<i8>()), 0..600)) {
            let (left, right): (Vec<i8>, Vec<i8>) = pairs.iter().copied().unzip();
            let wide: i64 = pairs.iter().map(|(a, b)| i64::from(*a) * i64::from(*b)).sum();
            prop_assert_eq!(i64::from(dot(&left, &right).unwrap()), wide);
        }
    }
}
