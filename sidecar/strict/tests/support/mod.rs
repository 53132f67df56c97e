//! Models, rows and adapters that the tests share.

#![allow(dead_code, clippy::unwrap_used)]

pub mod graphs;

use std::path::{Path, PathBuf};

use openledger_engine::{
    EngineError,
    gradient::{Executor, GradientRow, GradientRun, GradientSession},
};
use openledger_simd::Level;
use openledger_strict::{StrictConfig, StrictOptions, StrictSession};
use sha2::{Digest, Sha256};

pub const SCALE: f32 = 2.0;

pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub fn example_model() -> PathBuf {
    repository().join("examples/model")
}

/// Every model that the engine's tests know.
pub fn models() -> Vec<PathBuf> {
    let golden = std::fs::read_dir(repository().join("tests/golden/models")).unwrap();
    let mut all: Vec<PathBuf> = golden.map(|entry| entry.unwrap().path()).collect();
    all.sort();
    assert!(all.len() >= 11, "the golden models are gone");
    all.extend([repository().join("sidecar/engine/tests/optimum"), example_model()]);
    all
}

pub fn open(model_dir: PathBuf, options: StrictOptions) -> StrictSession {
    try_open(model_dir, options).unwrap()
}

pub fn try_open(model_dir: PathBuf, options: StrictOptions) -> Result<StrictSession, EngineError> {
    openledger_strict::open(&StrictConfig { model_dir, targets: Vec::new(), options })
}

/// Numbers in −size..size that look random.
pub fn numbers(count: usize, seed: u64, size: f32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        ((state >> 40) as f32 / (1_u32 << 23) as f32 - 1.0) * size
    };
    (0..count).map(|_| next()).collect()
}

/// Tokens and weights of rows of different length; the prompt has no weight.
pub fn rows() -> Vec<(Vec<u32>, Vec<f32>)> {
    let of = |len: u32, prompt: usize, seed: u32| {
        let tokens: Vec<u32> = (0..len).map(|at| 1 + (at * at * 7 + at * 3 + seed) % 40).collect();
        let weights = (0..tokens.len()).map(|at| if at < prompt { 0.0 } else { 1.0 }).collect();
        (tokens, weights)
    };
    vec![of(19, 5, 3), of(33, 20, 8), of(6, 2, 11)]
}

/// Runs rows with as many adapters of rank 4, one for each, made from their index among `rows()`.
pub fn run<E: Executor>(session: &mut GradientSession<E>, chosen: &[usize]) -> Result<GradientRun, EngineError> {
    let layout = session.layout(4)?;
    let all = rows();
    let adapters: Vec<Vec<f32>> = chosen.iter().map(|&row| numbers(layout.len, row as u64 + 5, 0.05)).collect();
    let adapters: Vec<&[f32]> = adapters.iter().map(Vec::as_slice).collect();
    let rows: Vec<_> = chosen.iter().map(|&row| GradientRow { tokens: &all[row].0, weights: &all[row].1 }).collect();
    session.run(&rows, &adapters, &layout, SCALE)
}

/// SHA-256 of all bits of a run.
pub fn digest(run: &GradientRun) -> String {
    let mut hash = Sha256::new();
    for value in run.log_probs.iter().chain(&run.gradients).flatten() {
        hash.update(value.to_bits().to_le_bytes());
    }
    hex::encode(hash.finalize())
}

/// Every level with 1, 2 and 3 threads.
pub fn all_options() -> Vec<StrictOptions> {
    let levels = Level::available();
    levels.into_iter().flat_map(|level| [1, 2, 3].map(|threads| StrictOptions { threads, level })).collect()
}

/// |a − b| over |b|, as vectors.
pub fn distance(found: &[f32], expected: &[f32]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let square = |values: &mut dyn Iterator<Item = f64>| values.map(|value| value * value).sum::<f64>().sqrt();
    let pairs = found.iter().zip(expected);
    let away = square(&mut pairs.map(|(a, b)| f64::from(*a) - f64::from(*b)));
    away / square(&mut expected.iter().map(|&value| f64::from(value))).max(f64::MIN_POSITIVE)
}
