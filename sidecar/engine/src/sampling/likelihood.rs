//! Log-probabilities beside a chosen token.

use std::cmp::Ordering;

/// A token and its log-probability by the model alone, before penalties and temperature.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// Its id.
    pub id: u32,
    /// In nats.
    pub logprob: f64,
}

/// The chosen token and what could have been.
#[derive(Debug, Clone, PartialEq)]
pub struct Likelihood {
    /// Of the chosen token, in nats.
    pub logprob: f64,
    /// The most likely tokens, the likeliest first, of equals the lower id first.
    pub candidates: Vec<Candidate>,
}

/// Falling logits, of equals the lower id first: the one order of tokens.
pub fn by_likelihood(logits: &[f32]) -> impl Fn(&usize, &usize) -> Ordering + '_ {
    |a, b| logits[*b].total_cmp(&logits[*a]).then(a.cmp(b))
}

/// Natural logarithm of the softmax probabilities of some logits, in 64-bit floats: the one way from logits to nats, so that an
/// answer's sum is the same whether it was made or is scored.
pub struct Nats<'l> {
    logits: &'l [f32],
    highest: f64,
    log_sum: f64,
}

impl<'l> Nats<'l> {
    pub fn of(logits: &'l [f32]) -> Self {
        let highest = f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
        let sum: f64 = logits.iter().map(|&logit| (f64::from(logit) - highest).exp()).sum();
        Self { logits, highest, log_sum: sum.ln() }
    }

    /// Of one token; nothing for an id beyond the logits.
    pub fn of_token(&self, id: usize) -> Option<f64> {
        Some(f64::from(*self.logits.get(id)?) - self.highest - self.log_sum)
    }
}

/// The likelihood of `chosen`, with `most` candidates. Nothing for an id beyond the logits.
pub fn likelihood(logits: &[f32], chosen: u32, most: usize) -> Option<Likelihood> {
    let nats = Nats::of(logits);
    let logprob = nats.of_token(usize::try_from(chosen).ok()?)?;
    if most == 0 {
        return Some(Likelihood { logprob, candidates: Vec::new() });
    }
    let mut order: Vec<usize> = (0..logits.len()).collect();
    if most < order.len() {
        order.select_nth_unstable_by(most, by_likelihood(logits));
        order.truncate(most);
    }
    order.sort_unstable_by(by_likelihood(logits));
    let candidate = |at: usize| Some(Candidate { id: u32::try_from(at).ok()?, logprob: nats.of_token(at)? });
    let candidates = order.into_iter().map(candidate).collect::<Option<_>>()?;
    Some(Likelihood { logprob, candidates })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_sum_to_one_and_candidates_come_in_order() {
        let logits = [0.0, 100.0, 99.0, 100.0, -50.0];
        let found = likelihood(&logits, 2, 5).unwrap();
        assert_eq!(found.candidates.iter().map(|c| c.id).collect::<Vec<_>>(), [1, 3, 2, 0, 4]);
        let sum: f64 = found.candidates.iter().map(|c| c.logprob.exp()).sum();
        assert!((sum - 1.0).abs() < 1e-6, "{sum}");
        assert_eq!(found.logprob, found.candidates[2].logprob);
        assert!((found.candidates[1].logprob - found.logprob - 1.0).abs() < 1e-5);
    }

    #[test]
    fn as_many_candidates_as_asked_for() {
        let logits = [1.0, 3.0, 2.0];
        let ids = |most| likelihood(&logits, 0, most).unwrap().candidates.iter().map(|c| c.id).collect::<Vec<_>>();
        assert_eq!((ids(0), ids(1), ids(2)), (vec![], vec![1], vec![1, 2]));
        assert_eq!(ids(9), [1, 2, 0]);
        assert_eq!(likelihood(&logits, 3, 1), None);
        assert_eq!(likelihood(&[], 0, 1), None);
    }
}
