//! The only source of chance: a stream cipher under the seed.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

/// Random choices.
pub struct Chance(ChaCha8Rng);

impl Chance {
    /// The same choices for the same seed.
    pub fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// Below `end`; zero when `end` is zero.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0.next_u64().checked_rem(end).unwrap_or(0)
    }

    /// A position in a list of this length; zero, which does not exist, in an empty one.
    pub fn index(&mut self, len: usize) -> usize {
        self.below(len as u64) as usize
    }

    /// An amount up to `max`, small ones as often as large ones.
    pub fn amount(&mut self, max: u64) -> u128 {
        let bits = self.below(u64::from(max.max(1).ilog2()) + 2);
        u128::from(self.below(1 << bits).min(max))
    }

    /// True once in `times`.
    pub fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }
}
