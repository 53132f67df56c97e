//! How the client pays and how long it waits.

use std::time::Duration;

use crate::gas::GasPrice;

/// Limits and prices of a [`crate::ChainClient`]; the defaults fit a local node and the development simulation.
#[derive(Clone, Debug)]
pub struct ChainConfig {
    /// Price of one unit of gas.
    pub gas_price: GasPrice,
    /// What an estimate is multiplied with, in percent: estimates vary with the state they meet.
    pub gas_multiplier_percent: u64,
    /// Gas limit when the node says that it offers no estimates.
    pub fixed_gas: u64,
    /// A transaction above this is refused before it is signed.
    pub max_gas: u64,
    /// Time limit of one call.
    pub call_timeout: Duration,
    /// How often inclusion and block time are looked up.
    pub poll_interval: Duration,
    /// How long a sent transaction may take into a block.
    pub inclusion_deadline: Duration,
    /// Largest answer accepted, in bytes.
    pub max_answer_bytes: usize,
    /// A transaction that is not included within so many blocks never will be, so that a lost one can be sent again
    /// without doubt. `None` for transactions that wait for ever; they save one call each.
    pub timeout_blocks: Option<u64>,
}

impl Default for ChainConfig {
    fn default() -> Self {
        Self {
            gas_price: GasPrice::default(),
            gas_multiplier_percent: 140,
            fixed_gas: 2_000_000,
            max_gas: 100_000_000,
            call_timeout: Duration::from_secs(60),
            poll_interval: Duration::from_millis(100),
            inclusion_deadline: Duration::from_secs(60),
            max_answer_bytes: 8 << 20,
            timeout_blocks: None,
        }
    }
}
