//! Decisions: proposals voted by staked OPEN, and by the contributors of a Datanet for their Datanet.
//!
//! This contract is the owner of the other contracts and the admin of their code. A proposal needs a deposit, a quorum, a
//! threshold and, once passed, time to leave before it takes effect. All its messages run in one call of the contract to
//! itself: either every one of them happens or none. See `SECURITY.md` for what must always hold and which test shows it.

mod check;
pub mod client;
pub mod contract;
pub mod error;
pub mod events;
mod execute;
pub mod identity;
pub mod json;
pub mod known;
mod migrate;
pub mod msg;
mod params;
pub mod permissions;
mod power;
mod query;
mod registry;
mod reply;
mod stage;
pub mod state;
mod sudo;

pub use error::ContractError;
