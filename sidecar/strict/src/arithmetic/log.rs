//! The natural logarithm.

/// 2 / (2k + 1) for k = 9 down to 1: for the mantissas here the series ends below 2^-50.
const SERIES: [f64; 9] =
    [2.0 / 19.0, 2.0 / 17.0, 2.0 / 15.0, 2.0 / 13.0, 2.0 / 11.0, 2.0 / 9.0, 2.0 / 7.0, 2.0 / 5.0, 2.0 / 3.0];

/// ln x within 0.501 units in the last place. −∞ for 0, no number below.
///
/// Computed in 64 bits: ln((1 + s) / (1 − s)) = 2s + 2/3 s³ + 2/5 s⁵ + …
#[must_use]
pub fn log(x: f32) -> f32 {
    if x == 0.0 {
        return f32::NEG_INFINITY;
    }
    if x.is_nan() || x < 0.0 {
        return f32::NAN;
    }
    if x == f32::INFINITY {
        return x;
    }
    // Every float is a normal number of 64 bits.
    let bits = f64::from(x).to_bits();
    let mut exponent = ((bits >> 52) as i64).wrapping_sub(1023);
    let mut mantissa = f64::from_bits((bits & 0x000F_FFFF_FFFF_FFFF) | (1023_u64 << 52));
    if mantissa > std::f64::consts::SQRT_2 {
        mantissa *= 0.5;
        exponent = exponent.wrapping_add(1);
    }
    let excess = mantissa - 1.0;
    let s = excess / (2.0 + excess);
    let square = s * s;
    let mut series = SERIES[0];
    for term in &SERIES[1..] {
        series = series * square + term;
    }
    (exponent as f64 * std::f64::consts::LN_2 + (2.0 * s + s * square * series)) as f32
}
