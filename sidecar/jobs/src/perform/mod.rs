//! Doing a job, unless its result is there.

mod audit;
mod training;

use std::{ops::ControlFlow, path::PathBuf, time::Duration};

use openledger_protocol::Hash;
use openledger_trainer::Opened;

pub use training::index_beside;
pub(crate) use training::{copy, copy_folder};

use crate::{Auditor, Instrument, Job, JobsError, Results};

/// How a job ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Its result was made.
    Made,
    /// Its result was there.
    Found,
}

/// How far a job is: steps of a training, answers of an audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Those that are done, earlier attempts' included.
    pub step: usize,
    /// All of them.
    pub steps: usize,
}

/// What a worker has on its bench: the results, and what it loaded for the job before.
pub struct Bench {
    results: Results,
    ort_library: Option<PathBuf>,
    /// Time between two writings of a part under way.
    keep_every: Duration,
    loaded: Loaded,
}

/// What is in memory. One thing at a time: a base may be as large as a host can hold.
enum Loaded {
    Nothing,
    /// Base and rows of the family of this digest.
    Training(Hash, Box<Opened>),
    /// Base and adapters.
    Audit(Instrument, Box<Auditor>),
}

impl Bench {
    /// A bench over a folder of results. A part of a training under way is written there after each `keep_every`.
    #[must_use]
    pub fn new(results: Results, ort_library: Option<PathBuf>, keep_every: Duration) -> Self {
        Self { results, ort_library, keep_every, loaded: Loaded::Nothing }
    }

    /// Does a job, unless its result is there. The observer sees how far it is and may stop it. A training that was interrupted, here or
    /// elsewhere, goes on where it was written last; answers of a part of an audit are measured anew.
    ///
    /// # Errors
    /// [`JobsError::Stopped`], [`JobsError::Differs`] for other inputs than were asked for, [`JobsError::Missing`] for an assembly before
    /// its parts, and errors of training, audit, index and files.
    pub fn perform(
        &mut self,
        job: &Job,
        observer: impl FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<Outcome, JobsError> {
        if self.results.read(&job.id())?.is_some() {
            return Ok(Outcome::Found);
        }
        match job {
            Job::Training(job) => self.train(job, observer)?,
            Job::Audit(job) => self.audit(job, observer)?,
        };
        Ok(Outcome::Made)
    }
}

/// What cannot be: it was loaded a moment ago.
fn unloaded() -> JobsError {
    JobsError::Died { reason: "nothing is loaded".to_owned() }
}
