//! Base models and LoRA adapters: provenance, prices, splits, bonds.
//!
//! A base model is a set of digests. An adapter belongs to one base and one Datanet; each of its versions fixes a
//! Datanet version, the digests of its weights, of its counterfactual family, training and attribution index, two prices
//! and the split of the fee. One version is served. Both stand behind a bond, and usage gives that of an adapter back.

mod answers;
pub mod client;
pub mod contract;
pub mod error;
pub mod events;
mod execute;
pub mod identity;
pub mod licence;
mod migrate;
pub mod msg;
pub mod params;
pub mod permissions;
mod query;
pub mod split;
pub mod state;
mod sudo;

pub use error::ContractError;
