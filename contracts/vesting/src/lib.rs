//! Grants of any cw20 token that vest by the second after a cliff.
//!
//! Whoever sends tokens here with a `grant` hook makes a grant: its recipient can be paid what has vested, by anybody's call,
//! and no more. A grant may name a revoker, who can stop it once: the vested part is paid, the rest returns. One contract
//! serves everybody and every token. It has no owner, no parameter, no pause and no `sudo`. See `SECURITY.md` for what must
//! always hold and which test shows it.

pub mod client;
pub mod contract;
pub mod error;
pub mod events;
mod execute;
pub mod identity;
mod migrate;
pub mod msg;
pub mod permissions;
mod query;
pub mod schedule;
pub mod state;

pub use error::ContractError;
