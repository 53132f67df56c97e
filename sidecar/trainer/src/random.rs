//! Numbers from a seed: ChaCha20 under a key of its own for every purpose.

use openledger_protocol::digest::tagged;
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

/// A stream of numbers. The key is `tagged(purpose, context)`, so no two purposes share numbers.
pub(crate) struct Stream(ChaCha20Rng);

impl Stream {
    pub fn new(purpose: &str, context: &[u8]) -> Self {
        Self(ChaCha20Rng::from_seed(tagged(purpose, context)))
    }

    /// A whole number below `bound`, each as likely: draws of 64 bits below `2^64 mod bound` are thrown away, the first
    /// other one is taken modulo `bound`. Zero for a bound of zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        let Some(reject) = bound.wrapping_neg().checked_rem(bound) else { return 0 };
        loop {
            let drawn = self.0.next_u64();
            if drawn >= reject {
                return drawn % bound;
            }
        }
    }

    /// So many bits, each as likely 1 as 0: those of 64-bit draws, the lowest first.
    pub fn bits(&mut self, count: usize) -> Vec<bool> {
        let mut bits = Vec::with_capacity(count.next_multiple_of(64));
        while bits.len() < count {
            let drawn = self.0.next_u64();
            bits.extend((0..64).map(|at| drawn >> at & 1 == 1));
        }
        bits.truncate(count);
        bits
    }

    /// One of the 2^24 evenly spaced numbers −1, −1 + 2^−23, … below 1: the upper 24 bits of a 32-bit draw.
    #[allow(clippy::cast_precision_loss)]
    pub fn symmetric(&mut self) -> f32 {
        let bits = self.0.next_u32() >> 8;
        // Exact: 24 bits fit the mantissa.
        bits as f32 / (1_u32 << 23) as f32 - 1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_stay_below_the_bound_and_reach_every_number() {
        let mut stream = Stream::new("test", b"");
        let mut seen = [0_u32; 7];
        for _ in 0..7000 {
            seen[usize::try_from(stream.below(7)).unwrap()] += 1;
        }
        assert!(seen.iter().all(|&count| (800..1200).contains(&count)), "{seen:?}");
        assert_eq!(stream.below(1), 0);
        assert_eq!(stream.below(0), 0);
    }

    #[test]
    fn bits_are_the_draws_and_even() {
        let (mut bits, mut draws) = (Stream::new("test", b""), Stream::new("test", b""));
        let found = bits.bits(6401);
        assert_eq!(found.len(), 6401);
        let first = draws.0.next_u64();
        assert!((0..64).all(|at| found[at] == (first >> at & 1 == 1)));
        let ones = found.iter().filter(|bit| **bit).count();
        assert!((3050..3350).contains(&ones), "{ones}");
        // The rest of the last draw is thrown away.
        for _ in 1..101 {
            draws.0.next_u64();
        }
        assert_eq!(bits.0.next_u64(), draws.0.next_u64());
    }

    #[test]
    fn symmetric_numbers_have_mean_zero_and_the_variance_of_a_uniform() {
        let mut stream = Stream::new("test", b"");
        let drawn: Vec<f64> = (0..20_000).map(|_| f64::from(stream.symmetric())).collect();
        assert!(drawn.iter().all(|value| (-1.0..1.0).contains(value)));
        let mean = drawn.iter().sum::<f64>() / 20_000.0;
        let variance = drawn.iter().map(|value| value * value).sum::<f64>() / 20_000.0;
        assert!(mean.abs() < 0.02 && (variance - 1.0 / 3.0).abs() < 0.01, "{mean} {variance}");
    }

    #[test]
    fn purposes_do_not_share_numbers() {
        assert_ne!(Stream::new("a", b"x").below(1 << 60), Stream::new("b", b"x").below(1 << 60));
    }
}
