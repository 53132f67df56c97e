//! OPEN: the cw20 standard with a fixed supply.
//!
//! The published cw20-base does the work. This crate fixes name, symbol, decimals and supply at instantiation, lets parts of
//! it vest, and leaves minting out. There is no owner, no parameter, no pause and no `sudo`: nobody has a power that could be misused.

mod allocation;
pub mod client;
pub mod contract;
pub mod error;
pub mod events;
pub mod execute;
pub mod identity;
mod instantiate;
mod migrate;
pub mod msg;
pub mod permissions;
mod query;

pub use error::ContractError;
