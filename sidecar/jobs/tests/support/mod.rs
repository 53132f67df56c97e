//! A small family over the example model, asked for and trained in every way.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

use std::{
    fs,
    ops::ControlFlow,
    path::{Path, PathBuf},
    time::Duration,
};

use openledger_attribution::index::INDEX_FILE;
use openledger_jobs::{Ask, Job, Places, Queue, Results, Tally, TrainingJob, WorkOptions, index_beside, work};
use openledger_trainer::{FAMILY_FILE, FamilyPlan, FamilyRecipe, Recipe, Rows, Source, Tail, Weights, train_family};
use tokio_util::sync::CancellationToken;

/// Rank 2, one adapter in a run: full, two counterfactuals and a placebo are four parts.
pub fn recipe() -> Recipe {
    Recipe { rank: 2, epochs: 1, batch_rows: 4, run_rows: 4, ..Recipe::default() }
}

pub fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

/// Base, and the first rows of two contributors.
pub fn source(folder: &Path) -> Source {
    rows(folder, &["animal", "body"])
}

/// Base, and the first four rows of contributors.
fn rows(folder: &Path, contributors: &[&str]) -> Source {
    let place = folder.join("rows");
    if !place.exists() {
        fs::create_dir(&place).unwrap();
        for name in contributors {
            let file = format!("{name}.jsonl");
            let text = fs::read_to_string(examples().join("datanets/wordnet").join(&file)).unwrap();
            let rows: String = text.lines().take(4).flat_map(|line| [line, "\n"]).collect();
            fs::write(place.join(file), rows).unwrap();
        }
    }
    Source {
        model: examples().join("model"),
        rows: Rows::Datanet(place),
        order: Vec::new(),
        threads: 1,
        ort_library: None,
    }
}

pub fn plan() -> FamilyPlan {
    FamilyPlan {
        datanet: "rows".to_owned(),
        placebo_seeds: vec![5],
        weights: Weights::Float32,
        base: "examples/model".to_owned(),
        tail: None,
    }
}

/// Trains a family without a queue.
pub fn in_process(folder: &Path, recipe: &Recipe) -> (FamilyRecipe, Places, PathBuf) {
    alone(folder, source(folder), recipe, &plan())
}

/// The same with a tail: of three contributors of one size the first is retrained, the others are two parts.
pub fn tailed(folder: &Path, recipe: &Recipe) -> (FamilyRecipe, Places, PathBuf) {
    let tail = Tail { retrained: 1, draws: 2, together: 1, ..Tail::below(5) };
    let source = rows(folder, &["animal", "body", "food"]);
    alone(folder, source, recipe, &FamilyPlan { tail: Some(tail), ..plan() })
}

fn alone(folder: &Path, source: Source, recipe: &Recipe, plan: &FamilyPlan) -> (FamilyRecipe, Places, PathBuf) {
    let out = folder.join("in-process");
    let mut opened = source.open(recipe).unwrap();
    let family = opened.family(recipe.clone(), plan.clone());
    let on = |_: &openledger_trainer::Progress| ControlFlow::Continue(());
    assert!(train_family(&mut opened, recipe, plan, &out, on).unwrap());
    index_beside(&mut opened, &out).unwrap();
    (family, Places { model: source.model, rows: source.rows }, out)
}

/// The jobs of a family's parts.
pub fn parts(family: &FamilyRecipe, places: &Places) -> Vec<Job> {
    TrainingJob::parts(family, places).unwrap().into_iter().map(Job::from).collect()
}

/// The job that puts a family together.
pub fn assembly(family: &FamilyRecipe, places: &Places) -> Job {
    TrainingJob::index(family, places).into()
}

pub fn options(lanes: usize) -> WorkOptions {
    WorkOptions {
        lanes,
        keep: false,
        lease: Duration::from_secs(30),
        keep_every: Duration::from_secs(300),
        ort_library: None,
    }
}

pub async fn work_until_empty(queue: &Queue, results: &Results, lanes: usize) -> Tally {
    let options = options(lanes);
    let worked = work(queue, results, &options, CancellationToken::new());
    tokio::time::timeout(Duration::from_secs(120), worked).await.expect("it hangs").unwrap()
}

/// Asks for a family, lets workers do it, and takes it into a folder.
pub async fn through_queue(
    url: &str,
    folder: &Path,
    family: &FamilyRecipe,
    places: &Places,
    lanes: usize,
) -> (Ask, Tally) {
    let (queue, results) = (Queue::open(url).await.unwrap(), Results::at(&folder.join("results")));
    let ask = Ask::family(queue.clone(), results.clone(), family, places).unwrap();
    assert_eq!(ask.enqueue().await.unwrap(), parts(family, places).len());
    assert_eq!(ask.enqueue().await.unwrap(), 0, "asked for twice it is one family");
    let tally = work_until_empty(&queue, &results, lanes).await;
    assert!(ask.take(&folder.join("out")).unwrap());
    (ask, tally)
}

/// Every file of both families, byte for byte.
pub fn assert_same(left: &Path, right: &Path) {
    let (files, others) = (files(left), files(right));
    assert_eq!(files, others);
    assert!([FAMILY_FILE, INDEX_FILE].iter().all(|file| files.contains(&PathBuf::from(file))));
    for file in files {
        assert!(fs::read(left.join(&file)).unwrap() == fs::read(right.join(&file)).unwrap(), "{}", file.display());
    }
}

/// Files of a folder and of the folders in it, sorted.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let name = PathBuf::from(entry.unwrap().file_name());
        let place = folder.join(&name);
        if place.is_dir() {
            found.extend(files(&place).into_iter().map(|file| name.join(file)));
        } else {
            found.push(name);
        }
    }
    found.sort();
    found
}
