//! A development simulation of a CosmWasm chain behind the real wire formats.
//!
//! The contracts run natively in one process (cw-multi-test); around them are the formats of a real chain:
//! signed protobuf transactions, gRPC, CometBFT JSON-RPC and REST. Clients need not know the difference, people
//! must: chain id, node name, logs and estimates say that it is a simulation.
//!
//! What it checks: signatures (direct and legacy JSON), chain id, account number, sequence, fees, atomicity.
//! What it cannot do: run wasm, meter gas, agree with other nodes, resist anybody. Native contracts stand for
//! wasm by checksum, and gas figures follow from a transaction's shape alone.

mod actor;
pub mod chain;
mod config;
pub mod contracts;
mod error;
mod genesis;
mod handle;
pub mod identity;
mod journal;
mod query;
mod serve;

pub use chain::limits::Limits;
pub use config::{Blocks, DevnetConfig};
pub use error::DevnetError;
pub use genesis::GenesisAccount;
pub use handle::{Devnet, DevnetHandle};
