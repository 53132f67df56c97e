//! Validators: self-bonds, BLS12-381 keys with proof of possession, epoch sets, unbonding, rewards.
//!
//! `settlement` asks here who may attest an epoch, and sends the stakers' share of fees here. See `SECURITY.md` for what
//! must always hold and which test shows it.

mod bls;
pub mod client;
pub mod contract;
pub mod error;
pub mod events;
mod execute;
pub mod identity;
mod migrate;
pub mod msg;
mod params;
pub mod permissions;
mod query;
pub mod quorum;
pub mod rewards;
pub mod state;
mod sudo;

pub use error::ContractError;
