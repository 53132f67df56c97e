//! Money for inference: sessions, batches, attested epochs, claims, refunds.
//!
//! Money moves one way: session, pending, unclaimed, paid. A batch that validators do not attest in time flows back to its
//! sessions. See `SECURITY.md` for what must always hold and which test shows it.

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
mod round;
pub mod state;
mod sudo;
mod voucher;

pub use error::ContractError;
