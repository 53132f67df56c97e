//! The Cosmos client: keys, signing, sequences, events, typed contract clients.
//!
//! [`ChainClient`] reads any CosmWasm chain over gRPC; [`Signer`] adds a key and sends transactions; [`EventStream`]
//! follows what contracts report. All speak only the standard services, so nothing here knows whether the other end is
//! a public network, a local node or the development simulation.
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
//!
//! # Keys
//!
//! | the key comes as | read | written | secret at rest |
//! |---|---|---|---|
//! | 12 to 24 words, [`HD_PATH`] or another path | [`Key::from_mnemonic`], [`Key::from_mnemonic_at`] | [`Key::mnemonic`] | - |
//! | JSON of `keys add --output json`, which Hermes takes | [`Key::load`], [`Key::from_json`] | [`Key::save`] | plain, mode 0600 |
//! | JSON of Hermes' own keyring | [`Key::load`], [`Key::from_json`] | [`Key::to_hermes_json`] | plain |
//! | ASCII armour of `keys export` (bcrypt or argon2) | [`Key::from_armor`] | [`Key::save_armor`] | encrypted, mode 0600 |
//! | hex of `keys export --unarmored-hex` | [`Key::import`] | - | - |
//! | another process, `openledger.signer.v1` | [`RemoteKey::connect`] | [`SignerServer`] | there |
//!
//! [`Key::import`] and [`Key::load_any`] tell the local forms apart by themselves. All are a [`SigningKey`], and
//! [`AnyKey`] is whichever the configuration says. A remote signer gets whole transactions and signs only what its
//! [`SignPolicy`] allows:
//!
//! ```no_run
//! # async fn example(client: openledger_chain::ChainClient, address: &str) -> Result<(), openledger_chain::ChainError> {
//! use openledger_chain::RemoteKey;
//!
//! let key = RemoteKey::connect("unix:/run/openledger/signer.sock", address, None).await?;
//! let signer = client.signer_with(key).with_fee_granter("wasm1...")?;
//! # Ok(()) }
//! ```
//!
//! No secret is part of a `Debug` or `Display` text, and all are wiped from memory when dropped.

mod address;
mod armor;
pub mod authz;
mod client;
mod config;
pub mod contracts;
mod error;
pub mod events;
mod export;
pub mod feegrant;
mod gas;
mod governance;
mod grants;
mod key;
mod keyfile;
mod outcome;
mod query;
mod remote;
mod signer;
mod signing;
mod tx;

pub use address::address_of;
pub use armor::ArmorError;
pub use client::{BlockStamp, ChainClient};
pub use config::ChainConfig;
pub use error::ChainError;
pub use events::EventStream;
pub use gas::GasPrice;
pub use governance::{GovMessage, authority as gov_authority};
pub use key::{BECH32_PREFIX, HD_PATH, Key};
pub use outcome::{Instantiated, StoredCode, TxEvent, TxOutcome};
pub use remote::{Refusal, RemoteKey, SignPolicy, SignedMessage, SignerServer, SigningRequest, Token};
pub use signer::Signer;
pub use signing::{AnyKey, SigningKey};
