//! Batches and payouts that lie, each in one way, and what a challenger with the whole data finds in them.
//!
//! A test plays every one of [`FORGERIES`] against the contracts: in the simulator, on the development chain and on a real
//! node. Everything here is made for tests, so what cannot go wrong with good input panics.

#![allow(clippy::unwrap_used)]

mod batch;
mod findings;
mod forgeries;
mod ground;
mod index;
mod payouts;

pub use batch::Batch;
pub use findings::{findings, honest_attempts};
pub use forgeries::{FORGERIES, Forgery};
pub use ground::{Ground, Session};
pub use index::Index;
pub use payouts::{payout_proof, payouts_of, stolen, stolen_after};
