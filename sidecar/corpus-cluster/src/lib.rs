//! Near-duplicate clusters as DataFusion plans: the same clusters and the same root as [`openledger_corpus::clusters`],
//! for rows that are too many for one machine.
//!
//! ```text
//! rows.parquet   row, prompt, completion                     written by whoever asks, where every machine sees it
//! signed.parquet text, members, shingles, bands, numbers     one line per distinct normalised text; text = its first row
//! candidates     signed joined with itself on (number, band)
//! near           candidates whose shingles, or whose rows' vectors, pass the integer test
//! ```
//!
//! What rows are near is decided by the very functions of `openledger-corpus`, which scheduler and executors bring with
//! them under names: a cluster of stock Ballista programs does not know them. Joins of what is near, numbers and root
//! are made by whoever asks; four bytes per row and a digest of 32 are all it holds besides the rows it was given.
//!
//! The work is bounded as in process: before the join, the sizes of all buckets say how many pairs it will look at.

mod engine;
mod error;
mod functions;
#[cfg(feature = "servers")]
pub mod servers;
mod session;
mod staging;
mod steps;

pub use engine::Engine;
pub use error::ClusterError;
