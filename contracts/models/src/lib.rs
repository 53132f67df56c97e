//! Base models and LoRA adapters: provenance, prices, splits.
//!
//! A base model is a set of digests. An adapter belongs to one base and one Datanet; each of its versions fixes a
//! Datanet version, the digests of its weights and of its counterfactual family, two prices and the split of the fee.

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
