//! Everything that can go wrong, with a stable code for callers and a message for people.

use std::path::{Path, PathBuf};

use openledger_corpus::CorpusError;
use openledger_engine::EngineError;

/// Why training or verification was refused or failed. A failed training leaves stored checkpoints and adapters as
/// they were.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// A number of the recipe makes no sense or is over its bound.
    #[error("{field} is {value}; it must be {expected}")]
    Recipe {
        /// The recipe's field.
        field: &'static str,
        /// Its value.
        value: String,
        /// What would be accepted.
        expected: String,
    },
    /// A row that does not fit the length limit.
    #[error(
        "row {row} of {contributor} has {tokens} tokens, the limit is {limit}; raise --max-tokens, shorten it, or pass --truncate"
    )]
    RowTooLong {
        /// Contributor of the row.
        contributor: String,
        /// Line of the row in the contributor's file, from 1.
        row: usize,
        /// Its tokens.
        tokens: usize,
        /// The bound.
        limit: usize,
    },
    /// A contributor to leave out that the Datanet does not have.
    #[error("no contributor {name:?} in the Datanet; known are: {known}")]
    UnknownContributor {
        /// Name asked for.
        name: String,
        /// Names there are.
        known: String,
    },
    /// A row to leave out that there is not.
    #[error("row {row} is to be left out, the Datanet has {rows}, counted from 0")]
    UnknownRow {
        /// Row asked for.
        row: usize,
        /// Rows there are.
        rows: usize,
    },
    /// More work than a training may hold.
    #[error("{what}: {value} is over the limit of {limit}; train on less")]
    Limit {
        /// The bounded quantity.
        what: &'static str,
        /// Its value.
        value: u64,
        /// The bound.
        limit: u64,
    },
    /// The base cannot end an answer, so an adapter could not learn to.
    #[error("the base model names no end-of-text token; set eos_token_id in its configuration")]
    NoEndToken,
    /// Loss, gradient or parameters left the finite numbers.
    #[error(
        "step {step}: {what} is not finite; lower --learning-rate or set --max-gradient-norm, and start again or resume from the last checkpoint"
    )]
    NotFinite {
        /// The step, from 1.
        step: u64,
        /// What overflowed.
        what: &'static str,
    },
    /// A file cannot be read or written, or is not what it should be.
    #[error("{path}: {reason}")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong and what to do.
        reason: String,
    },
    /// The folder holds a training already.
    #[error("{path} holds a training already; pass --resume to go on with it, or choose another folder")]
    Exists {
        /// The folder.
        path: PathBuf,
    },
    /// Another process trains into the folder.
    #[error("another training writes to {path}; wait until it has ended, or choose another folder")]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// The checkpoints belong to another training.
    #[error(
        "the checkpoint in {path} is of another training: {what} differs; give the same model, rows and recipe, or another folder"
    )]
    Mismatch {
        /// The checkpoint.
        path: PathBuf,
        /// What differs.
        what: &'static str,
    },
    /// A transcript that does not hold.
    #[error("the transcript does not hold{}: {reason}", .step.map(|step| format!(" at step {step}")).unwrap_or_default())]
    Refuted {
        /// The step, from 1, when one is to blame.
        step: Option<u64>,
        /// What does not follow.
        reason: String,
    },
    /// A family that does not follow from its recipe.
    #[error("the family does not hold: {reason}")]
    Family {
        /// What does not follow.
        reason: String,
    },
    /// The rows are broken.
    #[error(transparent)]
    Corpus(#[from] CorpusError),
    /// The model refused or failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl TrainError {
    /// Stable code for machines.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Recipe { .. } => "TRAIN_RECIPE_INVALID",
            Self::RowTooLong { .. } => "TRAIN_ROW_TOO_LONG",
            Self::UnknownContributor { .. } => "TRAIN_CONTRIBUTOR_UNKNOWN",
            Self::UnknownRow { .. } => "TRAIN_ROW_UNKNOWN",
            Self::Limit { .. } => "TRAIN_LIMIT",
            Self::NoEndToken => "TRAIN_NO_END_TOKEN",
            Self::NotFinite { .. } => "TRAIN_NOT_FINITE",
            Self::File { .. } => "TRAIN_FILE",
            Self::Exists { .. } => "TRAIN_EXISTS",
            Self::InUse { .. } => "TRAIN_IN_USE",
            Self::Mismatch { .. } => "TRAIN_CHECKPOINT_MISMATCH",
            Self::Refuted { .. } => "TRAIN_TRANSCRIPT_REFUTED",
            Self::Family { .. } => "TRAIN_FAMILY_REFUTED",
            Self::Corpus(_) => "TRAIN_ROWS_INVALID",
            Self::Engine(error) => error.code(),
        }
    }

    pub(crate) fn file(path: &Path, reason: impl std::fmt::Display) -> Self {
        Self::File { path: path.to_owned(), reason: reason.to_string() }
    }

    pub(crate) fn refuted(step: Option<u64>, reason: impl Into<String>) -> Self {
        Self::Refuted { step, reason: reason.into() }
    }

    pub(crate) fn family(reason: impl Into<String>) -> Self {
        Self::Family { reason: reason.into() }
    }
}
