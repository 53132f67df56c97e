//! Per-answer attribution by counterfactual adapters.
//!
//! A Datanet's adapter comes as a *family*: the adapter itself, one adapter retrained without each
//! contributor (same seed, same order of the remaining rows), and placebos retrained on everything
//! with another order. For a finished answer all of them and the base score the same tokens in one
//! mixed batch. What the answer loses without a contributor is that contributor's delta; what it
//! loses between placebos is noise; what it gains over the base is the lift. From there on
//! everything is integers: `openledger_protocol::attribution` divides the fee.
//!
//! A family with thousands of contributors may have a *tail*: small contributors without an adapter, of which only the index
//! knows something, by their tangents.
//!
//! This needs forward passes only, so any node that can serve the family can audit it. The module [`index`] estimates the
//! same deltas from one gradient and one committed row of integers per contributor.

mod digest;
mod error;
mod family;
pub mod index;
mod lane;
mod measure;
mod rank;

pub use error::AuditError;
pub use family::{Family, QueryPoint, Tangent, Variant, VariantKind};
pub use lane::AuditLane;
pub use measure::Measurement;
pub use rank::{Question, RankRow, RankTable, rank_table, read_questions};
