//! A running sidecar: what a home folder's configuration asks for, until it is told to stop.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use openledger_chain::{ChainClient, Signer};
use openledger_engine::{AttentionForm, Engine, EngineConfig, LoraForm, gradient::GradientConfig};
use tokio::{sync::Semaphore, task::JoinSet};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    config::{Attention, Config, Lora},
    error::NodeError,
    home::Home,
    ledger::Ledger,
    metrics,
    network::Network,
    operator::Operator,
    server::{self, Roles},
    serving::{Attributor, Catalog, Loading, Serving},
    validator::Validator,
};

/// Starts the engine that a configuration names.
pub fn engine(config: &Config) -> Result<Engine, NodeError> {
    Ok(Engine::start(EngineConfig {
        model_dir: config.model.folder.clone(),
        ort_library: config.model.ort_library.clone(),
        provider: config.model.provider,
        threads: config.model.threads,
        lora: Some(match config.model.lora {
            Lora::Operator => LoraForm::Operator,
            Lora::Standard => LoraForm::Standard,
        }),
        attention: match config.model.attention {
            Attention::Paged => AttentionForm::Paged,
            Attention::Stock => AttentionForm::Stock,
        },
        limits: config.model.limits.into(),
    })?)
}

/// How a configuration's gradient session is opened; each adapter knows its modules.
pub fn gradients(config: &Config) -> GradientConfig {
    GradientConfig {
        model_dir: config.model.folder.clone(),
        ort_library: config.model.ort_library.clone(),
        threads: config.model.gradient_threads,
        targets: Vec::new(),
    }
}

/// Attestations at once.
const ATTESTATIONS: usize = 4;
/// How long calls under way may go on when the process ends, and then their answers may take to be settled.
const DRAIN: Duration = Duration::from_secs(30);

/// Parts of a sidecar that is ready to serve.
pub struct Process {
    listener: tokio::net::TcpListener,
    roles: Roles,
    ledger: Ledger,
    operator: Option<(Operator, Duration, Duration)>,
    metrics: Option<(SocketAddr, Engine)>,
    tasks: TaskTracker,
}

impl Process {
    /// Prepares everything that `home` asks for; `engine` may be shared within a process.
    pub async fn prepare(home: &Home, engine: Engine, catalog: Option<Arc<Catalog>>) -> Result<Self, NodeError> {
        let config = home.config()?;
        let listener = server::bind(config.listen).await?;
        let ledger = home.ledger().await?;
        let client = ChainClient::connect(&config.chain_grpc).await?;
        let signer: Signer = client.signer(home.account()?);
        let network = Network::connect(client, config.contracts.clone()).await?;
        let catalog = match catalog {
            Some(catalog) => catalog,
            None => {
                let loading = Loading {
                    engine: &engine,
                    network: &network,
                    gradients: gradients(&config),
                    audits: config.validator.enabled,
                };
                Arc::new(Catalog::load(loading, &config.adapters).await?)
            }
        };
        let metrics = config.metrics_listen.map(|address| (address, engine.clone()));
        let tasks = TaskTracker::new();
        let mut roles = Roles::default();
        let mut operator = None;
        if config.serving.enabled {
            let (attributor, attributing) = Attributor::new(catalog.clone(), signer.clone(), ledger.clone()).await?;
            tasks.spawn(attributing.run());
            roles.serving = Some(Serving {
                network: network.clone(),
                signer: signer.clone(),
                ledger: ledger.clone(),
                engine: engine.clone(),
                catalog: catalog.clone(),
                attributor,
                tasks: tasks.clone(),
            });
            let duties = Operator {
                network: network.clone(),
                signer: signer.clone(),
                ledger: ledger.clone(),
                public_url: config.public_url.clone(),
            };
            let seconds = Duration::from_secs;
            operator = Some((duties, seconds(config.serving.batch_seconds), seconds(config.serving.epoch_seconds)));
        }
        if config.validator.enabled {
            roles.validator = Some(Validator {
                network,
                account: signer.address().to_owned(),
                key: Arc::new(home.bls_key()?),
                ledger: ledger.clone(),
                engine,
                catalog,
                sample_per_mille: config.validator.sample_per_mille,
                tolerance: config.validator.tolerance,
                slots: Arc::new(Semaphore::new(ATTESTATIONS)),
            });
        }
        Ok(Self { listener, roles, ledger, operator, metrics, tasks })
    }

    /// Address of the listener.
    pub fn address(&self) -> Result<SocketAddr, NodeError> {
        self.listener.local_addr().map_err(|error| NodeError::Config(error.to_string()))
    }

    /// The operator's duties, when this process serves.
    pub fn operator(&self) -> Option<&Operator> {
        self.operator.as_ref().map(|(operator, _, _)| operator)
    }

    /// Serves, and commits batches and epochs on their intervals, until `stop`. A duty that ends early ends the process:
    /// serving without being paid helps nobody.
    pub async fn run(mut self, stop: CancellationToken) -> Result<(), NodeError> {
        let mut duties = JoinSet::new();
        if let Some((operator, batches, epochs)) = self.operator.take() {
            duties.spawn(commit_batches(operator.clone(), batches, stop.clone()));
            duties.spawn(close_epochs(operator, epochs, stop.clone()));
        }
        let watch = async {
            match duties.join_next().await {
                Some(Err(error)) => Err(NodeError::Internal(format!("a duty stopped: {error}"))),
                Some(Ok(())) | None => {
                    stop.cancelled().await;
                    Ok(())
                }
            }
        };
        let serving = self.serve(stop.clone());
        tokio::pin!(serving);
        tokio::select! {
            served = &mut serving => served,
            watched = watch => {
                stop.cancel();
                let served = serving.await;
                watched.and(served)
            }
        }
    }

    /// Serves without duties on intervals: the caller commits batches and epochs itself.
    pub async fn serve(mut self, stop: CancellationToken) -> Result<(), NodeError> {
        if let Some((address, engine)) = self.metrics.take() {
            metrics::serve(address, engine, stop.clone())?;
        }
        server::serve(self.listener, self.roles, self.ledger, stop, DRAIN).await?;
        self.tasks.close();
        if tokio::time::timeout(DRAIN, self.tasks.wait()).await.is_err() {
            tracing::warn!(
                "answers under way were cut off: those delivered are attributed after the next start, the others not charged"
            );
        }
        Ok(())
    }
}

async fn commit_batches(operator: Operator, every: Duration, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(every)).await.is_some() {
        match operator.commit_batch().await {
            Ok(Some(batch_id)) => tracing::info!(batch_id, "batch committed"),
            Ok(None) => {}
            Err(error) => tracing::warn!(reason = error.reason(), %error, "batch not committed; trying again"),
        }
    }
}

async fn close_epochs(operator: Operator, every: Duration, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(every)).await.is_some() {
        match operator.close_epoch().await {
            Ok(Some(epoch)) => {
                tracing::info!(epoch = epoch.statement.epoch, signers = epoch.signers.len(), "epoch accepted");
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(reason = error.reason(), %error, "epoch not accepted; trying again"),
        }
    }
}
