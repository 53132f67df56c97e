//! `openledger train`.

mod bar;
mod listing;
mod queued;
mod recipe;
mod source;
mod tail;
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
    index::{Calibration, INDEX_FILE, Index, IndexError},
};
use openledger_jobs::index_beside;
use openledger_trainer::{
    Ended, FAMILY_FILE, FamilyPlan, FamilyRecipe, Opened, Progress, Recipe, Source, Storage, TrainError, Training,
    Weights, train_family,
};
use serde_json::json;

use super::{
    Output, blocking,
    index::{self, facts, verdict},
    print,
    queue::{Ended as Asking, QueueArgs},
    stop_flag,
};
use crate::{error::NodeError, home::Home};
use bar::Bar;
use listing::{Desk, Register};
use recipe::RecipeArgs;
use source::SourceArgs;
use tail::TailArgs;

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
    /// Check a training against base and rows: replay steps of its transcript, or train parts of a family again.
    Verify(verify::Verify),
}

#[derive(Debug, Args)]
struct Run {
    #[command(flatten)]
    source: SourceArgs,
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
    /// its index. Families have no checkpoints and no transcripts: `train verify` trains parts of them again.
    #[arg(long, conflicts_with = "resume")]
    family: bool,
    /// Seeds of the family's placebos: adapters trained, besides, on rows that say nothing.
    #[arg(long, value_delimiter = ',', default_value = "101,102", requires = "family")]
    placebo_seeds: Vec<u64>,
    #[command(flatten)]
    tail: TailArgs,
    #[command(flatten)]
    queue: QueueArgs,
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
        let stop = stop_flag()?;
        if self.run.family {
            return self.run.family(home, output, stop).await;
        }
        blocking(move || self.run.train(output, &stop)).await
    }
}

/// Loads base and rows.
async fn open(source: &Source, recipe: &Recipe) -> Result<Opened, NodeError> {
    let (source, recipe) = (source.clone(), recipe.clone());
    blocking(move || Ok(source.open(&recipe)?)).await
}

impl Run {
    /// Trains a family, builds its index and, when asked, registers both.
    async fn family(mut self, home: &Home, output: Output, stop: Arc<AtomicBool>) -> Result<(), NodeError> {
        let recipe = self.recipe.recipe(true);
        recipe.check()?;
        let folder = self.out.take().ok_or_else(|| NodeError::Config("name --out".into()))?;
        let weights = self.dtype.weights();
        let storage = Storage { folder: folder.clone(), checkpoint_every: 0, weights, base: String::new() };
        Training::refuse_existing(&storage)?;
        let tail = self.tail.tail(recipe.init_seed);
        if let Some(tail) = tail {
            tail.check()?;
        }
        let mut source = self.source.source()?;
        let base = source.model.display().to_string();
        let mut opened = open(&source, &recipe).await?;
        // Before the training: what the chain would refuse is not worth training.
        let desk: Option<Desk> = self.register.desk(home, &opened).await?;
        let clusters = desk.as_ref().map(|desk| desk.clusters().to_vec());
        if let Some(clusters) = clusters.as_ref().filter(|order| order.as_slice() != opened.examples.contributors()) {
            // Which of near-duplicates is the first one is for the chain to say.
            source.order.clone_from(clusters);
            opened = open(&source, &recipe).await?;
        }
        let exists = folder.join(FAMILY_FILE).exists();
        let plan = FamilyPlan { datanet: opened.name.clone(), placebo_seeds: self.placebo_seeds, weights, base, tail };
        let asked = opened.family(recipe, plan);
        if let Some(desk) = &desk {
            desk.check_tail(asked.tail.len())?;
        }
        // A registration that failed is made good without training again.
        let trained = if exists && desk.is_some() {
            let folder = folder.clone();
            blocking(move || indexed(opened, &folder, clusters.as_deref(), None).map(Some)).await?
        } else if exists {
            return Err(TrainError::Exists { path: folder }.into());
        } else if self.queue.is_given() {
            // Workers open their own.
            drop(opened);
            if !queued(self.queue, &asked, &source, &folder, &stop, output).await? {
                return Ok(());
            }
            let (folder, recipe) = (folder.clone(), asked.recipe);
            blocking(move || {
                let opened = source.open(&recipe)?;
                if clusters.is_some() {
                    // What registers needs to know how good the index is.
                    return indexed(opened, &folder, clusters.as_deref(), None).map(Some);
                }
                let index = Index::read(&folder.join(INDEX_FILE))?;
                let family = Family::read(&folder).map_err(IndexError::from)?;
                let duplicates = opened.examples.duplicates();
                Ok(Some(Trained { family, index, calibration: None, duplicates, bar: None }))
            })
            .await?
        } else {
            let folder = folder.clone();
            let mut opened = opened;
            blocking(move || {
                let bar = train(&mut opened, &asked, &folder, &stop)?;
                if bar.is_none() {
                    let text = "stopped; the next run begins anew. With --queue finished parts are kept";
                    print(output, text, &json!({ "folder": folder.display().to_string(), "finished": false }));
                }
                bar.map(|bar| indexed(opened, &folder, clusters.as_deref(), Some(bar))).transpose()
            })
            .await?
        };
        match trained {
            Some(trained) => trained.report(output, &folder, desk).await,
            None => Ok(()),
        }
    }

    fn train(self, output: Output, stop: &AtomicBool) -> Result<(), NodeError> {
        let recipe = self.recipe.recipe(false);
        recipe.check()?;
        let source = self.source.source()?;
        let base = source.model.display().to_string();
        let folder = self.out.ok_or_else(|| NodeError::Config("name --out".into()))?;
        let weights = self.dtype.weights();
        let storage = Storage { folder, checkpoint_every: self.checkpoint_every, weights, base: base.clone() };
        if !self.resume {
            Training::refuse_existing(&storage)?;
        }
        let mut opened = source.open(&recipe)?;
        let mut bar = Bar::default();
        let observer = |progress: &Progress| {
            bar.show(progress);
            if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let folder = storage.folder.display().to_string();
        let (session, examples) = (&mut opened.session, &opened.examples);
        let mut training = if self.resume {
            Training::resume(session, examples, &recipe, opened.config.threads, &storage)?
        } else {
            Training::begin(session, examples, &recipe, opened.config.threads)?
        };
        let ended = training.run(&storage, observer);
        bar.finish();
        report(output, &folder, ended?, &bar);
        Ok(())
    }
}

/// A family that was trained.
struct Trained {
    family: Family,
    index: Index,
    /// Absent when workers calibrated it and nobody registers it.
    calibration: Option<Calibration>,
    /// Rows that were left out.
    duplicates: usize,
    /// Absent when it was trained by workers or before.
    bar: Option<Bar>,
}

impl Trained {
    /// Registers the family when it is to be registered, and says what it is.
    async fn report(self, output: Output, folder: &Path, desk: Option<Desk>) -> Result<(), NodeError> {
        let Self { family, index, calibration, duplicates, bar } = self;
        let (shown, root) = (folder.display(), hex::encode(index.facts().root));
        let (adapters, tail) = (family.variants().count(), family.tail.len());
        let how = bar.as_ref().map_or_else(|| "trained by workers or before".to_owned(), Bar::summary);
        let mut text = format!("{shown}: {adapters} adapters, {FAMILY_FILE} and {INDEX_FILE}, {how}");
        if tail > 0 {
            text.push_str(&format!("; {tail} contributors by their tangents"));
        }
        if duplicates > 0 {
            text.push_str(&format!("; {duplicates} near-duplicate rows were left out"));
        }
        text.push_str(&format!("\nindex: {root}\n"));
        text.push_str(&calibration.as_ref().map_or_else(|| format!("query point {}", family.query), verdict));
        let mut json = json!({
            "folder": folder, "finished": true, "adapters": adapters, "tail": tail, "training": bar.as_ref().map(Bar::json),
            "index": facts(&index), "query_strength": family.query.strength, "query_shift": family.query.shift, "duplicates": duplicates,
            "calibration": calibration.as_ref().map(index::calibration),
        });
        if let Some(desk) = desk {
            let error = calibration.as_ref().map_or(1.0, |found| found.best.payout_error);
            let registered = desk.register(&family, &index, error).await?;
            text.push_str(&format!("\nregistered: {registered}"));
            if let Some(json) = json.as_object_mut() {
                json.insert("registered".to_owned(), registered);
            }
        }
        print(output, &text, &json);
        Ok(())
    }
}

/// Lets the workers of a queue train a family; false when nobody waits for them.
async fn queued(
    queue: QueueArgs,
    family: &FamilyRecipe,
    source: &Source,
    folder: &Path,
    stop: &AtomicBool,
    output: Output,
) -> Result<bool, NodeError> {
    match queued::train(queue, family, source, folder, stop).await? {
        Asking::Whole => Ok(true),
        Asking::Asked { jobs, queue } => {
            let text = Asking::text(jobs, &queue, "the family");
            let json = json!({ "folder": folder, "finished": false, "queue": queue, "jobs": jobs });
            print(output, &text, &json);
            Ok(false)
        }
    }
}

/// Trains a family; `None` when it was stopped.
fn train(
    opened: &mut Opened,
    family: &FamilyRecipe,
    folder: &Path,
    stop: &AtomicBool,
) -> Result<Option<Bar>, NodeError> {
    let mut bar = Bar::default();
    let whole = train_family(opened, &family.recipe, &family.plan, folder, |progress| {
        bar.show(progress);
        if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    bar.finish();
    Ok(whole.then_some(bar))
}

/// Builds the index of a family beside its `adapters.json`, in the order of `clusters` where the chain has one.
fn indexed(
    mut opened: Opened,
    folder: &Path,
    clusters: Option<&[String]>,
    bar: Option<Bar>,
) -> Result<Trained, NodeError> {
    let family = Family::read(folder).map_err(IndexError::from)?;
    if !family.contributors().eq(opened.examples.contributors()) {
        let folder = folder.display();
        return Err(NodeError::Config(format!("{folder} holds a family of other contributors; name another --out")));
    }
    let (family, mut index, calibration) = index_beside(&mut opened, folder)?;
    if let Some(clusters) = clusters {
        index = index.arranged(clusters.iter().map(String::as_str))?;
        index.write(&folder.join(INDEX_FILE))?;
    }
    let duplicates = opened.examples.duplicates();
    Ok(Trained { family, index, calibration: Some(calibration), duplicates, bar })
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
