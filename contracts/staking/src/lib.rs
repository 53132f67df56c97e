//! Validators and node operators: self-bonds and delegation, BLS12-381 keys with proof of possession, epoch sets, unbonding,
//! slashing, rewards, power at a height.
//!
//! `settlement` asks here who may attest an epoch, and sends the stakers' share of fees here. See `SECURITY.md` for what
//! must always hold and which test shows it.

mod bls;
mod book;
pub mod client;
pub mod contract;
pub mod error;
pub mod events;
mod execute;
mod exits;
pub mod identity;
mod liens;
mod migrate;
pub mod msg;
mod params;
pub mod permissions;
mod power;
mod query;
pub mod quorum;
pub mod rewards;
pub mod stake;
pub mod state;
mod sudo;

pub use error::ContractError;
