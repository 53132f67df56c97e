//! Why there is no index, or no scores by one.

use std::path::{Path, PathBuf};

use openledger_engine::EngineError;
use openledger_protocol::{attribution::AttributionError, dot::DotError};

use crate::AuditError;

/// Why an index cannot be built, read or asked.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The index file cannot be read or written, or is damaged.
    #[error("{path}: {reason}; build the index again with `openledger index build`")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The adapters of a family are not variants of one training.
    #[error("variant {variant}: {reason}; train the family again with one recipe")]
    Variant {
        /// The variant.
        variant: String,
        /// What differs.
        reason: String,
    },
    /// No variant differs from the served adapter, so there is nothing to attribute by.
    #[error("no variant of the family differs from the served adapter; train the counterfactuals on fewer rows")]
    NoDirections,
    /// A size outside its bounds.
    #[error("{what} is {value}, it must be 1 to {limit}")]
    Size {
        /// What it counts.
        what: &'static str,
        /// Its value.
        value: usize,
        /// The bound.
        limit: usize,
    },
    /// A number of dimensions that no frame has.
    #[error("{dimensions} dimensions are no power of two; build the index again with `openledger index build`")]
    Frame {
        /// The number.
        dimensions: usize,
    },
    /// A vector of another length than the index has.
    #[error("{what} has {found} elements, not {expected}; use the model and family that the index was built from")]
    Length {
        /// The vector.
        what: &'static str,
        /// Its length.
        found: usize,
        /// The right length.
        expected: usize,
    },
    /// A number that is no number.
    #[error("{what} has a value that is not finite; check model and adapters")]
    NotFinite {
        /// The vector.
        what: &'static str,
    },
    /// The index was built for other weights.
    #[error("the index was built from another {what}; build it again from the one that is served")]
    Mismatch {
        /// Base or family.
        what: &'static str,
    },
    /// The family cannot be read.
    #[error(transparent)]
    Family(#[from] AuditError),
    /// The model or an adapter cannot be used.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The protocol's integer rule refused the scores.
    #[error("the scores cannot be turned into shares: {0}; report it with the index")]
    Shares(#[from] AttributionError),
    /// The protocol's dot product refused the vectors.
    #[error("the scores cannot be computed: {0}; build the index with fewer dimensions")]
    Dot(#[from] DotError),
}

impl IndexError {
    /// Stable code for machines.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::File { .. } => "INDEX_FILE_INVALID",
            Self::Variant { .. } => "INDEX_VARIANT_DIFFERS",
            Self::NoDirections => "INDEX_NO_DIRECTIONS",
            Self::Size { .. } => "INDEX_OVER_LIMIT",
            Self::Frame { .. } => "INDEX_FRAME_INVALID",
            Self::Length { .. } => "INDEX_LENGTH_MISMATCH",
            Self::NotFinite { .. } => "INDEX_NOT_FINITE",
            Self::Mismatch { .. } => "INDEX_MISMATCH",
            Self::Family(error) => error.code(),
            Self::Engine(error) => error.code(),
            Self::Shares(_) => "INDEX_SHARES_FAILED",
            Self::Dot(_) => "INDEX_SCORES_FAILED",
        }
    }

    pub(crate) fn file(path: &Path, reason: impl ToString) -> Self {
        Self::File { path: path.to_owned(), reason: reason.to_string() }
    }
}
