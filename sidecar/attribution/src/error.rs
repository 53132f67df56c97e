//! Why an answer cannot be attributed.

use std::path::PathBuf;

use openledger_engine::EngineError;

/// Why a family cannot be used or an answer cannot be measured.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// A manifest or question list is missing, oversized or malformed.
    #[error("{path}: {reason}; fetch or build the file again")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The family lacks a variant that attribution needs, or has one twice.
    #[error("adapter family in {path}: {reason}; train the missing variants or correct adapters.json")]
    Family {
        /// The manifest.
        path: PathBuf,
        /// What is missing or doubled.
        reason: String,
    },
    /// Contributors without a counterfactual adapter cannot be measured.
    #[error(
        "{contributors} contributors of the family have a tangent and no counterfactual adapter, so the audit lane cannot pay them; let the index pay, or train the family without a tail"
    )]
    Tail {
        /// How many.
        contributors: usize,
    },
    /// More rows than the engine takes in one batch.
    #[error(
        "attribution over this family needs {rows} rows in one call, the engine takes {limit}; raise max_score_rows"
    )]
    BatchTooSmall {
        /// Rows needed.
        rows: usize,
        /// The engine's bound.
        limit: usize,
    },
    /// A log-probability that cannot be a measurement.
    #[error("the log-probability of {variant} is {value} nats, beyond what can be attributed; check the adapter")]
    OutOfRange {
        /// The variant.
        variant: String,
        /// The value.
        value: f64,
    },
    /// The engine refused or failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The integer step refused the measurement.
    #[error("the measurement cannot be turned into shares: {0}; report it with the receipt")]
    Shares(#[from] openledger_protocol::attribution::AttributionError),
}

impl AuditError {
    /// Stable code for machines.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::File { .. } => "AUDIT_FILE_INVALID",
            Self::Family { .. } => "AUDIT_FAMILY_INVALID",
            Self::Tail { .. } => "AUDIT_TAIL_UNMEASURED",
            Self::BatchTooSmall { .. } => "AUDIT_BATCH_TOO_SMALL",
            Self::OutOfRange { .. } => "AUDIT_OUT_OF_RANGE",
            Self::Engine(error) => error.code(),
            Self::Shares(_) => "AUDIT_SHARES_FAILED",
        }
    }
}
