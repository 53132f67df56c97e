//! Sine and cosine of rotary positions.

use crate::Fault;

/// Largest angle in radians: up to here its multiple of π/2 has so few bits that the reduction is exact.
const LARGEST: f32 = 1_048_576.0;
/// π/2 in two parts; the first has 33 bits.
const HALF_PI_HIGH: f64 = f64::from_bits(0x3FF9_21FB_5440_0000);
const HALF_PI_LOW: f64 = f64::from_bits(0x3DD0_B461_1A62_6331);
/// Adding and subtracting it rounds to the nearest integer: 1.5 · 2^52.
const ROUND: f64 = 6_755_399_441_055_744.0;
/// ±1 / n! of the sine for n = 13 down to 3.
const SINE: [f64; 6] =
    [1.0 / 6_227_020_800.0, -1.0 / 39_916_800.0, 1.0 / 362_880.0, -1.0 / 5040.0, 1.0 / 120.0, -1.0 / 6.0];
/// ±1 / n! of the cosine for n = 14 down to 2.
const COSINE: [f64; 7] =
    [-1.0 / 87_178_291_200.0, 1.0 / 479_001_600.0, -1.0 / 3_628_800.0, 1.0 / 40_320.0, -1.0 / 720.0, 1.0 / 24.0, -0.5];

/// sin x for an angle in radians, within 0.51 units in the last place: computed in 64 bits.
///
/// # Errors
/// [`Fault::Angle`] beyond 2^20 radians.
pub fn sin(x: f32) -> Result<f32, Fault> {
    quarter_turned(x, 0)
}

/// cos x, as [`sin`].
///
/// # Errors
/// [`Fault::Angle`] beyond 2^20 radians.
pub fn cos(x: f32) -> Result<f32, Fault> {
    quarter_turned(x, 1)
}

/// sin(x + quarters · π/2).
fn quarter_turned(x: f32, quarters: i64) -> Result<f32, Fault> {
    if x.is_nan() || x.abs() > LARGEST {
        return Err(Fault::Angle(x));
    }
    let x = f64::from(x);
    let turns = (x * std::f64::consts::FRAC_2_PI + ROUND) - ROUND;
    let rest = (x - turns * HALF_PI_HIGH) - turns * HALF_PI_LOW;
    let square = rest * rest;
    let series = |terms: &[f64]| terms.iter().fold(0.0, |sum, term| sum * square + term) * square;
    let quarter = (turns as i64).wrapping_add(quarters) & 3;
    let value = if quarter & 1 == 0 { rest + rest * series(&SINE) } else { 1.0 + series(&COSINE) };
    Ok(if quarter & 2 == 0 { value as f32 } else { -value as f32 })
}
