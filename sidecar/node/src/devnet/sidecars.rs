//! One node and four validators, each with own keys, home folder, store and listener.

use std::{fs, sync::Arc};

use openledger_chain::Signer;
use openledger_engine::Engine;
use staking::msg::ExecuteMsg;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Stage, examples::Examples};
use crate::{
    bls::BlsKey,
    bonding::{Bonds, Profile},
    config::{Config, TEMPLATE},
    error::NodeError,
    home::{ACCOUNT, Home},
    network::{Contracts, Network},
    operator::Operator,
    process::{self, Process},
    serving::{AdapterSource, Catalog, Loading},
};

/// Self-bond of each validator, in uopen.
pub const BOND: u128 = 5_000_000_000;

/// Running sidecars.
pub struct Sidecars {
    /// gRPC address of the node.
    pub node_url: String,
    /// gRPC addresses of the validators.
    pub validator_urls: Vec<String>,
    operator: Operator,
    validators: Vec<Running>,
    node: Running,
}

struct Running {
    stop: CancellationToken,
    task: JoinHandle<Result<(), NodeError>>,
}

/// Loads the example model; the story's sidecars share one engine because they share one process.
pub async fn engine(examples: &Examples) -> Result<Engine, NodeError> {
    let mut config = Config::parse(TEMPLATE).map_err(NodeError::Config)?;
    config.model.folder = examples.model.clone();
    tokio::task::spawn_blocking(move || process::engine(&config))
        .await
        .map_err(|error| NodeError::Config(format!("the engine did not start: {error}")))?
}

impl Sidecars {
    /// Writes the homes, bonds the validators and starts everybody.
    pub async fn start(stage: &Stage) -> Result<Self, NodeError> {
        let Stage { chain, accounts, contracts, engine, .. } = stage;
        let network = Network::connect(chain.client.clone(), contracts.clone()).await?;
        let gradients = process::gradients(&stage.config()?);
        // One catalog for all of them: validators hold indexed answers against the audit lane.
        let loading = Loading { engine, network: &network, gradients, audits: true };
        let catalog = Arc::new(Catalog::load(loading, &stage.sources()).await?);

        let mut validators = Vec::new();
        let mut validator_urls = Vec::new();
        for (index, account) in accounts.validators.iter().enumerate() {
            let home = Home::at(stage.scratch.join(format!("validator-{}", index + 1)));
            let bls = BlsKey::generate()?;
            let url = stage.write_home(&home, account, Some(&bls))?;
            let process = Process::prepare(&home, engine.clone(), Some(catalog.clone())).await?;
            bond(account, contracts, &bls, &url).await?;
            validators.push(run(process));
            validator_urls.push(url);
        }
        accounts.founder.execute(&contracts.staking, &ExecuteMsg::Snapshot {}, vec![]).await?;

        let home = Home::at(stage.scratch.join("node"));
        let node_url = stage.write_home(&home, &accounts.node, None)?;
        bond_node(&accounts.node, contracts, &node_url).await?;
        let process = Process::prepare(&home, engine.clone(), Some(catalog)).await?;
        let operator =
            process.operator().cloned().ok_or_else(|| NodeError::Config("the node's home does not serve".into()))?;
        Ok(Self { node_url, validator_urls, operator, validators, node: run(process) })
    }

    /// The node's duties on chain.
    pub fn operator(&self) -> &Operator {
        &self.operator
    }

    /// Stops the last validator, so that the epoch has an absentee.
    pub async fn stop_last_validator(&mut self) -> Result<(), NodeError> {
        match self.validators.pop() {
            Some(running) => running.end().await,
            None => Ok(()),
        }
    }

    /// Stops everybody and reports how they ended.
    pub async fn stop(self) -> Result<(), NodeError> {
        for running in self.validators.into_iter().chain([self.node]) {
            running.end().await?;
        }
        Ok(())
    }
}

impl Running {
    async fn end(self) -> Result<(), NodeError> {
        self.stop.cancel();
        self.task.await.map_err(|error| NodeError::Config(format!("a sidecar stopped: {error}")))?
    }
}

fn run(process: Process) -> Running {
    let stop = CancellationToken::new();
    Running { task: tokio::spawn(process.serve(stop.clone())), stop }
}

impl Stage {
    /// Where the files of the registered adapters lie.
    pub fn sources(&self) -> Vec<AdapterSource> {
        self.adapters
            .iter()
            .map(|adapter| AdapterSource {
                adapter_id: adapter.adapter_id,
                family: adapter.family.clone(),
                datanet: adapter.rows.clone(),
                index: adapter.index.clone(),
            })
            .collect()
    }

    /// What every home of the story begins with.
    fn config(&self) -> Result<Config, NodeError> {
        let mut config = Config::parse(TEMPLATE).map_err(NodeError::Config)?;
        config.model.folder = self.examples.model.clone();
        Ok(config)
    }

    /// Writes the home folder of a validator (with `bls`) or a node (without), with an own free port, and returns its
    /// address.
    pub fn write_home(&self, home: &Home, account: &Signer, bls: Option<&BlsKey>) -> Result<String, NodeError> {
        home.init()?;
        let mut config = self.config()?;
        let free = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .map_err(|error| NodeError::Config(format!("no free port: {error}")))?;
        config.listen = free;
        config.public_url = format!("http://{free}");
        config.chain_grpc = self.chain.grpc_url.clone();
        config.contracts = self.contracts.clone();
        config.adapters = self.sources();
        config.serving.enabled = bls.is_none();
        config.validator.enabled = bls.is_some();
        config.validator.sample_per_mille = self.sample_per_mille;
        write_config(home, &config)?;
        account.key().save(&home.key_file(ACCOUNT))?;
        if let Some(bls) = bls {
            bls.save(&home.bls_file())?;
        }
        Ok(config.public_url)
    }
}

/// Replaces a home's configuration.
pub fn write_config(home: &Home, config: &Config) -> Result<(), NodeError> {
    let text = toml::to_string(config).map_err(|error| NodeError::Config(error.to_string()))?;
    let file = home.config_file();
    fs::write(&file, text).map_err(|error| NodeError::Config(format!("{}: {error}", file.display())))
}

/// Bonds a validator with its key.
pub async fn bond(account: &Signer, contracts: &Contracts, bls: &BlsKey, url: &str) -> Result<(), NodeError> {
    Bonds::new(account, contracts).register_validator(BOND, bls, profile(account, url)).await?;
    Ok(())
}

/// Bonds a node as an operator.
pub async fn bond_node(account: &Signer, contracts: &Contracts, url: &str) -> Result<(), NodeError> {
    Bonds::new(account, contracts).register_node(BOND, profile(account, url)).await?;
    Ok(())
}

fn profile<'a>(account: &'a Signer, url: &'a str) -> Profile<'a> {
    Profile { endpoint: url, moniker: account.key().name() }
}
