//! The chain that a story is played on: the embedded simulation, or any node with a faucet account.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use openledger_chain::{ChainClient, Key, Signer};
use openledger_devnet::{Devnet, DevnetConfig, DevnetHandle, GenesisAccount};

use crate::error::NodeError;

/// Native denomination of fees.
pub const FEE_DENOM: &str = "ustake";

/// Which chain.
#[derive(Debug, Clone)]
pub enum Target {
    /// The in-process simulation.
    Embedded,
    /// A running node.
    Node {
        /// Its gRPC address.
        grpc: String,
        /// Its CometBFT RPC address, shown to people.
        rpc: Option<String>,
        /// File with the mnemonic of an account that has fee coins.
        faucet: PathBuf,
    },
}

/// A chain that answers.
pub struct Chain {
    /// Client of its gRPC services.
    pub client: ChainClient,
    /// An account with fee coins.
    pub faucet: Signer,
    /// gRPC address.
    pub grpc_url: String,
    /// CometBFT RPC address.
    pub rpc_url: Option<String>,
    /// REST address.
    pub rest_url: Option<String>,
    embedded: Option<DevnetHandle>,
}

impl Chain {
    /// Starts or connects.
    pub async fn start(target: &Target, scratch: &Path, artifacts: &Path) -> Result<Self, NodeError> {
        match target {
            Target::Embedded => Self::embedded(scratch, artifacts).await,
            Target::Node { grpc, rpc, faucet } => {
                let words = std::fs::read_to_string(faucet)
                    .map_err(|error| NodeError::Config(format!("{}: {error}", faucet.display())))?;
                let client = ChainClient::connect(grpc).await?;
                let faucet = client.signer(Key::from_mnemonic("faucet", words.trim())?);
                Ok(Self {
                    client,
                    faucet,
                    grpc_url: grpc.clone(),
                    rpc_url: rpc.clone(),
                    rest_url: None,
                    embedded: None,
                })
            }
        }
    }

    async fn embedded(scratch: &Path, artifacts: &Path) -> Result<Self, NodeError> {
        let faucet = Key::generate("faucet")?;
        let checksums = artifacts.join("checksums.txt");
        let handle = Devnet::start(DevnetConfig {
            home: Some(scratch.join("chain")),
            accounts: vec![GenesisAccount {
                address: faucet.address().to_owned(),
                coins: vec![cosmwasm_std::coin(1_000_000_000_000, FEE_DENOM)],
            }],
            artifacts: checksums.exists().then_some(checksums),
            ..DevnetConfig::default()
        })
        .await
        .map_err(|error| NodeError::Config(format!("the embedded chain did not start: {error}")))?;
        eprintln!("{}", handle.banner());
        let client = ChainClient::connect(&handle.grpc_url()).await?;
        Ok(Self {
            faucet: client.signer(faucet),
            client,
            grpc_url: handle.grpc_url(),
            rpc_url: Some(handle.rpc_url()),
            rest_url: Some(handle.rest_url()),
            embedded: Some(handle),
        })
    }

    /// Whether this chain is the simulation.
    pub fn is_simulation(&self) -> bool {
        self.embedded.is_some()
    }

    /// Lets block time reach `seconds`: the simulation's clock is moved, a real chain is waited for.
    pub async fn reach(&self, seconds: u64) -> Result<(), NodeError> {
        let now = self.client.latest_block().await?.seconds();
        if let Some(handle) = &self.embedded
            && seconds > now
        {
            handle
                .advance_time(seconds - now)
                .await
                .map_err(|error| NodeError::Config(format!("the embedded clock did not move: {error}")))?;
        }
        self.client.wait_until_time(seconds, Duration::from_secs(120)).await?;
        Ok(())
    }
}
