//! A small family over the example model, asked for and trained in every way.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

use std::{
    fs,
    ops::ControlFlow,
    path::{Path, PathBuf},
    time::Duration,
};

use openledger_attribution::index::INDEX_FILE;
use openledger_jobs::{Ask, Places, Queue, Results, Tally, WorkOptions, index_beside, work};
use openledger_trainer::{FamilyPlan, FamilyRecipe, Recipe, Rows, Source, Weights, train_family};
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
    let place = folder.join("rows");
    if !place.exists() {
        fs::create_dir(&place).unwrap();
        for name in ["animal.jsonl", "body.jsonl"] {
            let text = fs::read_to_string(examples().join("datanets/wordnet").join(name)).unwrap();
            let rows: String = text.lines().take(4).flat_map(|line| [line, "\n"]).collect();
            fs::write(place.join(name), rows).unwrap();
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
    }
}

/// Trains a family without a queue.
pub fn in_process(folder: &Path, recipe: &Recipe) -> (FamilyRecipe, Places, PathBuf) {
    let (source, out) = (source(folder), folder.join("in-process"));
    let mut opened = source.open(recipe).unwrap();
    let family = FamilyRecipe::of(recipe.clone(), plan(), opened.session.model(), &opened.examples, opened.threads);
    let on = |_: &openledger_trainer::Progress| ControlFlow::Continue(());
    assert!(train_family(&mut opened.session, &opened.examples, recipe, &plan(), &out, on).unwrap());
    index_beside(&mut opened, &out).unwrap();
    (family, Places { model: source.model, rows: source.rows }, out)
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
    let ask = Ask::new(queue.clone(), results.clone(), family, places).unwrap();
    assert_eq!(ask.enqueue().await.unwrap(), 4);
    assert_eq!(ask.enqueue().await.unwrap(), 0, "asked for twice it is one family");
    let tally = work_until_empty(&queue, &results, lanes).await;
    assert!(ask.take(&folder.join("out")).unwrap());
    (ask, tally)
}

/// Every file of both families, byte for byte.
pub fn assert_same(left: &Path, right: &Path) {
    let mut files = vec![PathBuf::from("adapters.json"), PathBuf::from(INDEX_FILE)];
    for variant in ["full", "without-animal", "without-body", "placebo-1"] {
        for file in ["adapter_model.safetensors", "adapter_config.json"] {
            files.push(Path::new(variant).join(file));
        }
    }
    for file in files {
        assert!(fs::read(left.join(&file)).unwrap() == fs::read(right.join(&file)).unwrap(), "{}", file.display());
    }
}
