//! `openledger train verify`.

use std::{num::NonZeroUsize, path::PathBuf};

use clap::Args;
use openledger_trainer::{Transcript, verify};
use serde_json::json;

use super::source::SourceArgs;
use crate::{
    cli::{Output, print},
    error::NodeError,
};

/// Check a training's transcript against base and rows, and replay steps of it.
#[derive(Debug, Args)]
pub struct Verify {
    /// The training's folder.
    training: PathBuf,
    #[command(flatten)]
    source: SourceArgs,
    /// Steps to draw; the spans between checkpoints that hold them are replayed.
    #[arg(long, default_value = "4")]
    steps: NonZeroUsize,
    /// Decides which steps are drawn; the system's randomness when absent, so that no trainer can foresee it.
    #[arg(long)]
    seed: Option<u64>,
}

impl Verify {
    pub fn run(self, output: Output) -> Result<(), NodeError> {
        let transcript = Transcript::read(&self.training)?;
        let seed = match self.seed {
            Some(seed) => seed,
            None => getrandom::u64().map_err(|error| NodeError::Internal(format!("no randomness: {error}")))?,
        };
        let mut opened = self.source.source()?.open(transcript.recipe())?;
        let (session, examples) = (&mut opened.session, &opened.examples);
        let found = verify(session, examples, &self.training, self.steps.get(), seed, opened.config.threads)?;
        let digest = hex::encode(transcript.digest());
        let verdict = if found.is_exact() { "exact" } else { "within tolerance" };
        let text = format!(
            "transcript {digest}: {verdict}\n{} of {} steps replayed, {} bit for bit; losses differ by at most {:.2e} nats, \
             replayed states by at most {:.2e} of the way\ntrained on {}; replayed on {}",
            found.replayed,
            found.steps,
            found.exact,
            found.loss_difference,
            found.way_difference,
            found.trained_on,
            found.replayed_on,
        );
        let json = json!({
            "transcript": digest,
            "verdict": verdict,
            "steps": found.steps,
            "replayed": found.replayed,
            "exact": found.exact,
            "loss_difference": found.loss_difference,
            "way_difference": found.way_difference,
            "trained_on": found.trained_on,
            "replayed_on": found.replayed_on,
            "seed": seed,
        });
        print(output, &text, &json);
        Ok(())
    }
}
