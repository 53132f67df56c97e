//! Fixed-point division that loses nothing: shares and amounts sum exactly to what was divided.

use alloc::{vec, vec::Vec};

/// One, in parts per billion.
pub const SHARE_ONE: u64 = 1_000_000_000;

/// Why something cannot be divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ShareError {
    /// Nothing to divide by.
    #[error("all weights are zero: there is nobody to give the amount to")]
    NoWeight,
    /// `total * weight` or the sum of weights leaves 128 bits.
    #[error("amount times weight does not fit 128 bits")]
    Overflow,
}

/// Divides `total` in proportion to `weights` by the largest-remainder rule; ties go to the lower index.
///
/// The result sums to `total`, each part is within one unit of its exact quota, and a zero weight gets zero.
pub fn largest_remainder(weights: &[u64], total: u128) -> Result<Vec<u128>, ShareError> {
    let sum = weights.iter().try_fold(0u128, |sum, weight| sum.checked_add(u128::from(*weight)));
    let sum = sum.ok_or(ShareError::Overflow)?;
    if sum == 0 {
        return Err(ShareError::NoWeight);
    }
    let mut parts = vec![0u128; weights.len()];
    let mut remainders = Vec::with_capacity(weights.len());
    let mut left = total;
    for (index, (part, weight)) in parts.iter_mut().zip(weights).enumerate() {
        let product = total.checked_mul(u128::from(*weight)).ok_or(ShareError::Overflow)?;
        *part = product.checked_div(sum).ok_or(ShareError::NoWeight)?;
        left = left.checked_sub(*part).ok_or(ShareError::Overflow)?;
        remainders.push((product.checked_rem(sum).ok_or(ShareError::NoWeight)?, index));
    }
    // Fewer units are left than there are non-zero remainders, so a zero weight never receives one.
    remainders.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    for (_, index) in remainders {
        if left == 0 {
            break;
        }
        if let Some(part) = parts.get_mut(index) {
            *part = part.saturating_add(1);
            left = left.saturating_sub(1);
        }
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ties_go_to_the_lower_index() {
        assert_eq!(largest_remainder(&[1, 1, 1], 10), Ok(vec![4, 3, 3]));
        assert_eq!(largest_remainder(&[1, 1, 1], 11), Ok(vec![4, 4, 3]));
        assert_eq!(largest_remainder(&[0, 1], 1), Ok(vec![0, 1]));
    }

    #[test]
    fn nobody_is_an_error() {
        assert_eq!(largest_remainder(&[], 1), Err(ShareError::NoWeight));
        assert_eq!(largest_remainder(&[0, 0], 1), Err(ShareError::NoWeight));
        assert_eq!(largest_remainder(&[2], u128::MAX), Err(ShareError::Overflow));
    }

    proptest! {
        #[test]
        fn parts_sum_and_stay_within_one_unit(
            weights in prop::collection::vec(0u64..u64::MAX / 64, 1..40),
            total in 0u128..1_000_000_000_000_000,
        ) {
            prop_assume!(weights.iter().any(|weight| *weight > 0));
            let parts = largest_remainder(&weights, total).unwrap();
            prop_assert_eq!(parts.iter().sum::<u128>(), total);
            let sum: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
            for (part, weight) in parts.iter().zip(&weights) {
                let floor = total * u128::from(*weight) / sum;
                prop_assert!(*part == floor || *part == floor + 1);
                prop_assert!(*weight > 0 || *part == 0);
            }
        }

        #[test]
        fn a_heavier_weight_never_gets_less(weights in prop::collection::vec(1u64..1_000_000, 2..20), total in 0u128..1_000_000) {
            let parts = largest_remainder(&weights, total).unwrap();
            for a in 0..weights.len() {
                for b in 0..weights.len() {
                    if weights[a] > weights[b] {
                        prop_assert!(parts[a] >= parts[b]);
                    }
                }
            }
        }
    }
}
