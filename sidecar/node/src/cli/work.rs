//! `openledger work`.

use std::{path::PathBuf, time::Duration};

use clap::Args;
use openledger_jobs::{WorkOptions, work};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{Output, print, queue::ResultsArgs, start::stop_on_signal};
use crate::error::NodeError;

/// Needs no home and no chain.
#[derive(Debug, Args)]
pub struct Work {
    /// The queue: sqlite:PATH for workers of one host, postgres://USER@HOST/DATABASE for many.
    #[arg(long, env = "OPENLEDGER_QUEUE", hide_env_values = true)]
    queue: String,
    #[command(flatten)]
    results: ResultsArgs,
    /// Jobs at a time; each has its own copy of the base in memory, and the threads that it was asked for with.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: u16,
    /// Wait for more jobs when the queue is empty.
    #[arg(long)]
    keep: bool,
    /// Seconds after which the job of a worker that gives no sign of life goes to another one; the same for all workers of a queue.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(3..=86_400))]
    lease: u32,
    /// Seconds between two writings of a part under way to the results: what is lost at most when this worker is killed.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    checkpoint_seconds: u32,
    /// ONNX Runtime's library; else ORT_DYLIB_PATH and the project's folder are tried.
    #[arg(long)]
    ort_library: Option<PathBuf>,
}

impl Work {
    pub async fn run(self, output: Output) -> Result<(), NodeError> {
        let (queue, results) = self.results.open(&self.queue).await?;
        let stop = CancellationToken::new();
        tokio::spawn(stop_on_signal(stop.clone())?);
        let options = WorkOptions {
            lanes: usize::from(self.jobs),
            keep: self.keep,
            lease: Duration::from_secs(u64::from(self.lease)),
            keep_every: Duration::from_secs(u64::from(self.checkpoint_seconds)),
            ort_library: self.ort_library,
        };
        let tally = work(&queue, &results, &options, stop.clone()).await?;
        let ended = if stop.is_cancelled() { "stopped" } else { "the queue is empty" };
        let text = format!(
            "{ended}: {} jobs done, {} found done, {} failed attempts, {} given back",
            tally.made, tally.found, tally.failed, tally.given_back
        );
        let json = json!({
            "stopped": stop.is_cancelled(),
            "made": tally.made,
            "found": tally.found,
            "failed": tally.failed,
            "given_back": tally.given_back,
        });
        print(output, &text, &json);
        Ok(())
    }
}
