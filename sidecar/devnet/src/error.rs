//! Why the simulation cannot start or go on.

use std::{net::SocketAddr, path::PathBuf};

/// A failure of the simulation itself. Failures of transactions and queries are answers, not errors.
#[derive(Debug, thiserror::Error)]
pub enum DevnetError {
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {reason}. Choose another port, or stop what uses it")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// The system's text.
        reason: String,
    },
    /// The simulation is not protected against strangers.
    #[error(
        "{address} is not a loopback address; the simulation has no protection against strangers. \
             Set allow_remote only on a network you trust"
    )]
    NotLoopback {
        /// The address asked for.
        address: SocketAddr,
    },
    /// The configuration contradicts itself.
    #[error("the simulation's configuration is wrong: {reason}")]
    Config {
        /// What to change.
        reason: String,
    },
    /// The genesis is malformed or belongs to another chain.
    #[error("genesis: {reason}")]
    Genesis {
        /// What is wrong with it.
        reason: String,
    },
    /// The table of artifacts cannot be read.
    #[error("artifact checksums {}: {reason}", path.display())]
    Artifacts {
        /// Where.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The record of blocks cannot be read or written.
    #[error("block record {}: {reason}", path.display())]
    Journal {
        /// Where.
        path: PathBuf,
        /// Why, and what to do.
        reason: String,
    },
    /// A recorded block no longer gives the state it gave.
    #[error("replay of block {height} failed: {reason}. Start with an empty home")]
    Diverged {
        /// The block.
        height: u64,
        /// How it differs.
        reason: String,
    },
    /// A block could not be written; the chain has stopped.
    #[error("the simulation has halted: {reason}. Restart it when the cause is removed")]
    Halted {
        /// The first failure.
        reason: String,
    },
    /// The clock cannot be moved there.
    #[error("the clock cannot be moved by {seconds} s: at most ten years in one step, and not past the year 2200")]
    Clock {
        /// What was asked.
        seconds: u64,
    },
    /// The simulation's thread is gone.
    #[error("the simulation has stopped")]
    Stopped,
}

impl DevnetError {
    /// A stable name for catalogues, logs and tests.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Listen { .. } => "DEVNET_LISTEN",
            Self::NotLoopback { .. } => "DEVNET_NOT_LOOPBACK",
            Self::Config { .. } => "DEVNET_CONFIG",
            Self::Genesis { .. } => "DEVNET_GENESIS",
            Self::Artifacts { .. } => "DEVNET_ARTIFACTS",
            Self::Journal { .. } => "DEVNET_JOURNAL",
            Self::Diverged { .. } => "DEVNET_DIVERGED",
            Self::Halted { .. } => "DEVNET_HALTED",
            Self::Clock { .. } => "DEVNET_CLOCK",
            Self::Stopped => "DEVNET_STOPPED",
        }
    }
}
