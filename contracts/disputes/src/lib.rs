//! Judges fraud. One-step proofs decide themselves by arithmetic; a disputed answer is executed again by the validators, who sign
//! the verdict. What is false is voided in settlement, the culprit is slashed in staking, and the slashed money restores first,
//! rewards the challenger second, and burns.
//!
//! The contract holds no money but the bonds of open disputes. See `SECURITY.md` for what must always hold and which test
//! shows it.

pub mod contract;
mod decide;
pub mod error;
pub mod events;
mod execute;
pub mod identity;
mod migrate;
pub mod msg;
mod params;
pub mod permissions;
mod query;
mod reply;
pub mod state;
mod sudo;

pub use error::ContractError;
