//! Texts that are read to measure the model: log-probabilities of completions, or logits themselves.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{EngineError, error::inference, sampling::Nats, worker::Reply};

/// Gathers what the positions of one call give; answers after the last position, or at the first failure.
pub(crate) struct Collector<T> {
    state: Mutex<State<T>>,
}

struct State<T> {
    rows: Vec<T>,
    /// Positions that are not measured yet.
    left: usize,
    reply: Option<Reply<Vec<T>>>,
}

impl<T> Collector<T> {
    /// For rows that begin as `rows` and have so many positions in all, at least one.
    pub fn new(rows: Vec<T>, positions: usize, reply: Reply<Vec<T>>) -> Arc<Self> {
        Arc::new(Self { state: Mutex::new(State { rows, left: positions, reply: Some(reply) }) })
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cancelled(&self) -> bool {
        self.state().reply.as_ref().is_none_or(Reply::is_closed)
    }

    fn fail(&self, error: EngineError) {
        if let Some(reply) = self.state().reply.take() {
            let _ = reply.send(Err(error));
        }
    }

    fn update(&self, row: usize, change: impl FnOnce(&mut T)) {
        let mut state = self.state();
        if let Some(row) = state.rows.get_mut(row) {
            change(row);
        }
        state.left = state.left.saturating_sub(1);
        if state.left == 0
            && let Some(reply) = state.reply.take()
        {
            let _ = reply.send(Ok(std::mem::take(&mut state.rows)));
        }
    }
}

/// What is taken from the logits.
pub(crate) enum Wanted {
    /// The sum of the completion's log-probabilities in nats.
    Score { row: usize, completion: Vec<u32>, rows: Arc<Collector<f64>> },
    /// The logits themselves, one row per position.
    Logits { positions: Arc<Collector<Vec<f32>>> },
}

/// One text of a measuring call.
pub(crate) struct Measurement {
    /// First position that is measured.
    pub first: usize,
    pub wanted: Wanted,
}

impl Measurement {
    /// True when nobody waits for the result, or another text of the call failed.
    pub fn cancelled(&self) -> bool {
        match &self.wanted {
            Wanted::Score { rows, .. } => rows.cancelled(),
            Wanted::Logits { positions } => positions.cancelled(),
        }
    }

    /// Ends the whole call with an error.
    pub fn fail(&self, error: EngineError) {
        match &self.wanted {
            Wanted::Score { rows, .. } => rows.fail(error),
            Wanted::Logits { positions } => positions.fail(error),
        }
    }

    /// Takes in the logits after the token at `position`.
    ///
    /// # Errors
    /// [`EngineError::Inference`] for logits that are not finite.
    pub fn advance(&self, position: usize, logits: &[f32]) -> Result<(), EngineError> {
        let at = position.checked_sub(self.first).ok_or_else(|| inference("a position that was not asked for"))?;
        match &self.wanted {
            Wanted::Score { row, completion, rows } => {
                let target = completion.get(at).ok_or_else(|| inference("a position that was not asked for"))?;
                let nats = log_probability(logits, *target)?;
                rows.update(*row, |sum| *sum += nats);
            }
            Wanted::Logits { positions } => positions.update(at, |row| *row = logits.to_vec()),
        }
        Ok(())
    }
}

/// Log-probability of `target` in nats.
fn log_probability(logits: &[f32], target: u32) -> Result<f64, EngineError> {
    let value = usize::try_from(target).ok().and_then(|id| Nats::of(logits).of_token(id));
    let value = value.ok_or_else(|| inference("the logits are too narrow"))?;
    if value.is_finite() { Ok(value) } else { Err(inference("the model produced logits that are not finite")) }
}
