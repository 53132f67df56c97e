//! What decides a training besides base and rows.

use openledger_corpus::clusters::THRESHOLDS;

use crate::{TrainError, schedule::learning_rate};

/// Most steps over which the rate may rise, epochs, rows of a step: beyond it is a slip of the pen.
const MAX_COUNT: u32 = 1 << 20;
/// Rows of one step or run.
const MAX_ROWS: u32 = 4096;
/// Tokens of one row.
const MAX_TOKENS: u32 = 1 << 16;
/// Rank of an adapter that the engine serves.
const MAX_RANK: u32 = 128;

/// How the learning rate goes down after its rise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decay {
    /// Not at all.
    Constant,
    /// In a straight line.
    Linear,
    /// Along half a cosine.
    Cosine,
}

impl Decay {
    /// Its name in a transcript.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Linear => "linear",
            Self::Cosine => "cosine",
        }
    }

    /// The decay of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Constant, Self::Linear, Self::Cosine].into_iter().find(|decay| decay.name() == name)
    }
}

/// What decides a training besides base and rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Recipe {
    /// Rank of every module.
    pub rank: u32,
    /// Numerator of the adapter's scale.
    pub alpha: f64,
    /// Rank-stabilised: the scale is alpha over the square root of the rank, not over the rank.
    pub rank_stabilised: bool,
    /// Short names of the trained modules; empty for all that the base has.
    pub targets: Vec<String>,
    /// Peak learning rate.
    pub learning_rate: f64,
    /// Decays of the first and the second moment.
    pub betas: (f64, f64),
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// Decoupled weight decay.
    pub weight_decay: f64,
    /// Bound on the norm of the whole gradient; `None` for no bound.
    pub max_gradient_norm: Option<f64>,
    /// Steps over which the learning rate rises.
    pub warmup_steps: u32,
    /// How it goes down.
    pub decay: Decay,
    /// Part of the peak learning rate that a decay ends with.
    pub floor: f64,
    /// Passes over the rows.
    pub epochs: u32,
    /// Rows of one optimiser step.
    pub batch_rows: u32,
    /// Most rows of one run of the graph. A step with more is split, rows of similar length together, and the
    /// gradients are accumulated.
    pub run_rows: u32,
    /// Longest row in tokens, prompt and end-of-text included.
    pub max_tokens: u32,
    /// Longer rows lose the end of their completion instead of being refused.
    pub truncate: bool,
    /// Seed of the initial factors.
    pub init_seed: u64,
    /// Seed of the rows' order.
    pub order_seed: u64,
    /// Contributor whose rows have no weight.
    pub left_out: Option<String>,
    /// Rows that are alike in so many hundredths of their runs of characters, 65 to 100, are trained on once: the first of them in
    /// cluster order, so that a copy takes nothing from the row it copies. `None` trains on all.
    pub duplicates: Option<u32>,
}

impl Default for Recipe {
    /// Rank 8, alpha 16, all modules, AdamW at 1e-3 with PyTorch's betas and epsilon and no weight decay, norm at most
    /// 1, cosine to zero without warm-up, 3 epochs of batches of 8 rows, 512 tokens.
    fn default() -> Self {
        Self {
            rank: 8,
            alpha: 16.0,
            rank_stabilised: false,
            targets: Vec::new(),
            learning_rate: 1e-3,
            betas: (0.9, 0.999),
            epsilon: 1e-8,
            weight_decay: 0.0,
            max_gradient_norm: Some(1.0),
            warmup_steps: 0,
            decay: Decay::Cosine,
            floor: 0.0,
            epochs: 3,
            batch_rows: 8,
            run_rows: 8,
            max_tokens: 512,
            truncate: false,
            init_seed: 0,
            order_seed: 0,
            left_out: None,
            duplicates: None,
        }
    }
}

impl Recipe {
    /// Factor on `B A x`.
    #[must_use]
    pub fn scale(&self) -> f64 {
        let rank = f64::from(self.rank);
        self.alpha / if self.rank_stabilised { rank.sqrt() } else { rank }
    }

    /// Learning rate of a step, from 0, of so many.
    #[must_use]
    pub fn rate(&self, step: usize, steps: usize) -> f64 {
        learning_rate(self, step, steps)
    }

    /// Refuses what makes no sense.
    ///
    /// # Errors
    /// [`TrainError::Recipe`] with the field.
    pub fn check(&self) -> Result<(), TrainError> {
        let counts = [
            ("rank", self.rank, 1, MAX_RANK),
            ("epochs", self.epochs, 1, MAX_COUNT),
            ("batch_rows", self.batch_rows, 1, MAX_ROWS),
            ("run_rows", self.run_rows, 1, MAX_ROWS),
            ("max_tokens", self.max_tokens, 2, MAX_TOKENS),
            ("warmup_steps", self.warmup_steps, 0, MAX_COUNT),
        ];
        for (field, value, least, most) in counts {
            if !(least..=most).contains(&value) {
                return Err(refuse(field, value, format!("from {least} to {most}")));
            }
        }
        if let Some(threshold) = self.duplicates.filter(|threshold| !THRESHOLDS.contains(threshold)) {
            let (least, most) = (THRESHOLDS.start(), THRESHOLDS.end());
            return Err(refuse("duplicates", threshold, format!("from {least} to {most}")));
        }
        let positive = f64::MIN_POSITIVE;
        let numbers = [
            ("alpha", self.alpha, positive, 1e6, "above 0, at most 1e6"),
            ("learning_rate", self.learning_rate, positive, 1e3, "above 0, at most 1000"),
            ("beta1", self.betas.0, 0.0, 1.0 - 1e-9, "from 0, below 1"),
            ("beta2", self.betas.1, 0.0, 1.0 - 1e-9, "from 0, below 1"),
            ("epsilon", self.epsilon, positive, 1.0, "above 0, at most 1"),
            ("weight_decay", self.weight_decay, 0.0, 1e3, "from 0 to 1000"),
            ("floor", self.floor, 0.0, 1.0, "from 0 to 1"),
            ("max_gradient_norm", self.max_gradient_norm.unwrap_or(1.0), positive, 1e9, "above 0, at most 1e9"),
        ];
        for (field, value, least, most, expected) in numbers {
            // Not a number lies in no range.
            if !(least..=most).contains(&value) {
                return Err(refuse(field, value, expected.to_owned()));
            }
        }
        Ok(())
    }
}

fn refuse(field: &'static str, value: impl std::fmt::Display, expected: String) -> TrainError {
    TrainError::Recipe { field, value: value.to_string(), expected }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_sound_and_nonsense_is_named() {
        Recipe::default().check().unwrap();
        let wrong = [
            ("rank", Recipe { rank: 0, ..Recipe::default() }),
            ("rank", Recipe { rank: 129, ..Recipe::default() }),
            ("alpha", Recipe { alpha: f64::NAN, ..Recipe::default() }),
            ("learning_rate", Recipe { learning_rate: -1.0, ..Recipe::default() }),
            ("beta2", Recipe { betas: (0.9, 1.0), ..Recipe::default() }),
            ("epsilon", Recipe { epsilon: 0.0, ..Recipe::default() }),
            ("max_gradient_norm", Recipe { max_gradient_norm: Some(0.0), ..Recipe::default() }),
            ("batch_rows", Recipe { batch_rows: 0, ..Recipe::default() }),
            ("max_tokens", Recipe { max_tokens: 1, ..Recipe::default() }),
            ("duplicates", Recipe { duplicates: Some(64), ..Recipe::default() }),
            ("duplicates", Recipe { duplicates: Some(101), ..Recipe::default() }),
        ];
        for (name, recipe) in wrong {
            match recipe.check().unwrap_err() {
                TrainError::Recipe { field, .. } => assert_eq!(field, name),
                other => panic!("{other}"),
            }
        }
    }

    #[test]
    fn the_scale_is_that_of_peft() {
        let recipe = Recipe { rank: 16, alpha: 32.0, ..Recipe::default() };
        assert!((recipe.scale() - 2.0).abs() < 1e-12);
        assert!((Recipe { rank_stabilised: true, ..recipe }.scale() - 8.0).abs() < 1e-12);
    }
}
