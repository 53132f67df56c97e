//! Why a job cannot be asked for, done or handed over.

use std::path::{Path, PathBuf};

use openledger_attribution::{AuditError, index::IndexError};
use openledger_engine::EngineError;
use openledger_trainer::TrainError;

use crate::Part;

/// A failure with a stable code.
#[derive(Debug, thiserror::Error)]
pub enum JobsError {
    /// The address of a queue names no kind that there is.
    #[error("{url:?} names no queue; write sqlite:PATH or postgres://USER@HOST/DATABASE")]
    Address {
        /// What was given.
        url: String,
    },
    /// The queue's store cannot be reached, read or written.
    #[error("the queue cannot be read or written: {reason}")]
    Queue {
        /// What the store says.
        reason: String,
    },
    /// What lies in the queue is no job of ours.
    #[error("the queue holds something that is no job: {reason}")]
    Content {
        /// What is wrong with it.
        reason: String,
    },
    /// A result or its folder cannot be read or written.
    #[error("{path}: {reason}")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A line of a file of answers is none.
    #[error(
        "{path}, line {line}: {reason}; write {{\"prompt\": \"...\", \"answer\": \"...\"}}, or the tokens of both as {{\"prompt_tokens\": \
         [...], \"answer_tokens\": [...]}}"
    )]
    Answer {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// What lies at the job's places is not what it was asked for.
    #[error("{what} at {path} is not what the job was asked for; restore it, or ask again for what lies there now")]
    Differs {
        /// What differs.
        what: &'static str,
        /// Where it lies.
        path: PathBuf,
    },
    /// A part that the assembly needs is not there.
    #[error("{part} of the family has no result yet")]
    Missing {
        /// Which.
        part: Part,
    },
    /// A job was tried as often as it may be.
    #[error("job {id} was given up after {attempts} attempts: {reason}")]
    GivenUp {
        /// Its id in hex.
        id: String,
        /// How often it was begun.
        attempts: u64,
        /// What the last attempt said.
        reason: String,
    },
    /// The work was stopped.
    #[error("the work was stopped; the job goes back to the queue")]
    Stopped,
    /// The thread that worked ended without a result.
    #[error("the work ended early: {reason}")]
    Died {
        /// What is known.
        reason: String,
    },
    /// The training was refused or failed.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// The index cannot be built.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// A family cannot be used, or an answer cannot be measured.
    #[error(transparent)]
    Audit(#[from] AuditError),
}

impl JobsError {
    /// Stable code for machines.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Address { .. } => "JOBS_QUEUE_ADDRESS",
            Self::Queue { .. } => "JOBS_QUEUE",
            Self::Content { .. } => "JOBS_CONTENT_INVALID",
            Self::File { .. } => "JOBS_FILE",
            Self::Answer { .. } => "JOBS_ANSWER_INVALID",
            Self::Differs { .. } => "JOBS_INPUT_DIFFERS",
            Self::Missing { .. } => "JOBS_PART_MISSING",
            Self::GivenUp { .. } => "JOBS_GIVEN_UP",
            Self::Stopped => "JOBS_STOPPED",
            Self::Died { .. } => "JOBS_DIED",
            Self::Train(error) => error.code(),
            Self::Index(error) => error.code(),
            Self::Audit(error) => error.code(),
        }
    }

    /// Whether another attempt must end the same way, on any host: then none is made.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            Self::Content { .. } | Self::GivenUp { .. } => true,
            Self::Train(error) => matches!(
                error,
                TrainError::Recipe { .. }
                    | TrainError::RowTooLong { .. }
                    | TrainError::UnknownContributor { .. }
                    | TrainError::UnknownRow { .. }
                    | TrainError::Limit { .. }
                    | TrainError::NoEndToken
                    | TrainError::NotFinite { .. }
                    | TrainError::Refuted { .. }
            ),
            Self::Index(error) => {
                matches!(error, IndexError::NoDirections | IndexError::Size { .. } | IndexError::NotFinite { .. })
            }
            Self::Audit(error) => matches!(
                error,
                AuditError::Tail { .. }
                    | AuditError::OutOfRange { .. }
                    | AuditError::BatchTooSmall { .. }
                    | AuditError::Engine(EngineError::RequestLimit { .. } | EngineError::RequestInvalid { .. })
            ),
            _ => false,
        }
    }

    pub(crate) fn file(path: &Path, reason: impl std::fmt::Display) -> Self {
        Self::File { path: path.to_owned(), reason: reason.to_string() }
    }

    pub(crate) fn queue(reason: impl std::fmt::Display) -> Self {
        Self::Queue { reason: reason.to_string() }
    }

    pub(crate) fn content(reason: impl std::fmt::Display) -> Self {
        Self::Content { reason: reason.to_string() }
    }
}

impl From<sqlx::Error> for JobsError {
    fn from(error: sqlx::Error) -> Self {
        Self::queue(error)
    }
}

impl From<EngineError> for JobsError {
    fn from(error: EngineError) -> Self {
        Self::Audit(AuditError::Engine(error))
    }
}
