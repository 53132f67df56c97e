//! The Cosmos client: keys, signing, sequences, typed contract clients.
//!
//! [`ChainClient`] reads any CosmWasm chain over gRPC; [`Signer`] adds a [`Key`] and sends transactions. Both
//! speak only the standard services, so nothing here knows whether the other end is a public network, a local
//! node or the development simulation.
//!
//! ```no_run
//! # async fn example() -> Result<(), openledger_chain::ChainError> {
//! use openledger_chain::{ChainClient, Key};
//!
//! let client = ChainClient::connect("http://127.0.0.1:9090").await?;
//! let signer = client.signer(Key::generate("operator")?);
//! let outcome = signer
//!     .execute("wasm1...", &serde_json::json!({"claim": {}}), vec![])
//!     .await?;
//! println!("included at height {}", outcome.height);
//! # Ok(()) }
//! ```

mod address;
mod client;
mod config;
pub mod contracts;
mod error;
mod gas;
mod governance;
mod key;
mod keyfile;
mod outcome;
mod query;
mod signer;
mod tx;

pub use address::address_of;
pub use client::{BlockStamp, ChainClient};
pub use config::ChainConfig;
pub use error::ChainError;
pub use gas::GasPrice;
pub use governance::{GovMessage, authority as gov_authority};
pub use key::{BECH32_PREFIX, HD_PATH, Key};
pub use outcome::{Instantiated, StoredCode, TxEvent, TxOutcome};
pub use signer::Signer;
