//! The exponential function from fused multiply-adds alone.

use crate::isa::Isa;

/// Below this the result would be subnormal; the value here stands for everything below.
const LOWEST: f32 = -87.0;
/// Above this the result would not be finite.
const HIGHEST: f32 = 88.0;
/// Adding it to a small number leaves the nearest integer, plus the exponent's bias of 127, in the
/// lowest bits of the sum.
const ROUND: f32 = 12_582_912.0 + 127.0;
/// ln 2 in two parts. The first has so few bits that its product with an exponent is exact.
const LN_2_HIGH: f32 = 0.693_359_4;
const LN_2_LOW: f32 = -2.121_944_4e-4;
/// 1 / n! for n = 7 down to 0: within half of ln 2 the series ends below the precision of f32.
const SERIES: [f32; 8] = [1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0];

/// `e^x` per lane within 2 units in the last place; arguments outside of -87..88 count as the
/// nearer end.
#[inline(always)]
pub fn exp<I: Isa>(isa: I, x: I::Lanes) -> I::Lanes {
    let x = isa.minimum(isa.maximum(x, isa.splat(LOWEST)), isa.splat(HIGHEST));
    let shifted = isa.multiply_add(x, isa.splat(std::f32::consts::LOG2_E), isa.splat(ROUND));
    let power = isa.multiply_add(shifted, isa.splat(1.0), isa.splat(-ROUND));
    let rest = isa.multiply_add(power, isa.splat(-LN_2_HIGH), x);
    let rest = isa.multiply_add(power, isa.splat(-LN_2_LOW), rest);
    let mut sum = isa.splat(SERIES[0]);
    for term in &SERIES[1..] {
        sum = isa.multiply_add(sum, rest, isa.splat(*term));
    }
    isa.multiply(sum, isa.exponent_from_low_bits(shifted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LANES, Level, Operation};

    struct Exp<'v>(&'v mut [[f32; LANES]]);

    impl Operation for Exp<'_> {
        #[inline(always)]
        fn run<I: Isa>(self, isa: I) {
            for lanes in self.0 {
                *lanes = isa.store(exp(isa, isa.load(lanes)));
            }
        }
    }

    #[test]
    fn it_is_the_exponential_and_has_the_same_bits_everywhere() {
        let arguments: Vec<[f32; LANES]> = (0..11_000)
            .map(|at| std::array::from_fn(|lane| -87.0 + (at * LANES + lane) as f32 * 175.0 / 176_000.0))
            .collect();
        let of = |level: Level| {
            let mut values = arguments.clone();
            level.run(Exp(&mut values));
            values
        };
        let portable = of(Level::Portable);
        for (x, found) in arguments.iter().flatten().zip(portable.iter().flatten()) {
            let expected = f64::from(*x).exp();
            let error = (f64::from(*found) - expected).abs() / expected;
            assert!(error < 2.0 * f64::from(f32::EPSILON), "exp({x}) = {found}, not {expected}");
        }
        for level in Level::available() {
            let bits = |values: &[[f32; LANES]]| values.iter().flatten().map(|v| v.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&of(level)), bits(&portable), "{}", level.name());
        }
    }

    #[test]
    fn arguments_outside_the_range_count_as_its_ends() {
        let mut values = [[f32::NEG_INFINITY; LANES], [LOWEST; LANES], [f32::INFINITY; LANES], [HIGHEST; LANES]];
        Level::best().run(Exp(&mut values));
        assert_eq!(values[0], values[1]);
        assert_eq!(values[2], values[3]);
        assert!(values[0][0] > 0.0 && values[2][0].is_finite());
    }
}
