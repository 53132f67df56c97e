//! Choosing the next token.
//!
//! Randomness is a function of the request's seed and of the token's position in the answer
//! alone: row, batch, other requests and time cannot change it. Position `p` draws one 64-bit
//! number from ChaCha20 with key `SHA-256("openledger/sampling/v1" || 0x00 || seed, 8 bytes little
//! endian)` and stream `p`; its upper 53 bits are a uniform number in [0, 1).

mod likelihood;
mod penalties;

use std::borrow::Cow;

use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

use self::likelihood::by_likelihood;
pub use self::{
    likelihood::{Candidate, Likelihood, Nats, likelihood},
    penalties::{Past, Penalties},
};
use crate::EngineError;

/// How tokens are chosen, in this order: penalties, temperature, `top_k`, `min_p`, `top_p`, the draw.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampling {
    /// What happens to tokens that were said before.
    pub penalties: Penalties,
    /// 0 takes the most likely token; otherwise logits are divided by it.
    pub temperature: f32,
    /// Keep only this many most likely tokens; 0 keeps all.
    pub top_k: usize,
    /// Keep tokens at least this part as likely as the likeliest; 0 keeps all (Nguyen et al. 2024).
    pub min_p: f32,
    /// Keep the smallest set of most likely tokens whose probability reaches this; 1 keeps all.
    pub top_p: f32,
    /// Source of all randomness of the request.
    pub seed: u64,
}

impl Sampling {
    /// The most likely token every time.
    #[must_use]
    pub fn greedy() -> Self {
        Self { penalties: Penalties::default(), temperature: 0.0, top_k: 0, min_p: 0.0, top_p: 1.0, seed: 0 }
    }

    /// Checks the ranges.
    ///
    /// # Errors
    /// [`EngineError::RequestInvalid`] for a negative or non-finite temperature, a `top_p` outside of (0, 1], a `min_p` outside
    /// of [0, 1], a repetition penalty that is not positive, or penalties that are not finite.
    pub fn check(&self) -> Result<(), EngineError> {
        if !self.temperature.is_finite() || self.temperature < 0.0 {
            return Err(invalid("temperature must be 0 or a positive number"));
        }
        if !(self.top_p > 0.0 && self.top_p <= 1.0) {
            return Err(invalid("top_p must be above 0 and at most 1"));
        }
        if !(self.min_p >= 0.0 && self.min_p <= 1.0) {
            return Err(invalid("min_p must be from 0 to 1"));
        }
        let Penalties { repetition, presence, frequency } = self.penalties;
        if !(repetition.is_finite() && repetition > 0.0) {
            return Err(invalid("repetition_penalty must be a positive number"));
        }
        if !presence.is_finite() || !frequency.is_finite() {
            return Err(invalid("presence_penalty and frequency_penalty must be finite numbers"));
        }
        Ok(())
    }

    /// The answer's next token given its logits and what was said before.
    ///
    /// Only tokens that are `allowed` are looked at. Equal logits are ordered by token id, so the result is unique.
    ///
    /// # Errors
    /// [`EngineError::Inference`] when a logit is not a finite number, or no token is allowed.
    pub fn choose(&self, logits: &[f32], past: Past<'_>, allowed: impl Fn(usize) -> bool) -> Result<u32, EngineError> {
        if logits.iter().any(|logit| !logit.is_finite()) {
            return Err(crate::error::inference("the model produced logits that are not finite"));
        }
        let mut logits = Cow::Borrowed(logits);
        if self.penalties.any() {
            self.penalties.apply(logits.to_mut(), past);
        }
        let logits = logits.as_ref();
        let candidates = (0..logits.len()).filter(|&id| allowed(id));
        let chosen = if self.temperature == 0.0 {
            candidates.min_by(by_likelihood(logits))
        } else {
            let mut order: Vec<usize> = candidates.collect();
            if self.top_k > 0 && self.top_k < order.len() {
                order.select_nth_unstable_by(self.top_k - 1, by_likelihood(logits));
                order.truncate(self.top_k);
            }
            order.sort_unstable_by(by_likelihood(logits));
            self.draw(logits, &order, past.answer.len() as u64)
        };
        chosen
            .and_then(|index| u32::try_from(index).ok())
            .ok_or_else(|| crate::error::inference("no token may come next"))
    }

    /// Draws from `order`, which is sorted by falling likelihood.
    fn draw(&self, logits: &[f32], order: &[usize], position: u64) -> Option<usize> {
        let highest = f64::from(logits[*order.first()?]);
        let temperature = f64::from(self.temperature);
        let weights: Vec<f64> =
            order.iter().map(|&index| ((f64::from(logits[index]) - highest) / temperature).exp()).collect();
        // The likeliest has weight 1, and weights fall.
        let likely = weights.partition_point(|weight| *weight >= f64::from(self.min_p)).max(1);
        let weights = &weights[..likely];
        let total: f64 = weights.iter().sum();
        let mut kept = 0.0;
        let mut count = 0;
        for weight in weights {
            kept += weight;
            count += 1;
            if kept >= f64::from(self.top_p) * total {
                break;
            }
        }
        let target = uniform(self.seed, position) * kept;
        let mut passed = 0.0;
        for (&index, weight) in order.iter().zip(weights).take(count) {
            passed += weight;
            if target < passed {
                return Some(index);
            }
        }
        // Rounding may leave the target a hair past the last sum.
        order.get(count.saturating_sub(1)).copied()
    }
}

fn uniform(seed: u64, position: u64) -> f64 {
    let mut key = Sha256::new();
    key.update(b"openledger/sampling/v1\0");
    key.update(seed.to_le_bytes());
    let mut random = ChaCha20Rng::from_seed(key.finalize().into());
    random.set_stream(position);
    (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

fn invalid(reason: &str) -> EngineError {
    EngineError::RequestInvalid { reason: reason.to_owned() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn sampling(temperature: f32, top_k: usize, top_p: f32, seed: u64) -> Sampling {
        Sampling { temperature, top_k, top_p, seed, ..Sampling::greedy() }
    }

    fn past(answer: &[u32]) -> Past<'_> {
        Past { prompt: &[], answer }
    }

    /// Chooses at a position of an answer whose words do not matter.
    fn at(sampling: &Sampling, logits: &[f32], position: usize) -> u32 {
        sampling.choose(logits, past(&vec![0; position]), |_| true).unwrap()
    }

    #[test]
    fn greedy_takes_the_highest_and_the_lowest_id_of_equals() {
        let logits = [0.5, 2.0, -1.0, 2.0];
        assert_eq!(at(&Sampling::greedy(), &logits, 0), 1);
    }

    #[test]
    fn draws_depend_on_seed_and_position_only() {
        let logits: Vec<f32> = (0..50).map(|i| (i % 7) as f32 * 0.3).collect();
        let draw = |seed, position| at(&sampling(1.0, 0, 1.0, seed), &logits, position);
        let first: Vec<u32> = (0..40).map(|p| draw(1, p)).collect();
        assert_eq!(first, (0..40).map(|p| draw(1, p)).collect::<Vec<_>>());
        assert_ne!(first, (0..40).map(|p| draw(2, p)).collect::<Vec<_>>());
        assert!(first.iter().any(|&token| token != first[0]));
    }

    #[test]
    fn frequencies_follow_the_probabilities() {
        let logits = [0.0, 3.0_f32.ln()];
        let ones: u32 = (0..4000).map(|p| at(&sampling(1.0, 0, 1.0, 9), &logits, p)).sum();
        assert!((2900..3100).contains(&ones), "{ones}");
    }

    #[test]
    fn top_k_and_top_p_cut_the_tail() {
        let logits = [1.0, 0.9, 0.8, -3.0];
        for position in 0..200 {
            assert!(at(&sampling(5.0, 2, 1.0, 3), &logits, position) < 2);
            assert_eq!(at(&sampling(1.0, 0, 0.05, 3), &logits, position), 0);
            assert!(at(&sampling(1.0, 0, 0.9, 3), &logits, position) < 3);
            assert!(at(&Sampling { min_p: 0.85, ..sampling(1.0, 0, 1.0, 3) }, &logits, position) < 2);
            assert_eq!(at(&Sampling { min_p: 1.0, ..sampling(9.0, 0, 1.0, 3) }, &logits, position), 0);
        }
    }

    #[test]
    fn what_is_not_allowed_is_never_chosen() {
        let logits = [1.0, 9.0, 0.5, 8.0];
        let even = |id| id % 2 == 0;
        assert_eq!(Sampling::greedy().choose(&logits, past(&[]), even).unwrap(), 0);
        for position in 0..200 {
            let answer = vec![0; position];
            let hot = sampling(5.0, 3, 1.0, 4).choose(&logits, past(&answer), even).unwrap();
            assert!(even(hot as usize));
        }
        let none = Sampling::greedy().choose(&logits, past(&[]), |_| false).unwrap_err();
        assert_eq!(none.code(), "INFERENCE_FAILED");
    }

    fn penalised(penalties: Penalties) -> Sampling {
        Sampling { penalties, ..Sampling::greedy() }
    }

    #[test]
    fn penalties_come_before_everything_else() {
        let strong = penalised(Penalties { presence: 2.0, ..Penalties::default() });
        assert_eq!(strong.choose(&[3.0, 2.0], past(&[1]), |_| true).unwrap(), 0);
        assert_eq!(strong.choose(&[3.0, 2.0], past(&[0]), |_| true).unwrap(), 1);
        assert_eq!(strong.choose(&[3.0, 2.0], past(&[0, 1]), |_| true).unwrap(), 0);
    }

    #[test]
    fn bad_parameters_and_logits_are_errors() {
        for bad in [
            sampling(-1.0, 0, 1.0, 0),
            sampling(f32::NAN, 0, 1.0, 0),
            sampling(1.0, 0, 0.0, 0),
            sampling(1.0, 0, 1.5, 0),
            Sampling { min_p: -0.1, ..sampling(1.0, 0, 1.0, 0) },
            Sampling { min_p: f32::NAN, ..sampling(1.0, 0, 1.0, 0) },
            penalised(Penalties { repetition: 0.0, ..Penalties::default() }),
            penalised(Penalties { presence: f32::INFINITY, ..Penalties::default() }),
            penalised(Penalties { frequency: f32::NAN, ..Penalties::default() }),
        ] {
            assert_eq!(bad.check().unwrap_err().code(), "REQUEST_INVALID");
        }
        let error = Sampling::greedy().choose(&[0.0, f32::NAN], past(&[]), |_| true).unwrap_err();
        assert_eq!(error.code(), "INFERENCE_FAILED");
    }
}
