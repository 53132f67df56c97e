//! Vectors as 8-bit integers times a power of two.

use super::IndexError;

/// Largest magnitude of an integer: −128 is left out, so that every vector's negative is one too.
pub const MAX_STEP: i8 = 127;

/// Exponents of scales lie in ± this.
pub const MAX_EXPONENT: i32 = 500;

/// 2 to the power of `exponent`, exact within ±[`MAX_EXPONENT`]; exponents beyond count as the bound.
#[must_use]
pub fn power_of_two(exponent: i32) -> f64 {
    let biased = exponent.clamp(-MAX_EXPONENT, MAX_EXPONENT).saturating_add(1023);
    f64::from_bits(u64::from(biased.unsigned_abs()) << 52)
}

/// The smallest exponent with which no value leaves the integers: `|value| <= 127 · 2^exponent` for all of them.
///
/// A power of two divides without rounding, so where an integer changes is the same on every processor.
///
/// # Errors
/// [`IndexError::NotFinite`] for a value that is not finite or beyond what the exponents reach. Values too small for them
/// count as zero.
pub fn exponent_of<'v>(values: impl IntoIterator<Item = &'v f64>, what: &'static str) -> Result<i32, IndexError> {
    let mut largest = 0.0_f64;
    for value in values {
        if !value.is_finite() {
            return Err(IndexError::NotFinite { what });
        }
        largest = largest.max(value.abs());
    }
    if largest > f64::from(MAX_STEP) * power_of_two(MAX_EXPONENT) {
        return Err(IndexError::NotFinite { what });
    }
    // The float's own exponent: largest = m · 2^own with 1 <= m < 2, and 127 = 1.98 · 2^6.
    let own = i32::try_from(largest.to_bits() >> 52).unwrap_or(0).saturating_sub(1023);
    let tight = own.saturating_sub(6).max(-MAX_EXPONENT);
    let fits = largest <= f64::from(MAX_STEP) * power_of_two(tight);
    Ok(if fits { tight } else { tight.saturating_add(1) })
}

/// Values in steps of `2^exponent`, rounded to the nearest, halves away from zero, and kept within ±127.
#[must_use]
pub fn steps(values: &[f64], exponent: i32) -> Vec<i8> {
    let scale = power_of_two(exponent);
    let bound = f64::from(MAX_STEP);
    values.iter().map(|value| (value / scale).round().clamp(-bound, bound) as i8).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_exponent_is_tight() {
        let of = |value: f64| exponent_of(&[value], "x").unwrap();
        assert_eq!([of(127.0), of(127.5), of(63.5), of(63.6), of(1.0), of(-254.0)], [0, 1, -1, 0, -6, 1]);
        assert_eq!(of(0.0), -MAX_EXPONENT);
        assert_eq!(of(1e-300), -MAX_EXPONENT);
        for bad in [f64::NAN, f64::INFINITY, 1e300] {
            assert_eq!(exponent_of(&[1.0, bad], "x").unwrap_err().code(), "INDEX_NOT_FINITE");
        }
        assert_eq!(power_of_two(10), 1024.0);
        assert_eq!(power_of_two(-1), 0.5);
        assert_eq!(power_of_two(i32::MIN), power_of_two(-MAX_EXPONENT));
    }

    #[test]
    fn halves_go_away_from_zero() {
        assert_eq!(steps(&[0.5, -0.5, 0.49, 1.5, 300.0, -300.0], 0), [1, -1, 0, 2, 127, -127]);
        assert_eq!(steps(&[0.5, 0.25], -2), [2, 1]);
    }

    proptest! {
        #[test]
        fn no_value_is_off_by_more_than_half_a_step(values in prop::collection::vec(-1e6_f64..1e6, 1..50), power in -60..60_i32) {
            let values: Vec<f64> = values.iter().map(|value| value * power_of_two(power)).collect();
            let exponent = exponent_of(&values, "x").unwrap();
            let step = power_of_two(exponent);
            let largest = values.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
            prop_assert!(largest <= 127.0 * step && (largest == 0.0 || largest > 63.0 * step));
            for (value, steps) in values.iter().zip(steps(&values, exponent)) {
                prop_assert!((value - f64::from(steps) * step).abs() <= step / 2.0);
            }
        }
    }
}
