//! What the contract's code calls itself on chain; migration goes by it.

/// Name of the contract, stored at instantiation.
pub const NAME: &str = "openledger:vesting";
/// Version of this code.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
