//! Bounds and prices of the simulation.

/// Bounds and prices. The defaults are those of a stock chain, except that gas is an estimate.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Largest transaction in bytes. Wasm uploads are the largest.
    pub max_tx_bytes: usize,
    /// Most messages in one transaction.
    pub max_messages: usize,
    /// Longest memo in bytes.
    pub max_memo_bytes: usize,
    /// Highest gas limit a transaction may name.
    pub max_gas: u64,
    /// Most transactions that wait for a block.
    pub max_pending: usize,
    /// Blocks and transactions that stay readable; older ones are forgotten by queries, never by the state.
    pub kept_blocks: usize,
    /// Minimum gas price: fee units for [`Limits::GAS_PRICE_BASE`] units of gas.
    pub gas_price: u128,
}

impl Limits {
    /// The gas that [`Limits::gas_price`] buys.
    pub const GAS_PRICE_BASE: u128 = 1000;
    /// Part of every estimate: what a chain takes for signature and bookkeeping.
    const GAS_PER_TX: u64 = 60_000;
    /// Part of the estimate for each message: a usual contract call.
    const GAS_PER_MESSAGE: u64 = 140_000;
    /// The SDK's price of a transaction byte.
    const GAS_PER_BYTE: u64 = 10;

    /// The gas figure of a transaction: a function of its shape alone, because native contracts cannot be metered.
    pub fn gas_estimate(messages: usize, bytes: usize) -> u64 {
        let messages = u64::try_from(messages).unwrap_or(u64::MAX);
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        Self::GAS_PER_TX
            .saturating_add(messages.saturating_mul(Self::GAS_PER_MESSAGE))
            .saturating_add(bytes.saturating_mul(Self::GAS_PER_BYTE))
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_tx_bytes: 1 << 20,
            max_messages: 64,
            max_memo_bytes: 256,
            max_gas: 100_000_000,
            max_pending: 5_000,
            kept_blocks: 100_000,
            gas_price: 25,
        }
    }
}
