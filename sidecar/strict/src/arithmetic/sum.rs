//! The one order in which neighbouring numbers are added.

use openledger_simd::{LANES, padded, total};

/// Sum of a run: number i goes to partial sum i mod 16, in index order, and the sixteen are halved until one is left.
///
/// The order is the same for every instruction set, and zeros at the end do not change the sum: a padded row has that
/// of the row alone.
#[must_use]
#[inline(always)]
pub fn sum(values: &[f32]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    let mut add = |lanes: &[f32; LANES]| {
        for (sum, value) in sums.iter_mut().zip(lanes) {
            *sum += value;
        }
    };
    let (whole, rest) = values.as_chunks::<LANES>();
    for lanes in whole {
        add(lanes);
    }
    if !rest.is_empty() {
        add(&padded(rest));
    }
    total(sums)
}
