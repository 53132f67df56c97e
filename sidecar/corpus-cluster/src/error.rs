use std::{io, path::PathBuf};

use datafusion::error::DataFusionError;
use openledger_corpus::CorpusError;

/// Why no clusters were found.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// Rows, vectors or settings that are refused in process as well.
    #[error(transparent)]
    Corpus(#[from] CorpusError),
    /// An address that is none.
    #[error("{address:?} is not the address of a scheduler: {source}; write df://HOST:PORT")]
    BadAddress {
        /// What was given.
        address: String,
        /// What is wrong.
        source: Box<DataFusionError>,
    },
    /// The folder that all machines share.
    #[error("cannot keep rows in {}: {source}; choose a folder that you may write to and that every machine sees", folder.display())]
    Folder {
        /// Which.
        folder: PathBuf,
        /// Its reason.
        source: io::Error,
    },
    /// The engine refuses a step or loses it.
    #[error("{step} failed: {source}; see that scheduler and executors run this version and see the shared folder")]
    Engine {
        /// What was being done.
        step: &'static str,
        /// The engine's reason.
        source: Box<DataFusionError>,
    },
    /// The cluster is silent.
    #[error("{step} did not end within {seconds} s; see that executors are registered, or allow more time")]
    TooLate {
        /// What was being done.
        step: &'static str,
        /// Seconds allowed for the whole question.
        seconds: u64,
    },
    /// An answer that fits no plan of ours.
    #[error("the cluster answered {step} with something else than was asked; run the same version everywhere")]
    BadAnswer {
        /// What was asked.
        step: &'static str,
    },
    /// A scheduler or executor that cannot run.
    #[error(
        "the {server} stopped: {reason}; see that its address is free and, for an executor, that its scheduler runs"
    )]
    Server {
        /// Which.
        server: &'static str,
        /// Why.
        reason: String,
    },
}

impl ClusterError {
    /// A name that stays the same when the wording changes.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Corpus(error) => error.code(),
            Self::BadAddress { .. } => "CLUSTER_BAD_ADDRESS",
            Self::Folder { .. } => "CLUSTER_FOLDER",
            Self::Engine { .. } => "CLUSTER_ENGINE",
            Self::TooLate { .. } => "CLUSTER_TOO_LATE",
            Self::BadAnswer { .. } => "CLUSTER_BAD_ANSWER",
            Self::Server { .. } => "CLUSTER_SERVER",
        }
    }

    /// Whose step an engine's error was.
    pub(crate) fn at(step: &'static str) -> impl Fn(DataFusionError) -> Self {
        move |source| Self::Engine { step, source: Box::new(source) }
    }
}
