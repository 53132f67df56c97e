//! Logits of tokens that were said before.

use std::collections::BTreeMap;

/// What was said before the token that is chosen.
#[derive(Debug, Clone, Copy)]
pub struct Past<'a> {
    /// Token ids of the prompt.
    pub prompt: &'a [u32],
    /// Token ids of the answer so far.
    pub answer: &'a [u32],
}

/// How logits of said tokens are changed; the default changes none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Penalties {
    /// Divides positive logits of tokens in prompt or answer and multiplies negative ones (Keskar et al. 2019, CTRL); 1 for
    /// none.
    pub repetition: f32,
    /// Taken from the logits of every token in the answer.
    pub presence: f32,
    /// Taken from the logit of a token as often as it is in the answer.
    pub frequency: f32,
}

impl Default for Penalties {
    fn default() -> Self {
        Self { repetition: 1.0, presence: 0.0, frequency: 0.0 }
    }
}

impl Penalties {
    /// Whether some logit may change.
    pub fn any(&self) -> bool {
        *self != Self::default()
    }

    /// Changes the logits in place. Ids beyond them are passed over. One pass over the past, each id once.
    pub fn apply(&self, logits: &mut [f32], past: Past<'_>) {
        let mut times: BTreeMap<u32, u32> = past.prompt.iter().map(|&id| (id, 0)).collect();
        for &id in past.answer {
            let count = times.entry(id).or_default();
            *count = count.saturating_add(1);
        }
        for (id, count) in times {
            let Some(logit) = usize::try_from(id).ok().and_then(|at| logits.get_mut(at)) else { continue };
            *logit = if *logit > 0.0 { *logit / self.repetition } else { *logit * self.repetition };
            if count > 0 {
                *logit -= self.presence + self.frequency * count as f32;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(penalties: Penalties, prompt: &[u32], answer: &[u32]) -> Vec<f32> {
        let mut logits = vec![2.0, -2.0, 0.0, 4.0];
        penalties.apply(&mut logits, Past { prompt, answer });
        logits
    }

    #[test]
    fn repetition_makes_said_tokens_less_likely_wherever_they_were_said() {
        let penalties = Penalties { repetition: 2.0, ..Penalties::default() };
        assert_eq!(applied(penalties, &[0, 0], &[1]), [1.0, -4.0, 0.0, 4.0]);
    }

    #[test]
    fn presence_and_frequency_look_at_the_answer_alone() {
        let penalties = Penalties { presence: 0.5, frequency: 0.25, ..Penalties::default() };
        assert_eq!(applied(penalties, &[3], &[0, 0, 1]), [1.0, -2.75, 0.0, 4.0]);
        let wanted = Penalties { presence: -0.5, ..Penalties::default() };
        assert_eq!(applied(wanted, &[], &[2]), [2.0, -2.0, 0.5, 4.0]);
    }

    #[test]
    fn nothing_changes_without_penalties_or_for_unknown_ids() {
        assert!(!Penalties::default().any());
        assert_eq!(applied(Penalties::default(), &[0, 1, 9], &[3, u32::MAX]), [2.0, -2.0, 0.0, 4.0]);
    }
}
