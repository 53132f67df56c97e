//! Sums of 64-bit floats whose bits no processor decides.

/// Partial sums of one product.
const LANES: usize = 8;

/// Dot product in 64 bits: element `i` goes to partial sum `i mod 8`, and the partial sums are added in pairs.
///
/// The order is fixed and no multiply-add is fused, so every processor and every compiler gives the same bits. The
/// shorter vector decides the length.
#[must_use]
pub(crate) fn dot(left: &[f32], right: &[f32]) -> f64 {
    let len = left.len().min(right.len());
    let (left, right) = (left.get(..len).unwrap_or_default(), right.get(..len).unwrap_or_default());
    let ((left, left_rest), (right, right_rest)) = (left.as_chunks::<LANES>(), right.as_chunks::<LANES>());
    let mut sums = [0.0_f64; LANES];
    for (left, right) in left.iter().zip(right) {
        for ((sum, left), right) in sums.iter_mut().zip(left).zip(right) {
            *sum += f64::from(*left) * f64::from(*right);
        }
    }
    for ((sum, left), right) in sums.iter_mut().zip(left_rest).zip(right_rest) {
        *sum += f64::from(*left) * f64::from(*right);
    }
    let [a, b, c, d, e, f, g, h] = sums;
    ((a + b) + (c + d)) + ((e + f) + (g + h))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_counts_once() {
        for len in [0, 1, 7, 8, 9, 31] {
            let left: Vec<f32> = (0..len).map(|at| at as f32 + 1.0).collect();
            let expected: f64 = (1..=len).map(|value| (value * value) as f64).sum();
            assert_eq!(dot(&left, &left), expected);
        }
        assert_eq!(dot(&[1.0, 2.0], &[3.0]), 3.0);
    }
}
