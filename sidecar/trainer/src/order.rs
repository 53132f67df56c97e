//! In which order rows are seen.

use std::ops::Range;

use openledger_protocol::{Hash, merkle};

use crate::{Examples, Recipe, TrainError, random::Stream};

/// Most row visits of one training: rows times epochs.
const MAX_VISITS: u64 = 50_000_000;
/// Most steps of one training: its transcript stays below 64 MiB.
const MAX_STEPS: u64 = 1 << 20;

/// The rows of every step.
///
/// Epoch `e` (from 0) starts from file order (contributors in cluster order) and is shuffled by Fisher and Yates: for
/// `i` from `n − 1` down to 1, rows `i` and `j` change places, `j` drawn evenly from `0..=i`. The numbers come from
/// ChaCha20 under `tagged("training-order", order seed || e)`, both 8 bytes, big-endian. Steps take `batch_rows` rows
/// each; an epoch's last step may have fewer, and no step reaches over an epoch's end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    visits: Vec<usize>,
    steps: Vec<Range<usize>>,
}

impl Order {
    /// The order of a recipe over so many rows.
    ///
    /// # Errors
    /// [`TrainError::Limit`] for more than 50 million visits or 2^20 steps.
    pub fn new(recipe: &Recipe, rows: usize) -> Result<Self, TrainError> {
        let count = u64::try_from(rows).unwrap_or(u64::MAX);
        let epochs = u64::from(recipe.epochs);
        let steps = count.div_ceil(u64::from(recipe.batch_rows).max(1));
        let sizes = [("rows times epochs", count, MAX_VISITS), ("steps", steps, MAX_STEPS)];
        for (what, each, limit) in sizes {
            let value = epochs.saturating_mul(each);
            if value > limit {
                return Err(TrainError::Limit { what, value, limit });
            }
        }
        let (mut visits, mut steps) = (Vec::new(), Vec::new());
        let batch = usize::try_from(recipe.batch_rows).unwrap_or(usize::MAX).max(1);
        for epoch in 0..epochs {
            let start = visits.len();
            visits.extend(shuffled(recipe.order_seed, epoch, rows));
            let end = visits.len();
            steps.extend((start..end).step_by(batch).map(|first| first..first.saturating_add(batch).min(end)));
        }
        Ok(Self { visits, steps })
    }

    /// Number of steps.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.steps.len()
    }

    /// Indices of the rows of a step, from 0; none beyond the last.
    #[must_use]
    pub fn step(&self, step: usize) -> &[usize] {
        self.steps.get(step).and_then(|range| self.visits.get(range.clone())).unwrap_or_default()
    }

    /// RFC 6962 root over the steps; a leaf is the digests of the step's rows, one after another.
    #[must_use]
    pub fn root(&self, examples: &Examples) -> Hash {
        let digest = |&row: &usize| examples.get(row).map(|example| example.digest);
        let leaf = |step| self.step(step).iter().filter_map(digest).flatten().collect::<Vec<u8>>();
        merkle::root(&(0..self.steps()).map(leaf).collect::<Vec<_>>())
    }
}

fn shuffled(seed: u64, epoch: u64, rows: usize) -> Vec<usize> {
    let mut stream = Stream::new("training-order", &[seed.to_be_bytes(), epoch.to_be_bytes()].concat());
    let mut order: Vec<usize> = (0..rows).collect();
    for last in (1..rows).rev() {
        let bound = u64::try_from(last).unwrap_or(u64::MAX).saturating_add(1);
        order.swap(last, usize::try_from(stream.below(bound)).unwrap_or(last));
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe() -> Recipe {
        Recipe { epochs: 3, batch_rows: 4, ..Recipe::default() }
    }

    #[test]
    fn every_epoch_visits_every_row_once_and_steps_stay_within_it() {
        let order = Order::new(&recipe(), 10).unwrap();
        assert_eq!(order.steps(), 9);
        for epoch in 0..3 {
            let mut seen: Vec<usize> = (0..3).flat_map(|step| order.step(3 * epoch + step).to_vec()).collect();
            assert_ne!(seen, (0..10).collect::<Vec<_>>());
            seen.sort_unstable();
            assert_eq!(seen, (0..10).collect::<Vec<_>>());
            assert_eq!(order.step(3 * epoch + 2).len(), 2);
        }
        assert!(order.step(9).is_empty());
        assert_ne!(order.step(0), order.step(3), "epochs have orders of their own");
    }

    #[test]
    fn the_order_is_its_seeds() {
        let again = |seed| Order::new(&Recipe { order_seed: seed, ..recipe() }, 10).unwrap();
        assert_eq!(again(1), again(1));
        assert_ne!(again(1), again(2));
    }

    #[test]
    fn a_known_order_stays() {
        // Changing the rule would break every stored transcript. The numbers come from another implementation of it.
        let order = Order::new(&Recipe { order_seed: 13, epochs: 1, batch_rows: 8, ..Recipe::default() }, 8).unwrap();
        assert_eq!(order.step(0), [3, 5, 0, 7, 1, 6, 2, 4]);
    }

    #[test]
    fn absurd_sizes_are_refused() {
        let error = Order::new(&Recipe { epochs: 10_000, ..recipe() }, 1 << 20).unwrap_err();
        assert_eq!(error.code(), "TRAIN_LIMIT");
    }
}
