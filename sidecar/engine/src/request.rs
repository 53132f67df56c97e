//! What clients ask for and receive.

use std::time::Instant;

use crate::{Grammar, Likelihood, Sampling};

/// One request to continue a prompt.
#[derive(Debug, Clone)]
pub struct GenerateRequest {
    /// Id of a loaded adapter, or `None` for the base model.
    pub adapter: Option<String>,
    /// Further adapters, whose products are added times their factors.
    pub more_adapters: Vec<ScaledAdapter>,
    /// Token ids, at least one.
    pub prompt: Vec<u32>,
    /// How tokens are chosen.
    pub sampling: Sampling,
    /// Most tokens to generate, at least one.
    pub max_new_tokens: usize,
    /// Texts that end the answer; they are not part of it.
    pub stop: Vec<String>,
    /// What the answer has to fit.
    pub grammar: Option<Grammar>,
    /// Reports the likelihood of each token with so many candidates beside it; nothing when absent. The likelihoods of an answer's
    /// tokens add up to its score.
    pub logprobs: Option<usize>,
    /// For whom this is: requests of one tenant are limited together.
    pub tenant: Option<String>,
    /// When the answer has to be complete; it ends with [`crate::EngineError::DeadlineExceeded`] otherwise.
    pub deadline: Option<Instant>,
}

impl GenerateRequest {
    /// Continues a prompt by the likeliest tokens: no adapter, stop strings, grammar, tenant or deadline.
    #[must_use]
    pub fn greedy(prompt: Vec<u32>, max_new_tokens: usize) -> Self {
        Self {
            adapter: None,
            more_adapters: Vec::new(),
            prompt,
            sampling: Sampling::greedy(),
            max_new_tokens,
            stop: Vec::new(),
            grammar: None,
            logprobs: None,
            tenant: None,
            deadline: None,
        }
    }
}

/// An adapter and what its product is multiplied with.
#[derive(Debug, Clone, PartialEq)]
pub struct ScaledAdapter {
    /// Id of a loaded adapter.
    pub id: String,
    /// Any finite number; 1 is the adapter as it was trained.
    pub factor: f32,
}

/// What a running request sends.
#[derive(Debug, Clone, PartialEq)]
pub enum GenerateEvent {
    /// One generated token, in order. The texts of all tokens together are the final text.
    Token {
        /// Its id.
        id: u32,
        /// Text that became certain with it; may be empty.
        text: String,
        /// How likely it was; absent unless asked for.
        likelihood: Option<Likelihood>,
    },
    /// The last event.
    Finished {
        /// All generated ids, an end-of-text token included.
        tokens: Vec<u32>,
        /// The whole answer, without special tokens and stop strings.
        text: String,
        /// Why it ended.
        reason: FinishReason,
    },
}

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FinishReason {
    /// The model produced an end-of-text token.
    Eos,
    /// `max_new_tokens` were generated.
    Length,
    /// A stop string appeared.
    Stop,
}

/// One completion to score.
#[derive(Debug, Clone)]
pub struct ScoreRow {
    /// Id of a loaded adapter, or `None` for the base model.
    pub adapter: Option<String>,
    /// Token ids before the completion, at least one.
    pub prompt: Vec<u32>,
    /// Token ids whose log-probabilities are summed, at least one.
    pub completion: Vec<u32>,
}
