//! Attribution at the price of a gradient: an index of what each cluster did to the adapter.
//!
//! A cluster's *secant* is how far the served adapter's parameters stand from those trained without the cluster. To first
//! order, an answer's log-probability loses the product of its gradient with the secant when the cluster is left out.
//! The secants do not depend on the answer, so they are projected, rounded to 8 bits and committed to once, and an
//! answer costs one forward and one backward pass and a scan of integers. The audit lane measures the same loss exactly, with one
//! forward pass per variant.

pub mod agreement;
mod calibrate;
mod eigen;
mod error;
mod exact;
mod file;
mod frame;
mod lane;
mod leverage;
mod projection;
mod quantise;
mod query;
mod rows;
mod scan;
mod shares;
mod tangents;
mod tolerance;
mod vectors;

pub use calibrate::{Calibration, MAX_ANSWERS, POINTS, Tried, build_calibrated, calibrate};
pub use error::IndexError;
pub use file::{MAX_FILE_BYTES, VERSION};
pub use frame::{Frame, SPREAD};
pub use lane::{Gradients, IndexLane, Indexed, Said, Tokens};
pub use leverage::{CAP_MULTIPLE, Leverage};
pub use openledger_protocol::{attribution::MAX_CLUSTERS, dot::MAX_DIMENSIONS};
pub use projection::Projection;
pub use query::{Answer, Querier, Query};
pub use rows::Index;
pub use scan::scan;
pub use shares::{Scores, micro_nats, units};
pub use tolerance::{Apart, Tolerance};
pub use vectors::Secants;

/// File name of an index beside its family's `adapters.json`.
pub const INDEX_FILE: &str = "attribution.index";
/// Most dimensions that are built unless others are asked for: up to so many independent secants nothing is lost.
pub const DEFAULT_DIMENSIONS: usize = 1024;
