//! How a simulation is set up.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use crate::{chain::limits::Limits, genesis::GenesisAccount, identity};

/// When blocks are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocks {
    /// One for each transaction, before its broadcast returns; and an empty one after each `idle`, so that block
    /// time goes on.
    PerTx {
        /// Time between empty blocks.
        idle: Duration,
    },
    /// One after each interval, with what waits, as on a real chain.
    Every(Duration),
}

/// A simulation's configuration. The default listens on free loopback ports and keeps nothing.
#[derive(Clone, Debug)]
pub struct DevnetConfig {
    /// Where genesis and blocks are kept; `None` keeps them in memory only.
    pub home: Option<PathBuf>,
    /// Listener of the gRPC services.
    pub grpc: SocketAddr,
    /// Listener of the CometBFT JSON-RPC.
    pub rpc: SocketAddr,
    /// Listener of the REST routes and the clock.
    pub rest: SocketAddr,
    /// Whether other addresses than loopback may be listened on. The simulation has no protection.
    pub allow_remote: bool,
    /// Signed into every transaction; must contain `sim` and have at most 30 characters.
    pub chain_id: String,
    /// The denomination fees are paid in.
    pub fee_denom: String,
    /// Who owns native coins from the start.
    pub accounts: Vec<GenesisAccount>,
    /// When blocks are made.
    pub blocks: Blocks,
    /// A `checksums.txt`, so that uploads of real wasm are recognised.
    pub artifacts: Option<PathBuf>,
    /// Bounds and prices.
    pub limits: Limits,
}

impl Default for DevnetConfig {
    fn default() -> Self {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            home: None,
            grpc: free,
            rpc: free,
            rest: free,
            allow_remote: false,
            chain_id: identity::CHAIN_ID.to_owned(),
            fee_denom: "ustake".to_owned(),
            accounts: Vec::new(),
            blocks: Blocks::PerTx { idle: Duration::from_secs(1) },
            artifacts: None,
            limits: Limits::default(),
        }
    }
}
