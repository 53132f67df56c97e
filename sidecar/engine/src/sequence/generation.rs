//! An answer that is being generated.

use tokio::sync::mpsc;

use crate::{
    EngineError, FinishReason, GenerateEvent, Past, Sampling, error::inference, grammar::Constraint,
    sampling::likelihood, text::TextStream,
};

/// Sender's end of one request's events.
pub(crate) type Events = mpsc::Sender<Result<GenerateEvent, EngineError>>;

/// How the next token is chosen and to whom it is told.
pub(crate) struct Generation {
    pub prompt: Vec<u32>,
    /// Generated so far.
    pub answer: Vec<u32>,
    pub sampling: Sampling,
    /// What the answer has to fit.
    pub constraint: Option<Constraint>,
    /// Candidates to report beside each token.
    pub logprobs: Option<usize>,
    pub max_new_tokens: usize,
    pub text: TextStream,
    pub events: Events,
}

impl Generation {
    /// True when nobody listens any more.
    pub fn cancelled(&self) -> bool {
        self.events.is_closed()
    }

    /// Chooses the next token and reports it. Returns it unless it was the last one.
    ///
    /// # Errors
    /// [`EngineError::Inference`] for logits of which no token can be chosen, [`EngineError::RequestInvalid`] for a grammar that
    /// became too costly, [`EngineError::Tokenization`].
    pub fn advance(&mut self, logits: &[f32], eos: &[u32]) -> Result<Option<u32>, EngineError> {
        let allowed = self.constraint.as_mut().map(Constraint::allowed).transpose()?;
        let past = Past { prompt: &self.prompt, answer: &self.answer };
        let id = self.sampling.choose(logits, past, |id| allowed.as_ref().is_none_or(|set| set.get(id)))?;
        if let Some(constraint) = &mut self.constraint {
            constraint.accept(id)?;
        }
        let no_logits = || inference("the chosen token has no logit");
        let likely = |most| likelihood(logits, id, most).ok_or_else(no_logits);
        let likelihood = self.logprobs.map(likely).transpose()?;
        self.answer.push(id);
        let is_eos = eos.contains(&id);
        let mut text = if is_eos { String::new() } else { self.text.push(id)? };
        let reason = if is_eos {
            Some(FinishReason::Eos)
        } else if self.text.stopped() {
            Some(FinishReason::Stop)
        } else if self.answer.len() >= self.max_new_tokens {
            Some(FinishReason::Length)
        } else {
            None
        };
        if reason.is_some() {
            text.push_str(&self.text.finish()?);
        }
        self.send(Ok(GenerateEvent::Token { id, text, likelihood }));
        let Some(reason) = reason else {
            return Ok(Some(id));
        };
        let tokens = std::mem::take(&mut self.answer);
        self.send(Ok(GenerateEvent::Finished { tokens, text: self.text.text().to_owned(), reason }));
        Ok(None)
    }

    /// Reports an error as the last event.
    pub fn fail(&self, error: EngineError) {
        self.send(Err(error));
    }

    fn send(&self, event: Result<GenerateEvent, EngineError>) {
        // The channel holds every event a request can produce, so only a closed one refuses, and
        // that is noticed as cancellation before the next step.
        let _ = self.events.try_send(event);
    }
}
