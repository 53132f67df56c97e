//! Whether the processor is set to the arithmetic that IEEE 754 has by default.
//!
//! Other code of the process may have told a thread to take subnormal numbers for zeros or to round another way, and new
//! threads inherit that.

use std::hint::black_box;

use crate::StrictError;

// 80-bit registers would round twice.
#[cfg(all(target_arch = "x86", not(target_feature = "sse2")))]
compile_error!("strict arithmetic needs 32-bit operations; build for a target with SSE2");

/// # Errors
/// [`StrictError::Arithmetic`] on a thread whose arithmetic is another one.
pub(crate) fn check() -> Result<(), StrictError> {
    // The compiler would compute these by its own rules.
    let add = |a: f32, b: f32| black_box(black_box(a) + black_box(b));
    let multiply = |a: f32, b: f32| black_box(black_box(a) * black_box(b));
    if is_default(add, multiply) { Ok(()) } else { Err(StrictError::Arithmetic) }
}

fn is_default(add: impl Fn(f32, f32) -> f32, multiply: impl Fn(f32, f32) -> f32) -> bool {
    let subnormal = f32::from_bits(1 << 10);
    let given = multiply(f32::MIN_POSITIVE, 0.5) == f32::from_bits(1 << 22);
    let taken = multiply(subnormal, 2.0) == f32::from_bits(1 << 11);
    // Halves go to the even neighbour, more than halves outwards, on both sides of zero.
    let half = f32::EPSILON / 2.0;
    let nearest = [1.0_f32, -1.0].into_iter().all(|one| {
        let even = add(one, one * half) == one;
        let outwards = add(one, one * half * 1.5) == one * (1.0 + f32::EPSILON);
        even && outwards
    });
    given && taken && nearest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flushed(x: f32) -> f32 {
        if x.is_subnormal() { 0.0 } else { x }
    }

    #[test]
    fn tests_run_with_default_arithmetic() {
        check().unwrap();
    }

    #[test]
    fn other_arithmetic_is_recognised() {
        let (add, multiply) = (|a: f32, b: f32| a + b, |a: f32, b: f32| a * b);
        assert!(is_default(add, multiply));
        assert!(!is_default(add, |a, b| flushed(a * b)), "results are flushed");
        assert!(!is_default(add, |a, b| flushed(a) * flushed(b)), "operands are flushed");
        let exact = |a: f32, b: f32| f64::from(a) + f64::from(b);
        let towards_zero = |a: f32, b: f32| {
            let (exact, near) = (exact(a, b), a + b);
            if f64::from(near).abs() > exact.abs() { f32::from_bits(near.to_bits() - 1) } else { near }
        };
        let up = |a: f32, b: f32| if f64::from(a + b) < exact(a, b) { (a + b).next_up() } else { a + b };
        let down = |a: f32, b: f32| if f64::from(a + b) > exact(a, b) { (a + b).next_down() } else { a + b };
        assert!(!is_default(towards_zero, multiply));
        assert!(!is_default(up, multiply));
        assert!(!is_default(down, multiply));
    }
}
