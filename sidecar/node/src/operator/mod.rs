//! A node operator's duties on chain: batches of receipts, and epochs that validators sign.

mod batches;
mod epochs;

pub use epochs::AcceptedEpoch;

use openledger_chain::Signer;

use crate::{error::NodeError, ledger::Ledger, network::Network};

/// Everything that batches and epochs need. Clones share it.
#[derive(Clone)]
pub struct Operator {
    /// The chain.
    pub network: Network,
    /// The node's account.
    pub signer: Signer,
    /// The store.
    pub ledger: Ledger,
    /// gRPC address at which validators fetch batches.
    pub public_url: String,
}

/// Bytes as an array of the length that a contract's message wants.
fn fixed<const N: usize>(bytes: &[u8], field: &'static str) -> Result<[u8; N], NodeError> {
    bytes
        .try_into()
        .map_err(|_| NodeError::BadRequest { field, problem: format!("{} bytes instead of {N}", bytes.len()) })
}
