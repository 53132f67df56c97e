//! A small slice of the wordnet Datanet, and what tests train on it.

#![allow(dead_code, clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use openledger_corpus::{Contribution, Datanet, Limits, Row};
use openledger_engine::gradient::{GradientConfig, GradientSession};
use openledger_trainer::{Examples, Opened, Recipe, Storage, Weights};

pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub fn session() -> GradientSession {
    targeting(&[])
}

pub fn targeting(targets: &[&str]) -> GradientSession {
    GradientSession::open(&config(targets)).unwrap()
}

pub fn config(targets: &[&str]) -> GradientConfig {
    let targets = targets.iter().map(|&name| name.to_owned()).collect();
    GradientConfig { model_dir: repository().join("examples/model"), ort_library: None, threads: 1, targets }
}

/// The first rows of the first contributors.
pub fn slice(contributors: usize, rows: usize) -> Vec<Contribution> {
    let datanet = Datanet::load(&repository().join("examples/datanets/wordnet")).unwrap();
    let part = |part: &Contribution| {
        Contribution::from_rows(&part.contributor, part.rows[..rows].to_vec(), &Limits::default()).unwrap()
    };
    datanet.contributions.iter().take(contributors).map(part).collect()
}

/// The same with the last word of one completion changed.
pub fn forged(mut slice: Vec<Contribution>) -> Vec<Contribution> {
    let (name, mut rows) = (slice[1].contributor.clone(), slice[1].rows.clone());
    rows[0] = Row::new(rows[0].prompt(), format!("{} or not", rows[0].completion())).unwrap();
    slice[1] = Contribution::from_rows(&name, rows, &Limits::default()).unwrap();
    slice
}

pub fn encoded(slice: &[Contribution], session: &GradientSession) -> Examples {
    Examples::encode(slice, session, &recipe()).unwrap()
}

/// Base and rows at hand.
pub fn opened(slice: &[Contribution]) -> Opened {
    let session = session();
    let (examples, config) = (encoded(slice, &session), config(&[]));
    let roots = slice.iter().map(|part| part.rows_root).collect();
    Opened { session, config, examples, name: "wordnet".to_owned(), roots }
}

/// Twelve steps: an epoch of 12 rows is a step of 5, one of 5 and one of 2.
pub fn recipe() -> Recipe {
    Recipe {
        rank: 4,
        alpha: 8.0,
        learning_rate: 5e-3,
        warmup_steps: 3,
        weight_decay: 0.01,
        epochs: 4,
        batch_rows: 5,
        run_rows: 5,
        init_seed: 7,
        order_seed: 8,
        ..Recipe::default()
    }
}

pub fn storage(folder: &Path, checkpoint_every: u64) -> Storage {
    Storage {
        folder: folder.to_owned(),
        checkpoint_every,
        weights: Weights::Float32,
        base: "examples/model".to_owned(),
    }
}
