//! Proposals to the chain's own governance about OpenLedger's contracts: drafted, shown and tried before anybody pays a
//! deposit.

mod change;
mod proposal;

pub use change::{Change, merge};
pub use proposal::{Cover, Kind, Proposal, Tried};
