//! What the simulation says of itself, everywhere it is asked.

/// Default chain id; at most 30 characters, so that wallets take it.
pub const CHAIN_ID: &str = "openledger-devnet-sim-1";
/// The node's name.
pub const MONIKER: &str = "OpenLedger development simulation (no consensus, no gas metering)";
/// The application's name.
pub const APP_NAME: &str = "openledger-devnet-sim";
/// Twenty bytes in hex that no node key gives.
pub const NODE_ID: &str = "5100000000000000000000000000000000000000";
/// The CometBFT version whose JSON the RPC speaks; clients choose their dialect by it.
pub const COMET_VERSION: &str = "0.38.21-sim";
/// The SDK line whose errors and services are spoken.
pub const SDK_VERSION: &str = "v0.53-sim";
/// One sentence for logs and banners.
pub const BANNER: &str = "DEVELOPMENT SIMULATION: one process, native contracts instead of wasm, \
                          gas figures are estimates, no consensus, no security";
