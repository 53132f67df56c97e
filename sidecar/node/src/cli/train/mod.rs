//! `openledger train`.

mod bar;
mod recipe;
mod source;
mod verify;

use std::{
    ops::ControlFlow,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use clap::{Args, Subcommand, ValueEnum};
use openledger_trainer::{Ended, FamilyPlan, Progress, Storage, TrainError, Training, Weights, train_family};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{Output, print, start::stop_on_signal};
use crate::error::NodeError;
use bar::Bar;
use recipe::RecipeArgs;
use source::Source;

/// Train a LoRA adapter on a Datanet, or replay what a trainer says it did.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Train {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    run: Run,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Check a training's transcript against base and rows, and replay steps of it.
    Verify(verify::Verify),
}

#[derive(Debug, Args)]
struct Run {
    #[command(flatten)]
    source: Source,
    /// Folder of the adapter, its transcript and its checkpoints.
    #[arg(long, required = true)]
    out: Option<PathBuf>,
    #[command(flatten)]
    recipe: RecipeArgs,
    /// Steps between checkpoints, from which a training goes on and is replayed; 0 stores the last state only.
    #[arg(long, default_value_t = 100)]
    checkpoint_every: u64,
    /// Go on from the last checkpoint in the folder.
    #[arg(long)]
    resume: bool,
    /// Element type of the stored adapter.
    #[arg(long, value_enum, default_value_t = Dtype::F32)]
    dtype: Dtype,
    /// Train the family that attribution compares: the adapter, one without each contributor, and placebos. Families
    /// have no checkpoints and no transcripts.
    #[arg(long, conflicts_with = "resume")]
    family: bool,
    /// Order seeds of the family's placebos.
    #[arg(long, value_delimiter = ',', default_value = "101,102", requires = "family")]
    placebo_seeds: Vec<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Dtype {
    F32,
    Bf16,
}

impl Train {
    pub async fn run(self, output: Output) -> Result<(), NodeError> {
        if let Some(Action::Verify(verify)) = self.action {
            return blocking(move || verify.run(output)).await;
        }
        let stop = Arc::new(AtomicBool::new(false));
        let (watched, flag) = (stop_on_signal(CancellationToken::new())?, Arc::clone(&stop));
        tokio::spawn(async move {
            watched.await;
            flag.store(true, Ordering::Relaxed);
        });
        blocking(move || self.run.train(output, &stop)).await
    }
}

/// Training occupies a thread for as long as it takes.
async fn blocking(work: impl FnOnce() -> Result<(), NodeError> + Send + 'static) -> Result<(), NodeError> {
    let joined = tokio::task::spawn_blocking(work).await;
    joined.map_err(|error| NodeError::Internal(format!("the training ended early: {error}")))?
}

impl Run {
    fn train(self, output: Output, stop: &AtomicBool) -> Result<(), NodeError> {
        let recipe = self.recipe.recipe(self.family);
        recipe.check()?;
        let base = self.source.model()?.display().to_string();
        let folder = self.out.ok_or_else(|| NodeError::Config("name --out".into()))?;
        let weights = match self.dtype {
            Dtype::F32 => Weights::Float32,
            Dtype::Bf16 => Weights::Bfloat16,
        };
        let storage = Storage { folder, checkpoint_every: self.checkpoint_every, weights, base: base.clone() };
        if !self.resume {
            Training::refuse_existing(&storage)?;
        }
        let mut opened = self.source.open(&recipe)?;
        let mut bar = Bar::default();
        let mut observer = |progress: &Progress| {
            bar.show(progress);
            if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let folder = storage.folder.display().to_string();
        if self.family {
            let plan = FamilyPlan { datanet: opened.name, placebo_seeds: self.placebo_seeds, weights, base };
            let out = &storage.folder;
            let whole = train_family(&mut opened.session, &opened.examples, &recipe, &plan, out, &mut observer)?;
            bar.finish();
            let adapters =
                opened.examples.contributors().len().saturating_add(plan.placebo_seeds.len()).saturating_add(1);
            let text = if whole {
                format!("{folder}: {adapters} adapters and adapters.json, {}", bar.summary())
            } else {
                "stopped; a family has no checkpoints, so nothing is kept".to_owned()
            };
            let json = json!({ "folder": folder, "finished": whole, "adapters": adapters, "training": bar.json() });
            print(output, &text, &json);
            return Ok(());
        }
        let (session, examples) = (&mut opened.session, &opened.examples);
        let mut training = if self.resume {
            Training::resume(session, examples, &recipe, opened.threads, &storage)?
        } else {
            Training::begin(session, examples, &recipe, opened.threads)?
        };
        let ended = training.run(&storage, observer);
        bar.finish();
        report(output, &folder, ended?, &bar);
        Ok(())
    }
}

fn report(output: Output, folder: &str, ended: Ended, bar: &Bar) {
    match ended {
        Ended::Finished { adapter, transcript } => {
            let (adapter, transcript) = (hex::encode(adapter), hex::encode(transcript));
            let text = format!("{folder}: {}\nadapter: {adapter}\ntranscript: {transcript}", bar.summary());
            let json = json!({
                "folder": folder, "finished": true, "adapter": adapter, "transcript": transcript, "training": bar.json(),
            });
            print(output, &text, &json);
        }
        Ended::Stopped { step } => {
            let text = format!("{folder}: stopped after step {step}; go on with the same command and --resume");
            let json = json!({ "folder": folder, "finished": false, "step": step, "training": bar.json() });
            print(output, &text, &json);
        }
    }
}

impl From<TrainError> for NodeError {
    fn from(error: TrainError) -> Self {
        match error {
            TrainError::Engine(error) => Self::Engine(error),
            other => Self::Train(other),
        }
    }
}
