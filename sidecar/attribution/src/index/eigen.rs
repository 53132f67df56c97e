//! Eigenvectors of small symmetric matrices, with the same bits everywhere.
//!
//! The linear algebra libraries choose fused instructions by the processor they run on, so their last bits differ between
//! machines. An index has a root that anybody must be able to rebuild, so this is plain: cyclic Jacobi rotations in
//! a fixed order, of additions, multiplications, divisions and square roots, which IEEE 754 rounds the same everywhere.

/// Passes over all pairs; convergence is quadratic and takes about ten.
const MAX_SWEEPS: usize = 64;

/// Eigenvalues and eigenvectors of a symmetric matrix.
#[derive(Debug, Clone)]
pub(crate) struct Eigen {
    /// Largest first.
    pub values: Vec<f64>,
    /// Of each value its unit vector; the component of largest magnitude, the first of several, is positive.
    pub vectors: Vec<Vec<f64>>,
}

/// A rotation in the plane of two axes.
struct Rotation {
    cosine: f64,
    sine: f64,
}

impl Rotation {
    /// The one that makes the element between two axes zero.
    fn zeroing(between: f64, low: f64, high: f64) -> Self {
        let ratio = (high - low) / (2.0 * between);
        let tangent = ratio.signum() / (ratio.abs() + (ratio * ratio + 1.0).sqrt());
        let cosine = 1.0 / (tangent * tangent + 1.0).sqrt();
        Self { cosine, sine: tangent * cosine }
    }

    fn turn(&self, low: &mut f64, high: &mut f64) {
        let (old_low, old_high) = (*low, *high);
        *low = self.cosine * old_low - self.sine * old_high;
        *high = self.sine * old_low + self.cosine * old_high;
    }

    fn turn_rows(&self, rows: &mut [Vec<f64>], low: usize, high: usize) {
        let (before, after) = rows.split_at_mut(high);
        if let (Some(low), Some(high)) = (before.get_mut(low), after.first_mut()) {
            low.iter_mut().zip(high).for_each(|(low, high)| self.turn(low, high));
        }
    }

    fn turn_columns(&self, rows: &mut [Vec<f64>], low: usize, high: usize) {
        for row in rows {
            let (before, after) = row.split_at_mut(high);
            if let (Some(low), Some(high)) = (before.get_mut(low), after.first_mut()) {
                self.turn(low, high);
            }
        }
    }
}

/// Eigenvectors of a symmetric, finite matrix given by rows. Costs the cube of its size times about ten.
pub(crate) fn symmetric(mut matrix: Vec<Vec<f64>>) -> Eigen {
    let size = matrix.len();
    let mut vectors: Vec<Vec<f64>> = (0..size).map(|row| (0..size).map(|at| f64::from(at == row)).collect()).collect();
    let element = |matrix: &[Vec<f64>], row: usize, column: usize| {
        matrix.get(row).and_then(|row| row.get(column)).copied().unwrap_or(0.0)
    };
    for _ in 0..MAX_SWEEPS {
        let mut turned = false;
        for low in 0..size {
            for high in low.saturating_add(1)..size {
                let between = element(&matrix, low, high);
                let (first, second) = (element(&matrix, low, low), element(&matrix, high, high));
                // Below this it changes neither diagonal element in its last bit.
                if between == 0.0 || between.abs() <= f64::EPSILON * 0.5 * (first.abs() * second.abs()).sqrt() {
                    continue;
                }
                turned = true;
                let rotation = Rotation::zeroing(between, first, second);
                rotation.turn_rows(&mut matrix, low, high);
                rotation.turn_columns(&mut matrix, low, high);
                rotation.turn_rows(&mut vectors, low, high);
            }
        }
        if !turned {
            break;
        }
    }
    let mut pairs: Vec<(f64, Vec<f64>)> =
        vectors.into_iter().enumerate().map(|(at, vector)| (element(&matrix, at, at), positive(vector))).collect();
    // The sort is stable, so equal values keep their order.
    pairs.sort_by(|left, right| right.0.total_cmp(&left.0));
    let (values, vectors) = pairs.into_iter().unzip();
    Eigen { values, vectors }
}

/// An eigenvector's sign means nothing; fixed, it does not depend on the rotations.
fn positive(vector: Vec<f64>) -> Vec<f64> {
    let largest =
        vector.iter().fold(0.0_f64, |largest, value| if value.abs() > largest.abs() { *value } else { largest });
    if largest < 0.0 { vector.into_iter().map(|value| -value).collect() } else { vector }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn product(left: &[f64], right: &[f64]) -> f64 {
        left.iter().zip(right).map(|(left, right)| left * right).sum()
    }

    #[test]
    fn a_known_matrix() {
        let found = symmetric(vec![vec![2.0, 1.0], vec![1.0, 2.0]]);
        assert!((found.values[0] - 3.0).abs() < 1e-15 && (found.values[1] - 1.0).abs() < 1e-15);
        assert!(symmetric(Vec::new()).values.is_empty());
        assert_eq!(symmetric(vec![vec![0.0; 3]; 3]).values, [0.0; 3]);
    }

    proptest! {
        #[test]
        fn values_and_vectors_make_the_matrix(size in 1_usize..12, numbers in prop::collection::vec(-9.0_f64..9.0, 144)) {
            // A Gram matrix, often without full rank, as the secants' is.
            let rows: Vec<&[f64]> = numbers.chunks(7).take(size).collect();
            let matrix: Vec<Vec<f64>> =
                rows.iter().map(|left| rows.iter().map(|right| product(left, right)).collect()).collect();
            let found = symmetric(matrix.clone());
            prop_assert!(found.values.is_sorted_by(|left, right| left >= right));
            let scale = 1e-12 * (1.0 + found.values[0]);
            for (value, vector) in found.values.iter().zip(&found.vectors) {
                for (row, component) in matrix.iter().zip(vector) {
                    prop_assert!((product(row, vector) - value * component).abs() < scale);
                }
            }
            for (at, left) in found.vectors.iter().enumerate() {
                for (other, right) in found.vectors.iter().enumerate() {
                    prop_assert!((product(left, right) - f64::from(at == other)).abs() < 1e-13);
                }
            }
        }
    }
}
