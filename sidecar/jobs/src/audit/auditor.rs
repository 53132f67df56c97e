//! The engine that measures.

use std::{
    ops::{ControlFlow, Range},
    path::{Path, PathBuf},
};

use futures::executor;
use openledger_attribution::{AuditLane, Family, Measurement};
use openledger_engine::{Engine, EngineConfig, EngineError, Limits, Provider};
use openledger_protocol::attribution::MAX_CLUSTERS;
use tokio::task::unconstrained;

use super::answers;
use crate::{Answered, Instrument, JobsError, MAX_ANSWERS, Progress};

/// Most rows of one answer: the base, the served adapter, one without each contributor, and as many placebos.
const MAX_ROWS: usize = 2 * MAX_CLUSTERS;

/// A base that answers are measured on. It reads them by its own tokenizer.
pub struct AuditEngine {
    engine: Engine,
    threads: u32,
}

impl AuditEngine {
    /// Loads a base. Models of 32 bits run in the engine's own forms, those of 16 bits in the portable ones, which are the only ones
    /// that they have: which forms it is follows from the base.
    ///
    /// # Errors
    /// [`JobsError::Audit`] for a base that the engine refuses.
    pub fn start(model: &Path, threads: u32, ort_library: Option<PathBuf>) -> Result<Self, JobsError> {
        // How long an answer may be is for the model and the cache to say.
        let limits = Limits {
            max_score_rows: MAX_ROWS,
            max_adapters: MAX_ROWS,
            max_prompt_tokens: usize::MAX,
            max_new_tokens: usize::MAX,
            ..Limits::default()
        };
        let threads_of = usize::try_from(threads).unwrap_or(usize::MAX);
        let config = EngineConfig { ort_library, threads: threads_of, limits, ..EngineConfig::new(model) };
        let engine = match Engine::start(config.clone()) {
            Err(EngineError::ModelUnsupported { .. }) => {
                let EngineConfig { lora, attention, .. } = EngineConfig::portable(model, Provider::Cpu);
                Engine::start(EngineConfig { lora, attention, ..config })
            }
            other => other,
        };
        Ok(Self { engine: engine?, threads })
    }

    /// All answers of a file.
    ///
    /// # Errors
    /// [`JobsError::File`]; [`JobsError::Answer`] for a line that is no answer, or for more than [`MAX_ANSWERS`].
    pub fn answers(&self, path: &Path) -> Result<Vec<Answered>, JobsError> {
        let answers = self.answers_on(path, 0..MAX_ANSWERS.saturating_add(1))?;
        let reason = match answers.len() {
            0 => "it has no answer".to_owned(),
            1..=MAX_ANSWERS => return Ok(answers),
            _ => format!("it has more than {MAX_ANSWERS} answers; audit parts of it"),
        };
        Err(JobsError::file(path, reason))
    }

    /// The answers on some lines, counted from 0.
    pub(crate) fn answers_on(&self, path: &Path, lines: Range<usize>) -> Result<Vec<Answered>, JobsError> {
        answers::read(path, &self.engine, lines)
    }

    /// What measures when a family does it on this base.
    ///
    /// # Errors
    /// [`JobsError::Audit`] for a family with a tail, which cannot be measured whole, or adapters without a configuration.
    pub fn instrument(&self, family: &Family) -> Result<Instrument, JobsError> {
        family.check_whole()?;
        Ok(Instrument {
            family: family.digest(),
            settings: family.settings_digest()?,
            base: self.engine.model().base_digest,
            threads: self.threads,
        })
    }

    /// Loads a family's adapters, each checked against its digest.
    ///
    /// # Errors
    /// [`JobsError::Audit`].
    pub fn with(self, family: Family) -> Result<Auditor, JobsError> {
        let lane = block_on(AuditLane::load(self.engine.clone(), "audit", family))?;
        Ok(Auditor { engine: self, lane })
    }
}

/// A base with a family, ready to measure.
pub struct Auditor {
    engine: AuditEngine,
    lane: AuditLane,
}

impl Auditor {
    /// The base.
    pub(crate) fn engine(&self) -> &AuditEngine {
        &self.engine
    }

    /// Measures answers one after the other, so that the rows of a run are always the same. The observer sees how many are done, and
    /// may stop it before the next one.
    ///
    /// # Errors
    /// [`JobsError::Stopped`], [`JobsError::Audit`].
    pub fn measure(
        &self,
        answers: &[Answered],
        mut observer: impl FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<Vec<Measurement>, JobsError> {
        let mut found = Vec::with_capacity(answers.len());
        for Answered { prompt, response } in answers {
            found.push(block_on(self.lane.attribute(prompt, response))?);
            let progress = Progress { step: found.len(), steps: answers.len() };
            if observer(&progress).is_break() && found.len() < answers.len() {
                return Err(JobsError::Stopped);
            }
        }
        Ok(found)
    }
}

/// Waits for the engine, which has a thread of its own. Whoever calls from a task of tokio has its budget of steps, which nobody renews
/// while this thread waits; so the engine is asked outside of it.
fn block_on<T>(asked: impl Future<Output = T>) -> T {
    executor::block_on(unconstrained(asked))
}
