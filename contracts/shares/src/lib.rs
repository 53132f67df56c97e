//! Shares of one Datanet.
//!
//! The contract is a cw20 token, to the letter. Contributors receive shares for accepted data, backers receive them for OPEN
//! that they stake on the Datanet. Whoever holds shares earns the Datanet's income by an index. The backers' stake answers
//! for proven poison. One instance serves one Datanet, and only the Datanets contract may mint for contributions, slash
//! backing and set the commons' part. See `SECURITY.md` for what must always hold and which test shows it.

pub mod client;
pub mod contract;
pub mod error;
pub mod events;
mod execute;
pub mod history;
pub mod identity;
pub mod income;
mod migrate;
pub mod msg;
mod params;
pub mod permissions;
pub mod pool;
mod query;
pub mod state;
mod sudo;

pub use error::ContractError;
