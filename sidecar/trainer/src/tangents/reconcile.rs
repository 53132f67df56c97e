//! Tangents held to what training without some groups of rows really changed.

use crate::TrainError;

/// Part of the mean squared length of the groups' sums that is added to each: groups that are nearly alike must not pull a tangent apart.
const RIDGE: f64 = 0.01;
/// Most groups; the work grows with their cube.
const MAX_GROUPS: usize = 4096;

/// Corrects tangents by what is known exactly of groups of them.
///
/// `groups` holds the places of each group's tangents, `secants` of each group the trained parameters less those trained without it. A
/// tangent may be in several groups, or in none. With T the sums of the groups' tangents as columns, S the secants and `λ` a hundredth of the mean squared length of a sum, a tangent `t` becomes
///
/// ```text
/// t + (S − T) (Tᵀ T + λ)⁻¹ Tᵀ t
/// ```
///
/// which is the smallest linear map (in the Frobenius norm, up to the ridge) that takes T to S, applied to `t`. Tangents leave the
/// same curvature out for every row, so what their sums miss of groups says what a tangent misses. Tangents without a group are
/// corrected too.
///
/// # Errors
/// [`TrainError::Limit`] for another number of groups than of secants, for more than 4,096 of them, for a place beyond the tangents, or for
/// vectors of several lengths.
pub fn reconcile(tangents: &mut [Vec<f32>], groups: &[Vec<usize>], secants: &[Vec<f32>]) -> Result<(), TrainError> {
    let length = tangents.first().map_or(0, Vec::len);
    let count = |value: usize| u64::try_from(value).unwrap_or(u64::MAX);
    let differ =
        |what, value: usize, limit: usize| Err(TrainError::Limit { what, value: count(value), limit: count(limit) });
    if groups.len() != secants.len() {
        return differ("groups of tangents", groups.len(), secants.len());
    }
    if secants.len() > MAX_GROUPS {
        return differ("secants", secants.len(), MAX_GROUPS);
    }
    if let Some(&place) = groups.iter().flatten().find(|place| **place >= tangents.len()) {
        return differ("the place of a group's tangent", place, tangents.len());
    }
    if let Some(other) = tangents.iter().chain(secants).find(|vector| vector.len() != length) {
        return differ("factors of a vector", other.len(), length);
    }
    let sum = |group: &Vec<usize>| {
        let mut sum = vec![0.0_f32; length];
        for tangent in group.iter().filter_map(|&place| tangents.get(place)) {
            sum.iter_mut().zip(tangent).for_each(|(sum, value)| *sum += value);
        }
        sum
    };
    let sums: Vec<Vec<f32>> = groups.iter().map(sum).collect();
    let missed: Vec<Vec<f32>> = secants
        .iter()
        .zip(&sums)
        .map(|(whole, sum)| whole.iter().zip(sum).map(|(whole, sum)| whole - sum).collect())
        .collect();
    let Some(factor) = Factor::of(&sums) else { return Ok(()) };
    for tangent in tangents {
        let parts = factor.solve(sums.iter().map(|sum| dot(sum, tangent)).collect());
        for (part, missed) in parts.iter().zip(&missed) {
            #[allow(clippy::cast_possible_truncation)]
            let part = *part as f32;
            tangent.iter_mut().zip(missed).for_each(|(value, way)| *value += part * way);
        }
    }
    Ok(())
}

/// Cholesky's factor of the sums' products with the ridge: the rows of a lower triangle.
struct Factor(Vec<Vec<f64>>);

impl Factor {
    /// `None` when all sums are zero, or not finite.
    #[allow(clippy::cast_precision_loss)]
    fn of(sums: &[Vec<f32>]) -> Option<Self> {
        let squares: f64 = sums.iter().map(|sum| dot(sum, sum)).sum();
        let ridge = RIDGE * squares / sums.len().max(1) as f64;
        let mut rows: Vec<Vec<f64>> = Vec::with_capacity(sums.len());
        for (at, sum) in sums.iter().enumerate() {
            let mut row = Vec::with_capacity(at.saturating_add(1));
            for (other, above) in sums.iter().zip(&rows) {
                let known: f64 = row.iter().zip(above).map(|(left, right)| left * right).sum();
                row.push((dot(sum, other) - known) / above.last()?);
            }
            let known: f64 = row.iter().map(|value| value * value).sum();
            let square = dot(sum, sum) + ridge - known;
            if square.is_nan() || square <= 0.0 {
                return None;
            }
            row.push(square.sqrt());
            rows.push(row);
        }
        Some(Self(rows))
    }

    /// The numbers that, times the matrix, give these.
    fn solve(&self, mut values: Vec<f64>) -> Vec<f64> {
        let mut solved: Vec<f64> = Vec::with_capacity(values.len());
        for (row, value) in self.0.iter().zip(&values) {
            let known: f64 = row.iter().zip(&solved).map(|(left, right)| left * right).sum();
            solved.push((value - known) / row.last().copied().unwrap_or(1.0));
        }
        values = solved;
        for (at, row) in self.0.iter().enumerate().rev() {
            let Some((diagonal, below)) = row.split_last() else { continue };
            let own = values.get(at).copied().unwrap_or(0.0) / diagonal;
            values.iter_mut().zip(below).for_each(|(value, factor)| *value -= factor * own);
            if let Some(value) = values.get_mut(at) {
                *value = own;
            }
        }
        values
    }
}

fn dot(left: &[f32], right: &[f32]) -> f64 {
    left.iter().zip(right).map(|(left, right)| f64::from(*left) * f64::from(*right)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    const LENGTH: usize = 40;

    fn vectors(seed: u8, count: usize) -> Vec<Vec<f32>> {
        let mut stream = Stream::new("test", &[seed]);
        (0..count).map(|_| (0..LENGTH).map(|_| stream.symmetric()).collect()).collect()
    }

    /// Of each vector what a linear map makes of it: a diagonal, and a shift of places.
    fn bent(vectors: &[Vec<f32>]) -> Vec<Vec<f32>> {
        let one = |vector: &Vec<f32>| {
            let moved = (0..LENGTH).map(|at| vector[at] * (0.6 + at as f32 / 50.0) + 0.3 * vector[(at + 7) % LENGTH]);
            moved.collect()
        };
        vectors.iter().map(one).collect()
    }

    fn sums(vectors: &[Vec<f32>], groups: &[Vec<usize>]) -> Vec<Vec<f32>> {
        let sum =
            |group: &Vec<usize>| (0..LENGTH).map(|at| group.iter().map(|&place| vectors[place][at]).sum()).collect();
        groups.iter().map(sum).collect()
    }

    fn far(left: &[Vec<f32>], right: &[Vec<f32>]) -> f64 {
        let pairs = left.iter().flatten().zip(right.iter().flatten());
        pairs.map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>().sqrt()
    }

    #[test]
    fn what_sums_miss_is_what_tangents_miss() {
        // As many groups as dimensions: the map is known whole, up to the ridge, also for vectors of no group.
        let tangents = vectors(1, 100);
        let groups: Vec<Vec<usize>> = (0..LENGTH).map(|group| vec![group, group + LENGTH]).collect();
        let truth = bent(&tangents);
        let mut moved = tangents.clone();
        reconcile(&mut moved, &groups, &sums(&truth, &groups)).unwrap();
        let (before, after) = (far(&tangents, &truth), far(&moved, &truth));
        assert!(after < 0.5 * before, "{after} {before}");
        let none = far(&moved[80..], &truth[80..]) / far(&tangents[80..], &truth[80..]);
        assert!(none < 0.7, "{none}");
    }

    #[test]
    fn tangents_that_miss_nothing_stay() {
        let (tangents, groups) = (vectors(2, 12), vec![vec![0, 1, 2, 3], vec![4, 5, 6], vec![6, 0]]);
        let mut moved = tangents.clone();
        reconcile(&mut moved, &groups, &sums(&tangents, &groups)).unwrap();
        assert!(far(&moved, &tangents) < 1e-4);
        // Nothing is known of groups that did nothing.
        let mut moved = tangents.clone();
        reconcile(&mut moved, &vec![Vec::new(); 3], &vectors(3, 3)).unwrap();
        assert_eq!(moved, tangents);
        reconcile(&mut moved, &[], &[]).unwrap();
        assert_eq!(moved, tangents);
    }

    #[test]
    fn sizes_that_do_not_fit_are_refused() {
        let mut tangents = vectors(4, 3);
        let secant = || vec![0.0; LENGTH];
        for (groups, secants) in [
            (vec![vec![0]; 2], vec![secant()]),
            (vec![vec![0, 3]], vec![secant()]),
            (vec![vec![0]], vec![vec![0.0; LENGTH + 1]]),
        ] {
            assert_eq!(reconcile(&mut tangents, &groups, &secants).unwrap_err().code(), "TRAIN_LIMIT");
        }
    }
}
