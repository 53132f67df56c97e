//! Accuracy of the functions in units in the last place, against 64 bits.

#![allow(clippy::unwrap_used)]

use openledger_strict::{
    Fault,
    arithmetic::{cos, exp, log, sigmoid, sin, sum, tanh},
};
use proptest::prelude::*;

/// Every 1009th float, which meets all exponents and both signs.
fn samples() -> impl Iterator<Item = f32> {
    (0..=u32::MAX).step_by(1009).map(f32::from_bits).filter(|x| x.is_finite())
}

/// Distance from a finite expected value in units in the last place, which end at the smallest subnormal.
fn ulps(found: f32, expected: f64) -> f64 {
    let near = (expected as f32).abs().max(f32::MIN_POSITIVE);
    let unit = f64::from(near) - f64::from(near.next_down());
    let unit = if near.to_bits() & 0x007F_FFFF == 0 && near > f32::MIN_POSITIVE { unit * 2.0 } else { unit };
    (f64::from(found) - expected).abs() / unit.max(f64::from(f32::from_bits(1)))
}

/// Largest error of a function where its result is within `range` of floats.
fn worst(f: impl Fn(f32) -> f32, exact: impl Fn(f64) -> f64, smallest: f64) -> (f64, f32) {
    let mut worst = (0.0, 0.0);
    for x in samples() {
        let (found, expected) = (f(x), exact(f64::from(x)));
        if expected.abs() >= smallest && expected.abs() <= f64::from(f32::MAX) {
            let error = ulps(found, expected);
            assert!(error.is_finite(), "{x} gives {found}");
            if error > worst.0 {
                worst = (error, x);
            }
        }
    }
    worst
}

#[test]
fn exp_is_within_two_units() {
    let (error, x) = worst(exp, f64::exp, 0.0);
    println!("exp: {error} at {x}");
    assert!(error < 2.0, "{error} at {x}");
    let beyond = samples().filter(|x| f64::from(*x).exp() > f64::from(f32::MAX) * (1.0 + 1e-7));
    assert!(beyond.map(exp).all(|value| value == f32::INFINITY));
}

#[test]
fn log_is_nearly_always_the_nearest() {
    let (error, x) = worst(|x| if x < 0.0 { 0.0 } else { log(x) }, |x| if x < 0.0 { 0.0 } else { x.ln() }, 1e-300);
    println!("log: {error} at {x}");
    assert!(error < 0.501, "{error} at {x}");
    assert!(samples().filter(|x| *x < 0.0).all(|x| log(x).is_nan()));
}

#[test]
fn tanh_is_within_two_units_and_odd() {
    let (error, x) = worst(tanh, f64::tanh, 0.0);
    println!("tanh: {error} at {x}");
    assert!(error < 2.0, "{error} at {x}");
    assert!(samples().all(|x| tanh(-x).to_bits() == (-tanh(x)).to_bits() && tanh(x).abs() <= 1.0));
}

#[test]
fn sigmoid_is_within_four_units() {
    let (error, x) = worst(sigmoid, |x| 1.0 / (1.0 + (-x).exp()), f64::from(f32::MIN_POSITIVE));
    println!("sigmoid: {error} at {x}");
    assert!(error < 4.0, "{error} at {x}");
    assert!(samples().all(|x| (0.0..=1.0).contains(&sigmoid(x))));
}

#[test]
fn sine_and_cosine_are_nearly_always_the_nearest() {
    let within = |x: f32| x.abs() <= 1_048_576.0;
    let near = |f: fn(f32) -> Result<f32, Fault>| move |x: f32| if within(x) { f(x).unwrap() } else { 0.0 };
    let exact = |f: fn(f64) -> f64| move |x: f64| if x.abs() <= 1_048_576.0 { f(x) } else { 0.0 };
    for (name, (error, x)) in
        [("sin", worst(near(sin), exact(f64::sin), 0.0)), ("cos", worst(near(cos), exact(f64::cos), 0.0))]
    {
        println!("{name}: {error} at {x}");
        assert!(error < 0.51, "{name}: {error} at {x}");
    }
    assert!(samples().filter(|x| !within(*x)).all(|x| matches!((sin(x), cos(x)), (Err(Fault::Angle(_)), Err(_)))));
    assert!(matches!(sin(f32::NAN), Err(Fault::Angle(_))));
}

#[test]
fn limits_are_exact() {
    assert_eq!([exp(f32::NEG_INFINITY), exp(0.0), exp(-0.0), exp(f32::INFINITY)], [0.0, 1.0, 1.0, f32::INFINITY]);
    assert_eq!(
        [log(0.0), log(-0.0), log(1.0), log(f32::INFINITY)],
        [f32::NEG_INFINITY, f32::NEG_INFINITY, 0.0, f32::INFINITY]
    );
    assert_eq!([tanh(f32::NEG_INFINITY), tanh(f32::INFINITY)], [-1.0, 1.0]);
    assert_eq!([sigmoid(f32::NEG_INFINITY), sigmoid(0.0), sigmoid(f32::INFINITY)], [0.0, 0.5, 1.0]);
    assert_eq!(tanh(-0.0).to_bits(), (-0.0_f32).to_bits());
    assert_eq!((sin(0.0).unwrap(), cos(0.0).unwrap()), (0.0, 1.0));
    assert!([exp, log, tanh, sigmoid].iter().all(|f| f(f32::NAN).is_nan()));
}

#[test]
fn exp_tanh_and_sigmoid_never_fall() {
    // Every float for a while around each boundary where another power of two or another formula is taken.
    let powers = (-200..180).map(|half| half as f32 * 0.5 * std::f32::consts::LN_2);
    for boundary in powers.chain([-0.625, 0.625]) {
        let mut x = (0..300).fold(boundary, |x, _| x.next_down());
        for _ in 0..600 {
            let next = x.next_up();
            for (name, f) in [("exp", exp as fn(f32) -> f32), ("tanh", tanh), ("sigmoid", sigmoid)] {
                let (low, high) = (f(x), f(next));
                assert!(high >= low, "{name} falls from {low} to {high} at {x}");
            }
            x = next;
        }
    }
}

proptest! {
    #[test]
    fn zeros_behind_do_not_change_a_sum(values in prop::collection::vec(-1e3_f32..1e3, 0..200), zeros in 0_usize..70) {
        let longer = [values.clone(), vec![0.0; zeros], vec![-0.0; zeros]].concat();
        prop_assert_eq!(sum(&values).to_bits(), sum(&longer).to_bits());
    }

    #[test]
    fn sums_are_near(values in prop::collection::vec(-1e3_f32..1e3, 0..3000)) {
        let exact: f64 = values.iter().map(|&value| f64::from(value)).sum();
        let sizes: f64 = values.iter().map(|&value| f64::from(value.abs())).sum();
        prop_assert!((f64::from(sum(&values)) - exact).abs() <= sizes * 200.0 * f64::from(f32::EPSILON));
    }
}

#[test]
fn a_sum_has_the_documented_order() {
    let values: Vec<f32> = (0..53).map(|at| 1.0 / (1.0 + at as f32)).collect();
    let mut lanes = [0.0_f32; 16];
    for (at, value) in values.iter().enumerate() {
        lanes[at % 16] += value;
    }
    for half in [8, 4, 2, 1] {
        for at in 0..half {
            lanes[at] += lanes[at + half];
        }
    }
    assert_eq!(sum(&values).to_bits(), lanes[0].to_bits());
}
