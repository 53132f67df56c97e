//! Where rows are compared: in this process, or on a cluster of machines.

use std::{num::NonZeroUsize, path::PathBuf, thread};

use clap::Args;
use openledger_corpus::{
    Row,
    clusters::{Clusters, Settings},
};

use crate::error::NodeError;

/// The clusters and their root are the same either way.
#[derive(Debug, Args)]
pub struct Engine {
    /// Compare the rows on the cluster whose scheduler listens there, df://HOST:PORT.
    #[arg(long, value_name = "ADDRESS")]
    cluster: Option<String>,
    /// Folder that this and all machines of the cluster see under this path.
    #[arg(long, value_name = "FOLDER", requires = "cluster")]
    cluster_folder: Option<PathBuf>,
    /// Parts that every stage is divided into; two for every core of the cluster are a good start.
    #[arg(long, value_name = "PARTS", requires = "cluster", default_value = "16")]
    cluster_parts: NonZeroUsize,
    /// Seconds after which the cluster is given up.
    #[arg(long, value_name = "SECONDS", requires = "cluster", default_value_t = 3_600)]
    cluster_timeout: u64,
}

impl Engine {
    /// Clusters of rows in order of registration, at a threshold in per cent.
    pub async fn clusters(&self, rows: &[&Row], threshold: u32) -> Result<Clusters, NodeError> {
        let threads = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let settings = Settings { threshold, threads, ..Settings::default() };
        match &self.cluster {
            None => Ok(Clusters::of(rows, &settings, None)?),
            Some(scheduler) => self.elsewhere(scheduler, rows, settings).await,
        }
    }

    #[cfg(feature = "cluster")]
    async fn elsewhere(&self, scheduler: &str, rows: &[&Row], settings: Settings) -> Result<Clusters, NodeError> {
        let folder = self.cluster_folder.clone().unwrap_or_else(std::env::temp_dir);
        let timeout = std::time::Duration::from_secs(self.cluster_timeout);
        let engine = openledger_corpus_cluster::Engine::cluster(scheduler, &folder, self.cluster_parts, timeout)?;
        // The bound on text is one of this machine's memory; the rows are in it already, and signatures are elsewhere.
        let settings = Settings { text_bytes: u64::MAX, ..settings };
        Ok(engine.clusters(rows, &settings, None).await?)
    }

    #[cfg(not(feature = "cluster"))]
    async fn elsewhere(&self, _: &str, _: &[&Row], _: Settings) -> Result<Clusters, NodeError> {
        let problem = "this openledger was built without it; build it with `cargo build --release -p openledger-node \
                       --features cluster`, or leave the flag out: the clusters are the same";
        Err(NodeError::BadRequest { field: "cluster", problem: problem.into() })
    }
}
