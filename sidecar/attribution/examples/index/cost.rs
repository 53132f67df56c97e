//! What a scan and a request cost.

use std::{error::Error, path::Path, time::Instant};

use openledger_attribution::{
    Family,
    index::{Answer, DEFAULT_DIMENSIONS, Index, Querier, scan as scan_rows},
};
use openledger_engine::{
    Engine, EngineConfig, ScoreRow,
    gradient::{GradientConfig, GradientRow, GradientSession, stored_targets},
};
use openledger_simd::Level;

use crate::quality::open;

/// Dimensions of the scanned rows.
const DIMENSIONS: usize = 1024;
/// Runs of which the fastest counts: others use the machine too.
const RUNS: usize = 30;
/// Tokens of the measured request, half of them the answer.
const TOKENS: usize = 128;

pub struct Scan {
    rows: usize,
    levels: Vec<(&'static str, f64)>,
}

/// Scans random rows at every level of this processor, on one thread.
pub fn scan(rows: usize) -> Result<Scan, Box<dyn Error>> {
    let mut state = 1_u64;
    let mut byte = || {
        state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
        (state >> 56) as i8
    };
    let query: Vec<i8> = (0..DIMENSIONS).map(|_| byte()).collect();
    let matrix: Vec<i8> = (0..rows * DIMENSIONS).map(|_| byte()).collect();
    let mut levels = Vec::new();
    let mut expected: Option<Vec<i32>> = None;
    for level in Level::available() {
        let mut fastest = f64::INFINITY;
        for _ in 0..RUNS {
            let start = Instant::now();
            let found = scan_rows(level, &query, &matrix)?;
            fastest = fastest.min(start.elapsed().as_secs_f64() * 1e3);
            if *expected.get_or_insert_with(|| found.clone()) != found {
                return Err(format!("{} has other integers", level.name()).into());
            }
        }
        levels.push((level.name(), fastest));
    }
    Ok(Scan { rows, levels })
}

impl Scan {
    /// Of the fastest level, in milliseconds.
    pub fn best_for_100_000(&self) -> f64 {
        let best = self.levels.iter().map(|(_, time)| *time).fold(f64::INFINITY, f64::min);
        best * 100_000.0 / self.rows as f64
    }

    pub fn to_markdown(&self) -> String {
        let mut out = format!("| level | {} x {DIMENSIONS}, ms | GB/s |\n|---|---|---|\n", self.rows);
        for (name, time) in &self.levels {
            let rate = (self.rows * DIMENSIONS) as f64 / time / 1e6;
            out.push_str(&format!("| {name} | {time:.2} | {rate:.1} |\n"));
        }
        out
    }
}

/// Prefill and gradient of one answer under another model, in milliseconds.
pub struct Larger {
    parameters: usize,
    prefill: f64,
    gradient: f64,
}

/// Times prefill and gradient with the model in `onnx/` and the adapter in `adapters/0` of a folder, as `bench serving` makes one.
pub async fn larger(folder: &Path) -> Result<Larger, Box<dyn Error>> {
    let (model_dir, adapter) = (folder.join("onnx"), folder.join("adapters/0"));
    let engine = Engine::start(EngineConfig { threads: 1, ..EngineConfig::new(&model_dir) })?;
    engine.load_adapter("served", &adapter, None).await?;
    let targets = stored_targets(&adapter)?;
    let config = GradientConfig { model_dir, ort_library: None, threads: 1, targets };
    let mut session = GradientSession::open(&config)?;
    let served = session.read_adapter(&adapter, None)?;
    let tokens = tokens();
    let weights: Vec<f32> = (0..TOKENS).map(|at| if at < TOKENS / 2 { 0.0 } else { 1.0 }).collect();
    let (prompt, response) = tokens.split_at(TOKENS / 2);
    let mut found = Larger { parameters: served.parameters.len(), prefill: f64::INFINITY, gradient: f64::INFINITY };
    for _ in 0..RUNS / 3 {
        let row =
            ScoreRow { adapter: Some("served".to_owned()), prompt: prompt.to_vec(), completion: response.to_vec() };
        found.prefill = found.prefill.min(time(|| engine.score(vec![row])).await?);
        let start = Instant::now();
        let row = GradientRow { tokens: &tokens, weights: &weights };
        std::hint::black_box(session.run(&[row], &[&served.parameters], &served.layout, served.scale)?);
        found.gradient = found.gradient.min(start.elapsed().as_secs_f64() * 1e3);
    }
    Ok(found)
}

impl Larger {
    pub fn to_markdown(&self) -> String {
        let Self { parameters, prefill, gradient } = self;
        format!(
            "One answer of {TOKENS} tokens, half of them the prompt, with {parameters} factors: prefill {prefill:.0} ms, gradient {gradient:.0} ms, {:.2} prefills.\n",
            gradient / prefill
        )
    }
}

fn tokens() -> Vec<u32> {
    (0..TOKENS).map(|at| 10 + (at as u32 * 37) % 1000).collect()
}

pub struct Request {
    prefill: f64,
    gradient: f64,
    projection: f64,
    audit: f64,
    dimensions: usize,
}

/// Times one answer's query, and what the audit lane runs for it, in turns. All on one thread.
pub async fn request(engine: &Engine, examples: &Path) -> Result<Request, Box<dyn Error>> {
    let family = Family::read(&examples.join("adapters/wordnet"))?;
    let session = open(examples)?;
    let index = Index::build(&session, &family, DEFAULT_DIMENSIONS)?;
    let variants = family.variants().count() + 1;
    engine.load_adapter("served", &family.full.folder, Some(family.full.digest)).await?;
    let mut querier = Querier::open(session, &family, &index)?;
    let tokens = tokens();
    let (prompt, response) = tokens.split_at(TOKENS / 2);
    let row =
        || ScoreRow { adapter: Some("served".to_owned()), prompt: prompt.to_vec(), completion: response.to_vec() };
    let mut found = Request {
        prefill: f64::INFINITY,
        gradient: f64::INFINITY,
        projection: f64::INFINITY,
        audit: f64::INFINITY,
        dimensions: index.dimensions(),
    };
    for _ in 0..RUNS {
        found.prefill = found.prefill.min(time(|| engine.score(vec![row()])).await?);
        found.audit = found.audit.min(time(|| engine.score(vec![row(); variants])).await?);
        let start = Instant::now();
        let gradient = querier.gradients(&[Answer { prompt, response }])?;
        found.gradient = found.gradient.min(start.elapsed().as_secs_f64() * 1e3);
        let start = Instant::now();
        for (gradient, _) in &gradient {
            std::hint::black_box(index.projection.project(gradient)?);
        }
        found.projection = found.projection.min(start.elapsed().as_secs_f64() * 1e3);
    }
    Ok(found)
}

async fn time<F, T, E>(work: impl FnOnce() -> F) -> Result<f64, E>
where
    F: Future<Output = Result<T, E>>,
{
    let start = Instant::now();
    work().await?;
    Ok(start.elapsed().as_secs_f64() * 1e3)
}

impl Request {
    /// Gradient and projection, in prefills.
    pub fn prefills(&self) -> f64 {
        (self.gradient + self.projection) / self.prefill
    }

    pub fn to_markdown(&self) -> String {
        format!(
            "One answer of {TOKENS} tokens, half of them the prompt: prefill {:.2} ms, gradient {:.2} ms, projection to {} dimensions {:.3} ms: {:.2} prefills. The audit lane's batch: {:.2} ms, {:.2} prefills.\n",
            self.prefill,
            self.gradient,
            self.dimensions,
            self.projection,
            self.prefills(),
            self.audit,
            self.audit / self.prefill,
        )
    }
}
