//! Signs that a step's Gauss-Newton matrix is estimated from.

use crate::random::Stream;

/// They depend on the seed, the step and their place in it alone, so a training may go on at any step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Draws {
    /// Seed of all.
    pub seed: u64,
    /// Draws of each row.
    pub each: u32,
    /// Number of the step, from 0.
    pub step: usize,
}

impl Draws {
    /// Draws of each row.
    pub fn per_row(self) -> usize {
        usize::try_from(self.each).unwrap_or(usize::MAX)
    }

    /// So many for the draw at a place of the step, rows first.
    pub fn signs(self, place: usize, count: usize) -> Vec<bool> {
        let wide = |value: usize| u64::try_from(value).unwrap_or(u64::MAX).to_be_bytes();
        let context = [self.seed.to_be_bytes(), wide(self.step), wide(place)].concat();
        Stream::new("curvature-signs", &context).bits(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_steps_and_seeds_have_signs_of_their_own() {
        let of = |seed, step, place| Draws { seed, each: 2, step }.signs(place, 100);
        let all = [of(1, 1, 0), of(1, 1, 1), of(1, 1, 2), of(1, 2, 0), of(2, 1, 0)];
        assert!((1..all.len()).all(|at| !all[..at].contains(&all[at])));
        assert_eq!(of(1, 1, 2), of(1, 1, 2));
    }
}
