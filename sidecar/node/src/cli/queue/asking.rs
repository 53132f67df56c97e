//! What the workers of a queue are asked for, and waiting for it.

use std::{
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use openledger_jobs::{Ask, Queue, Results, Standing, without_secrets};

use super::{ResultsArgs, in_folder};
use crate::error::NodeError;

/// How often one looks.
const POLL: Duration = Duration::from_millis(500);
/// Looks between two mendings of what got lost, and before one asks where the workers are.
const LOOKS: u32 = 60;

/// How work on a family is handed to workers.
#[derive(Debug, Args)]
pub struct QueueArgs {
    /// Let the workers of this queue (`openledger work`) do it: sqlite:PATH or postgres://USER@HOST/DATABASE; a file in the family's
    /// folder when no address follows.
    #[arg(long, requires = "family", num_args = 0..=1, default_missing_value = "")]
    queue: Option<String>,
    #[command(flatten)]
    results: ResultsArgs,
    /// Put the jobs into the queue and do not wait. The same command without it fetches what was made.
    #[arg(long, requires = "queue")]
    detach: bool,
}

/// A queue that is open, with its results.
pub struct Line {
    /// The queue.
    pub queue: Queue,
    /// What was made.
    pub results: Results,
    /// The queue's address, without secrets.
    shown: String,
    detach: bool,
}

/// How asking ended.
pub enum Ended {
    /// All results are there.
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
    /// Whether workers are to do it.
    pub fn is_given(&self) -> bool {
        self.queue.is_some()
    }

    /// Opens the queue, by default the one in the folder of a family.
    pub async fn open(self, family: &Path) -> Result<Line, NodeError> {
        let url = self.queue.filter(|url| !url.is_empty()).unwrap_or_else(|| in_folder(family));
        let (queue, results) = self.results.open(&url).await?;
        Ok(Line { queue, results, shown: without_secrets(&url), detach: self.detach })
    }
}

impl Line {
    /// Puts jobs into the queue and, unless nobody is to wait, waits until their results are there.
    pub async fn ask(&self, ask: &Ask, stop: &AtomicBool) -> Result<Ended, NodeError> {
        let jobs = ask.enqueue().await?;
        if !self.detach && follow(ask, &self.shown, stop).await? {
            return Ok(Ended::Whole);
        }
        Ok(Ended::Asked { jobs, queue: self.shown.clone() })
    }
}

impl Ended {
    /// For people: what to do when nobody waits.
    pub fn text(jobs: usize, queue: &str, what: &str) -> String {
        format!(
            "{jobs} jobs went into {queue}; `openledger work --queue {queue}` does them, and the same command without \
             --detach fetches {what}"
        )
    }
}

/// Waits until all results are there; false when it was stopped.
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
