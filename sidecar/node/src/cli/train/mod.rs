//! `openledger train`.

mod bar;
mod listing;
mod recipe;
mod source;
mod verify;

use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use clap::{Args, Subcommand, ValueEnum};
use openledger_attribution::{
    Family,
    index::{Calibration, DEFAULT_DIMENSIONS, Index, IndexError, build_calibrated},
};
use openledger_trainer::{Ended, FamilyPlan, Progress, Recipe, Storage, TrainError, Training, Weights, train_family};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{
    Output,
    index::{self, answers, facts, verdict},
    print,
    start::stop_on_signal,
};
use crate::{error::NodeError, home::Home, serving::INDEX_FILE};
use bar::Bar;
use listing::{Desk, Register};
use recipe::RecipeArgs;
use source::{Opened, Source};

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
    /// Train the family that attribution compares: the adapter, one without each contributor, and placebos; and build
    /// its index. Families have no checkpoints and no transcripts.
    #[arg(long, conflicts_with = "resume")]
    family: bool,
    /// Order seeds of the family's placebos.
    #[arg(long, value_delimiter = ',', default_value = "101,102", requires = "family")]
    placebo_seeds: Vec<u64>,
    #[command(flatten)]
    register: Register,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Dtype {
    F32,
    Bf16,
}

impl Dtype {
    fn weights(self) -> Weights {
        match self {
            Self::F32 => Weights::Float32,
            Self::Bf16 => Weights::Bfloat16,
        }
    }
}

impl Train {
    pub async fn run(self, home: &Home, output: Output) -> Result<(), NodeError> {
        if let Some(Action::Verify(verify)) = self.action {
            return blocking(move || verify.run(output)).await;
        }
        let stop = Arc::new(AtomicBool::new(false));
        let (watched, flag) = (stop_on_signal(CancellationToken::new())?, Arc::clone(&stop));
        tokio::spawn(async move {
            watched.await;
            flag.store(true, Ordering::Relaxed);
        });
        if self.run.family {
            return self.run.family(home, output, stop).await;
        }
        blocking(move || self.run.train(output, &stop)).await
    }
}

/// Training occupies a thread for as long as it takes.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, NodeError> + Send + 'static,
) -> Result<T, NodeError> {
    let joined = tokio::task::spawn_blocking(work).await;
    joined.map_err(|error| NodeError::Internal(format!("the training ended early: {error}")))?
}

impl Run {
    /// Trains a family, builds its index and, when asked, registers both.
    async fn family(mut self, home: &Home, output: Output, stop: Arc<AtomicBool>) -> Result<(), NodeError> {
        let recipe = self.recipe.recipe(true);
        recipe.check()?;
        let out = self.out.take().ok_or_else(|| NodeError::Config("name --out".into()))?;
        let (folder, shown) = (out.clone(), out.display().to_string());
        let weights = self.dtype.weights();
        let storage = Storage { folder: out, checkpoint_every: 0, weights, base: String::new() };
        Training::refuse_existing(&storage)?;
        let base = self.source.model()?.display().to_string();
        let source = self.source;
        let opening = recipe.clone();
        let mut opened = blocking(move || source.open(&opening)).await?;
        // Before the training: what the chain would refuse is not worth training.
        let desk: Option<Desk> = self.register.desk(home, &opened).await?;
        let duplicates = opened.examples.duplicates();
        let clusters = desk.as_ref().map(|desk| desk.clusters().to_vec());
        // A registration that failed is made good without training again.
        let trained_before = desk.is_some() && folder.join(FAMILY_FILE).exists();
        let plan = FamilyPlan { datanet: opened.name.clone(), placebo_seeds: self.placebo_seeds, weights, base };
        let trained = blocking(move || {
            let bar =
                if trained_before { Some(Bar::default()) } else { train(&mut opened, &recipe, &plan, &folder, &stop)? };
            bar.map(|bar| indexed(&mut opened, &folder, clusters.as_deref(), bar)).transpose()
        })
        .await?;
        let Some(Trained { family, index, calibration, adapters, bar }) = trained else {
            let text = "stopped; a family has no checkpoints, so nothing is kept";
            print(output, text, &json!({ "folder": shown, "finished": false }));
            return Ok(());
        };
        let root = hex::encode(index.facts().root);
        let mut text = format!(
            "{shown}: {adapters} adapters, adapters.json and {INDEX_FILE}, {}{}\nindex: {root}\n{}",
            bar.summary(),
            if duplicates == 0 { String::new() } else { format!("; {duplicates} near-duplicate rows were left out") },
            verdict(&calibration)
        );
        let mut json = json!({
            "folder": shown, "finished": true, "adapters": adapters, "training": bar.json(), "index": facts(&index),
            "calibration": index::calibration(&calibration), "duplicates": duplicates,
        });
        if let Some(desk) = desk {
            let registered = desk.register(&family, &index, calibration.payout_error).await?;
            text.push_str(&format!("\nregistered: {registered}"));
            if let Some(json) = json.as_object_mut() {
                json.insert("registered".to_owned(), registered);
            }
        }
        print(output, &text, &json);
        Ok(())
    }

    fn train(self, output: Output, stop: &AtomicBool) -> Result<(), NodeError> {
        let recipe = self.recipe.recipe(false);
        recipe.check()?;
        let base = self.source.model()?.display().to_string();
        let folder = self.out.ok_or_else(|| NodeError::Config("name --out".into()))?;
        let weights = self.dtype.weights();
        let storage = Storage { folder, checkpoint_every: self.checkpoint_every, weights, base: base.clone() };
        if !self.resume {
            Training::refuse_existing(&storage)?;
        }
        let mut opened = self.source.open(&recipe)?;
        let mut bar = Bar::default();
        let observer = |progress: &Progress| {
            bar.show(progress);
            if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let folder = storage.folder.display().to_string();
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

/// File that a finished family has.
const FAMILY_FILE: &str = "adapters.json";

/// A family that was trained.
struct Trained {
    family: Family,
    index: Index,
    calibration: Calibration,
    adapters: usize,
    bar: Bar,
}

/// Trains a family; `None` when it was stopped.
fn train(
    opened: &mut Opened,
    recipe: &Recipe,
    plan: &FamilyPlan,
    folder: &Path,
    stop: &AtomicBool,
) -> Result<Option<Bar>, NodeError> {
    let mut bar = Bar::default();
    let whole = train_family(&mut opened.session, &opened.examples, recipe, plan, folder, |progress| {
        bar.show(progress);
        if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    bar.finish();
    Ok(whole.then_some(bar))
}

/// Builds the index of a family beside its `adapters.json`, in the order of `clusters` where the chain has one.
fn indexed(opened: &mut Opened, folder: &Path, clusters: Option<&[String]>, bar: Bar) -> Result<Trained, NodeError> {
    let family = Family::read(folder).map_err(IndexError::from)?;
    if !family.contributors().eq(opened.examples.contributors()) {
        let folder = folder.display();
        return Err(NodeError::Config(format!("{folder} holds a family of other contributors; name another --out")));
    }
    let rows = (0..opened.examples.len()).filter_map(|row| opened.examples.get(row));
    let answers = answers(rows.filter_map(|row| row.tokens.split_at_checked(row.prompt_tokens)));
    let (family, index, calibration) = build_calibrated(&mut opened.session, folder, DEFAULT_DIMENSIONS, &answers)?;
    let index = match clusters {
        Some(clusters) => index.arranged(clusters.iter().map(String::as_str))?,
        None => index,
    };
    index.write(&folder.join(INDEX_FILE))?;
    let adapters = family.variants().count();
    Ok(Trained { family, index, calibration, adapters, bar })
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
