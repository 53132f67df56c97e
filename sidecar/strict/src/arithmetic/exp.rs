//! The exponential function and what is made of it.

/// Nearest results above are infinite.
const HIGHEST: f32 = 89.0;
/// Nearest results below are zero.
const LOWEST: f32 = -104.0;
/// Adding and subtracting it rounds a small number to the nearest integer: 1.5 · 2^23.
const ROUND: f32 = 12_582_912.0;
/// ln 2 in two parts. The first has so few bits that its product with an exponent is exact.
const LN_2_HIGH: f32 = 0.693_359_4;
const LN_2_LOW: f32 = -2.121_944_4e-4;
/// 1 / n! for n = 7 down to 2: within half of ln 2 the series ends below the precision of f32.
const SERIES: [f32; 6] = [1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5];

/// e^x within 2 units in the last place, subnormal results included. 0 for −∞, ∞ above 88.73.
#[must_use]
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    let x = if x > HIGHEST { HIGHEST } else { x };
    let x = if x < LOWEST { LOWEST } else { x };
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let power = shifted - ROUND;
    let rest = (x - power * LN_2_HIGH) - power * LN_2_LOW;
    let mut series = SERIES[0];
    for term in &SERIES[1..] {
        series = series * rest + term;
    }
    let mantissa = 1.0 + (rest + rest * rest * series);
    // The exponent in two steps: 2^power itself may be infinite or subnormal where the result is not.
    let whole = (shifted.to_bits() as i32).wrapping_sub(ROUND.to_bits() as i32);
    let half = whole >> 1;
    mantissa * power_of_two(half) * power_of_two(whole.wrapping_sub(half))
}

/// 2^n for n in −126..=127.
#[inline(always)]
fn power_of_two(n: i32) -> f32 {
    f32::from_bits((n.wrapping_add(127) as u32) << 23)
}

/// 1 / (1 + e^−x) within 4 units in the last place for results that are not subnormal.
#[must_use]
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// Up to here the continued fraction is used.
const SMALL: f32 = 0.625;

/// The hyperbolic tangent within 2 units in the last place, and odd.
///
/// Small arguments take the continued fraction x / (1 + x² / (3 + x² / (5 + …))) up to 11, written as x minus a
/// correction so that the rounding of the fraction counts little.
#[must_use]
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    let size = x.abs();
    let square = x * x;
    let above = 3465.0 + square * (189.0 + square);
    let below = 10395.0 + square * (4725.0 + square * (210.0 + square));
    let small = size - size * (square * above / below);
    let large = 1.0 - 2.0 / (exp(size + size) + 1.0);
    let value = if size < SMALL { small } else { large };
    f32::from_bits(value.to_bits() | (x.to_bits() & 0x8000_0000))
}
