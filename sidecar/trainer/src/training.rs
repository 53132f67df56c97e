//! One adapter, from its seeds to its folder.

use std::{ops::ControlFlow, path::PathBuf};

use openledger_engine::gradient::{FactorLayout, GradientSession};
use openledger_protocol::Hash;

use crate::{
    Checkpoint, Examples, LeftOut, Order, Recipe, TRANSCRIPT_FILE, TrainError, TrainState, Transcript, TranscriptStep,
    Weights,
    checkpoint::Claim,
    files, initial_factors, peft,
    step::{Part, step},
    write_adapter,
};

/// Where a training is stored and how.
#[derive(Debug, Clone)]
pub struct Storage {
    /// Folder of the adapter, its transcript and its checkpoints.
    pub folder: PathBuf,
    /// Steps between checkpoints; 0 stores the last state only. A checkpoint has three times the size of the adapter.
    pub checkpoint_every: u64,
    /// Element type of the adapter.
    pub weights: Weights,
    /// Name or folder of the base for the adapter's configuration.
    pub base: String,
}

/// One step that was done.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Steps done.
    pub step: usize,
    /// Steps of the whole training.
    pub steps: usize,
    /// Loss before the step, in nats.
    pub loss: f64,
    /// Tokens of the step's rows, prompts included, padding not.
    pub tokens: usize,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The adapter is written.
    Finished {
        /// SHA-256 of `adapter_model.safetensors`.
        adapter: Hash,
        /// Digest of the transcript.
        transcript: Hash,
    },
    /// The observer stopped it; a checkpoint is written.
    Stopped {
        /// Steps done.
        step: u64,
    },
}

/// A training under way.
pub struct Training<'a> {
    session: &'a mut GradientSession,
    examples: &'a Examples,
    layout: FactorLayout,
    recipe: Recipe,
    order: Order,
    weights: Vec<f32>,
    state: TrainState,
    transcript: Transcript,
}

impl<'a> Training<'a> {
    /// A training before its first step. `threads` is what the session was opened with.
    ///
    /// # Errors
    /// [`TrainError::Recipe`], [`TrainError::Limit`], [`TrainError::UnknownContributor`], and errors of the model.
    pub fn begin(
        session: &'a mut GradientSession,
        examples: &'a Examples,
        recipe: &Recipe,
        threads: usize,
    ) -> Result<Self, TrainError> {
        recipe.check()?;
        let weights = examples.weights(&LeftOut::of(recipe))?;
        let order = Order::new(recipe, examples.len())?;
        let layout = session.layout(usize::try_from(recipe.rank).unwrap_or(usize::MAX))?;
        let state = TrainState::new(initial_factors(session.modules(), &layout, recipe.init_seed));
        let threads = u32::try_from(threads).unwrap_or(u32::MAX);
        let transcript = Transcript::begin(recipe, session.model(), examples, &order, threads, state.digest());
        Ok(Self { session, examples, layout, recipe: recipe.clone(), order, weights, state, transcript })
    }

    /// Goes on from the last checkpoint of a folder; from the beginning when there is none.
    ///
    /// # Errors
    /// As [`Training::begin`], [`TrainError::Mismatch`] for a checkpoint of another training, and those of
    /// [`Checkpoint::read`].
    pub fn resume(
        session: &'a mut GradientSession,
        examples: &'a Examples,
        recipe: &Recipe,
        threads: usize,
        storage: &Storage,
    ) -> Result<Self, TrainError> {
        let mut training = Self::begin(session, examples, recipe, threads)?;
        if let Some(last) = Checkpoint::list(&storage.folder)?.last() {
            let checkpoint = Checkpoint::read(&storage.folder, *last)?;
            let mismatch = |what| TrainError::Mismatch { path: storage.folder.clone(), what };
            if let Some(what) = checkpoint.transcript.difference(&training.transcript) {
                return Err(mismatch(what));
            }
            // Half a training of one environment and half of another can be replayed by nobody.
            if checkpoint.transcript.environment() != training.transcript.environment() {
                return Err(mismatch("threads, ONNX Runtime or machine"));
            }
            (training.state, training.transcript) = (checkpoint.state, checkpoint.transcript);
        }
        Ok(training)
    }

    /// Refuses a folder that holds a training.
    ///
    /// # Errors
    /// [`TrainError::Exists`], [`TrainError::File`].
    pub fn refuse_existing(storage: &Storage) -> Result<(), TrainError> {
        let taken = [TRANSCRIPT_FILE, peft::WEIGHTS, peft::CONFIG];
        let exists = taken.iter().any(|name| storage.folder.join(name).exists());
        if exists || !Checkpoint::list(&storage.folder)?.is_empty() {
            return Err(TrainError::Exists { path: storage.folder.clone() });
        }
        Ok(())
    }

    /// The state so far.
    #[must_use]
    pub fn state(&self) -> &TrainState {
        &self.state
    }

    /// The transcript so far.
    #[must_use]
    pub fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    /// Steps of the whole training.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.order.steps()
    }

    /// Does the next step; `None` after the last.
    ///
    /// # Errors
    /// [`TrainError::NotFinite`], and errors of the model; the training cannot go on after one.
    pub fn step(&mut self) -> Result<Option<Progress>, TrainError> {
        let at = usize::try_from(self.state.step).unwrap_or(usize::MAX);
        let rows = self.order.step(at);
        if rows.is_empty() {
            return Ok(None);
        }
        let tokens = rows.iter().filter_map(|&row| self.examples.get(row)).map(|example| example.tokens.len()).sum();
        let parts = [Part { rows, weights: &self.weights, added: Vec::new() }];
        let steps = self.order.steps();
        let states = std::slice::from_mut(&mut self.state);
        let found = step(self.session, &self.layout, &self.recipe, self.examples, &parts, states, (at, steps))?;
        let loss = found.first().map_or(0.0, |found| found.loss);
        self.transcript.push(TranscriptStep { state_digest: self.state.digest(), loss: nano(loss) });
        Ok(Some(Progress { step: at.saturating_add(1), steps, loss, tokens }))
    }

    /// Does the remaining steps, stores checkpoints on the way, and writes adapter and transcript at the end. The
    /// observer sees every step and may stop after it; then the state is stored.
    ///
    /// # Errors
    /// As [`Training::step`], [`TrainError::InUse`], and [`TrainError::File`]. What was stored before stays as it was.
    pub fn run(
        &mut self,
        storage: &Storage,
        mut observer: impl FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<Ended, TrainError> {
        let _claim = Claim::of(&storage.folder)?;
        while let Some(progress) = self.step()? {
            let done = progress.step == progress.steps;
            let stop = observer(&progress).is_break() && !done;
            let due = storage.checkpoint_every != 0 && self.state.step.is_multiple_of(storage.checkpoint_every);
            if due || stop || done {
                Checkpoint::write(&storage.folder, &self.state, &self.transcript)?;
            }
            if stop {
                return Ok(Ended::Stopped { step: self.state.step });
            }
        }
        let modules = self.session.modules();
        let parameters = &self.state.parameters;
        let Storage { folder, weights, base, .. } = storage;
        let adapter = write_adapter(folder, parameters, modules, &self.layout, &self.recipe, *weights, base)?;
        self.transcript.finish(adapter);
        files::write(&folder.join(TRANSCRIPT_FILE), &self.transcript.to_bytes())?;
        Ok(Ended::Finished { adapter, transcript: self.transcript.digest() })
    }

    /// Puts another state in place, for replaying.
    pub(crate) fn replace(&mut self, state: TrainState) -> Result<(), TrainError> {
        if state.parameters.len() != self.layout.len {
            return Err(TrainError::refuted(
                Some(state.step),
                "its state is of another size than the recipe's adapter",
            ));
        }
        self.state = state;
        Ok(())
    }

    /// Whether stored bytes are the adapter's configuration.
    pub(crate) fn writes(&self, config: &[u8]) -> bool {
        peft::is_config(config, self.session.modules(), &self.recipe)
    }

    /// Bytes of the adapter of the current state.
    pub(crate) fn adapter(&self, weights: Weights) -> Result<Vec<u8>, String> {
        peft::tensors(&self.state.parameters, self.session.modules(), &self.layout, weights)
    }
}

/// A loss as the transcript holds it.
#[allow(clippy::cast_possible_truncation)]
pub(crate) fn nano(loss: f64) -> i64 {
    (loss * 1e9).round() as i64
}
