//! The OpenLedger sidecar: serves paid answers, signs receipts, commits batches, attests epochs.

pub mod api;
pub mod bls;
pub mod bonding;
pub mod cli;
pub mod config;
pub mod devnet;
pub mod error;
pub mod gov;
pub mod home;
pub mod ledger;
pub mod metrics;
pub mod network;
pub mod operator;
pub mod process;
pub mod registering;
pub mod server;
pub mod service;
pub mod serving;
pub mod signing;
pub mod validator;
