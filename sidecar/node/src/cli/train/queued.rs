//! A family that the workers of a queue train.

use std::{
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use openledger_jobs::{Ask, Places, Standing, without_secrets};
use openledger_trainer::{FamilyRecipe, Rows, Source};

use super::blocking;
use crate::{
    cli::queue::{ResultsArgs, in_folder},
    error::NodeError,
};

/// How often one looks.
const POLL: Duration = Duration::from_millis(500);
/// Looks between two mendings of what got lost, and before one asks where the workers are.
const LOOKS: u32 = 60;

/// How a family is handed to workers.
#[derive(Debug, Args)]
pub struct QueueArgs {
    /// Let the workers of this queue (`openledger work`) train the family: sqlite:PATH or postgres://USER@HOST/DATABASE; a file in
    /// the family's folder when no address follows.
    #[arg(long, requires = "family", num_args = 0..=1, default_missing_value = "")]
    queue: Option<String>,
    #[command(flatten)]
    results: ResultsArgs,
    /// Put the jobs into the queue and do not wait. The same command without it fetches the family.
    #[arg(long, requires = "queue", conflicts_with = "register")]
    detach: bool,
}

/// How waiting ended.
pub enum Ended {
    /// The family is in its folder.
    Whole,
    /// The jobs are in the queue, and nobody waits.
    Asked {
        /// Jobs that were not there before.
        jobs: usize,
        /// The queue's address, without secrets.
        queue: String,
    },
}

impl QueueArgs {
    /// Whether workers are to train.
    pub fn is_given(&self) -> bool {
        self.queue.is_some()
    }

    /// Asks for a family and fetches it into its folder.
    pub async fn train(
        self,
        family: &FamilyRecipe,
        source: &Source,
        out: &Path,
        stop: &AtomicBool,
    ) -> Result<Ended, NodeError> {
        let url = self.queue.filter(|url| !url.is_empty()).unwrap_or_else(|| in_folder(out));
        let shown = without_secrets(&url);
        let (queue, results) = self.results.open(&url).await?;
        let ask = Ask::new(queue, results, family, &places(source)?)?;
        let jobs = ask.enqueue().await?;
        if self.detach {
            return Ok(Ended::Asked { jobs, queue: shown });
        }
        if !follow(&ask, &shown, stop).await? {
            return Ok(Ended::Asked { jobs, queue: shown });
        }
        let folder = out.to_owned();
        let taken = blocking(move || Ok(ask.take(&folder)?)).await?;
        let gone = || NodeError::Internal("the result is gone; give the same command again".into());
        if taken { Ok(Ended::Whole) } else { Err(gone()) }
    }
}

/// Base and rows under names that other processes can use.
fn places(source: &Source) -> Result<Places, NodeError> {
    let whole = |path: &Path| {
        let named = std::path::absolute(path);
        named.map_err(|error| NodeError::Config(format!("{}: {error}", path.display())))
    };
    let rows = match &source.rows {
        Rows::Datanet(folder) => Rows::Datanet(whole(folder)?),
        Rows::File(file) => Rows::File(whole(file)?),
    };
    Ok(Places { model: whole(&source.model)?, rows })
}

/// Waits until a family is whole; false when it was stopped.
async fn follow(ask: &Ask, queue: &str, stop: &AtomicBool) -> Result<bool, NodeError> {
    let bar = ProgressBar::new(0);
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} parts, {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let mut alone = 0_u32;
    for look in 1_u32.. {
        let Standing { parts, made, running, whole, failed } = ask.standing().await?;
        bar.set_length(u64::try_from(parts).unwrap_or(u64::MAX));
        bar.set_position(u64::try_from(made).unwrap_or(u64::MAX));
        bar.set_message(format!("{running} under way"));
        if whole || stop.load(Ordering::Relaxed) {
            bar.abandon();
            return Ok(whole);
        }
        if let Some(failed) = failed {
            bar.abandon();
            return Err(failed.into());
        }
        if look.is_multiple_of(LOOKS) {
            ask.mend().await?;
        }
        alone = if running == 0 { alone.saturating_add(1) } else { 0 };
        if alone == LOOKS {
            tracing::warn!("no worker took a job; start one: openledger work --queue {queue}");
        }
        tokio::time::sleep(POLL).await;
    }
    Ok(false)
}
