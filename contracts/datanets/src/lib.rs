//! Datanets: identities, membership, contributions, review, versions, shares.
//!
//! A Datanet collects rows from contributors. The chain holds commitments: a contribution is the Merkle root of its
//! rows' digests, an accepted contribution becomes a *cluster* (what gets credit) at an index that never changes, and a
//! version fixes the clusters accepted so far under one content root, which the contract computes itself.
//!
//! Credit belongs to *identities*, whose controller and payout account can change; so does power in a Datanet. Income of a
//! Datanet goes on to its commons account, or to the holders of its shares once it issued them. Rows can be taken back, or be
//! proven to be poison: then later versions are without them, and no index moves.

mod answers;
pub mod client;
pub mod cluster;
pub mod commitment;
pub mod contract;
pub mod error;
pub mod events;
mod execute;
pub mod identities;
pub mod identity;
mod migrate;
pub mod msg;
pub mod panel;
pub mod params;
pub mod permissions;
pub mod power;
mod query;
mod questions;
pub mod state;
mod sudo;
mod terms;

pub use error::ContractError;
