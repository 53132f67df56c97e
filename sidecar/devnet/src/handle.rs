//! Starting and stopping the simulation.

use std::{fs, net::SocketAddr, time::Duration};

use tokio::{
    net::TcpListener,
    sync::watch,
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};

use crate::{
    actor::{Opening, Sim},
    chain::Artifacts,
    config::{Blocks, DevnetConfig},
    error::DevnetError,
    genesis::Genesis,
    identity,
    journal::Journal,
    serve,
};

/// Wallets take chain ids of at most this many characters.
const MAX_CHAIN_ID: usize = 30;
/// Shorter intervals would only burn a core.
const MIN_INTERVAL: Duration = Duration::from_millis(10);

/// The simulation's entry point.
pub struct Devnet;

/// A running simulation; dropping it stops the listeners.
pub struct DevnetHandle {
    sim: Sim,
    chain_id: String,
    grpc: SocketAddr,
    rpc: SocketAddr,
    rest: SocketAddr,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Devnet {
    /// Opens the chain, plays recorded blocks again, and listens.
    ///
    /// # Errors
    /// [`DevnetError`] for a wrong configuration, a home of another chain, or ports in use.
    pub async fn start(config: DevnetConfig) -> Result<DevnetHandle, DevnetError> {
        check(&config)?;
        let artifacts = match &config.artifacts {
            Some(path) => Artifacts::read(path)?,
            None => Artifacts::default(),
        };
        let mut genesis = Genesis::now(&config.chain_id, &config.fee_denom, config.accounts.clone());
        let (mut journal, mut recorded) = (None, Vec::new());
        if let Some(home) = &config.home {
            fs::create_dir_all(home)
                .map_err(|error| DevnetError::Journal { path: home.clone(), reason: error.to_string() })?;
            let (opened, blocks) = Journal::open(&home.join("blocks.log"))?;
            genesis = genesis.settle(&home.join("genesis.json"))?;
            (journal, recorded) = (Some(opened), blocks);
        }
        let (grpc, rpc, rest) = (listen(config.grpc).await?, listen(config.rpc).await?, listen(config.rest).await?);
        let replayed = recorded.len();
        let sim = Sim::open(Opening {
            genesis,
            limits: config.limits.clone(),
            artifacts,
            journal,
            recorded,
            block_per_tx: matches!(config.blocks, Blocks::PerTx { .. }),
        })
        .await?;
        let (stop, stopped) = watch::channel(false);
        let mut handle = DevnetHandle {
            sim: sim.clone(),
            chain_id: config.chain_id,
            grpc: address(&grpc, config.grpc),
            rpc: address(&rpc, config.rpc),
            rest: address(&rest, config.rest),
            stop,
            tasks: JoinSet::new(),
        };
        let tasks = &mut handle.tasks;
        tasks.spawn(serve::grpc::serve(sim.clone(), grpc, stopped.clone()));
        tasks.spawn(serve::rpc::serve(sim.clone(), rpc, stopped.clone()));
        tasks.spawn(serve::rest::serve(sim.clone(), rest, stopped));
        tasks.spawn(tick(sim, config.blocks));
        tracing::warn!(chain_id = handle.chain_id, replayed, "{}", identity::BANNER);
        tracing::info!(grpc = handle.grpc_url(), rpc = handle.rpc_url(), rest = handle.rest_url(), "listening");
        Ok(handle)
    }
}

impl DevnetHandle {
    /// Where gRPC answers.
    #[must_use]
    pub fn grpc_url(&self) -> String {
        format!("http://{}", self.grpc)
    }

    /// Where the CometBFT JSON-RPC answers.
    #[must_use]
    pub fn rpc_url(&self) -> String {
        format!("http://{}", self.rpc)
    }

    /// Where REST answers.
    #[must_use]
    pub fn rest_url(&self) -> String {
        format!("http://{}", self.rest)
    }

    /// The chain's id.
    #[must_use]
    pub fn chain_id(&self) -> &str {
        &self.chain_id
    }

    /// What a banner must say.
    #[must_use]
    pub fn banner(&self) -> &'static str {
        identity::BANNER
    }

    /// Moves block time ahead and makes a block there. Returns that block's height and time in unix seconds.
    ///
    /// # Errors
    /// [`DevnetError::Clock`] beyond ten years a call.
    pub async fn advance_time(&self, seconds: u64) -> Result<(u64, u64), DevnetError> {
        let block = self.sim.advance(seconds).await?;
        Ok((block.height, block.time_ns / 1_000_000_000))
    }

    /// Stops the listeners and the chain's thread, so that the home can be opened again.
    pub async fn shutdown(self) {
        let Self { sim, stop, mut tasks, .. } = self;
        let _ = stop.send(true);
        // Open keep-alive connections would hold the servers for long; a simulation has nothing to drain.
        tokio::time::sleep(Duration::from_millis(20)).await;
        tasks.shutdown().await;
        sim.close().await;
    }
}

fn check(config: &DevnetConfig) -> Result<(), DevnetError> {
    let wrong = |reason: &str| Err(DevnetError::Config { reason: reason.to_owned() });
    let id = &config.chain_id;
    if id.is_empty() || id.len() > MAX_CHAIN_ID || !id.contains("sim") {
        return wrong("chain_id must contain \"sim\", so that nobody mistakes it, and have at most 30 characters");
    }
    let (Blocks::PerTx { idle: pause } | Blocks::Every(pause)) = config.blocks;
    if pause < MIN_INTERVAL {
        return wrong("blocks must be at least 10 ms apart");
    }
    for address in [config.grpc, config.rpc, config.rest] {
        if !address.ip().is_loopback() && !config.allow_remote {
            return Err(DevnetError::NotLoopback { address });
        }
    }
    Ok(())
}

async fn listen(address: SocketAddr) -> Result<TcpListener, DevnetError> {
    TcpListener::bind(address).await.map_err(|error| DevnetError::Listen { address, reason: error.to_string() })
}

fn address(listener: &TcpListener, asked: SocketAddr) -> SocketAddr {
    listener.local_addr().unwrap_or(asked)
}

/// Makes blocks as time goes by, until the chain is gone.
async fn tick(sim: Sim, blocks: Blocks) {
    let (Blocks::PerTx { idle: pause } | Blocks::Every(pause)) = blocks;
    let mut ticks = interval(pause);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        if let Err(error) = sim.tick().await {
            tracing::error!(%error, "no further blocks");
            return;
        }
    }
}
