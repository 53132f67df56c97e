//! What a training step costs, beside torch with PEFT where a Python with both is named.
//!
//! `cargo xtask bench train`, or `cargo run --release -p openledger-trainer --example cost -- [--quick] [--json]`.
//! `OPENLEDGER_PEER_PYTHON` names a Python with the packages of `examples/scripts/requirements.txt`; both sides then take turns on the
//! same batches, and ours has to be no slower. Without it, only our own bar is judged: the part of a step outside of
//! ONNX Runtime.

mod peer;
#[path = "../../../engine/examples/lora/stack.rs"]
#[allow(dead_code)]
mod stack;

use std::{
    error::Error,
    fs,
    ops::Range,
    path::{Path, PathBuf},
    time::Instant,
};

use openledger_corpus::Datanet;
use openledger_engine::gradient::{GradientConfig, GradientRow, GradientSession};
use openledger_trainer::{Example, Examples, Order, Recipe, Training, initial_factors};
use peer::Peer;
use serde_json::{Value, json};

/// Part of a step that may pass outside of ONNX Runtime.
const OWN_BAR: f64 = 0.25;

/// A model with rows and a batch.
struct Subject {
    name: &'static str,
    model: PathBuf,
    /// For the peer: `null` is the example's base.
    shape: Value,
    datanet: &'static str,
    batch: u32,
    threads: usize,
    /// Steps of a round.
    steps: usize,
}

/// Times of one subject, in ms a step, one per round.
struct Cell {
    name: String,
    batch: u32,
    threads: usize,
    /// Tokens of a round's steps over a round's steps.
    tokens: f64,
    ours: Vec<f64>,
    /// The part inside of [`GradientSession::run`].
    run: Vec<f64>,
    /// Empty without a peer.
    theirs: Vec<f64>,
}

impl Cell {
    /// Median over rounds of the other side's time over ours.
    fn ratio(&self) -> Option<f64> {
        let ratios: Vec<f64> = self.ours.iter().zip(&self.theirs).map(|(ours, theirs)| theirs / ours).collect();
        (!ratios.is_empty()).then(|| median(&ratios))
    }

    /// The same of the rounds that were disturbed least.
    fn fastest_ratio(&self) -> Option<f64> {
        (!self.theirs.is_empty()).then(|| fastest(&self.theirs) / fastest(&self.ours))
    }

    /// Part of an undisturbed step outside of the runtime.
    fn own(&self) -> f64 {
        1.0 - fastest(&self.run) / fastest(&self.ours)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(unknown) = arguments.iter().find(|flag| !["--quick", "--json"].contains(&flag.as_str())) {
        return Err(format!("unknown flag {unknown}; known are --quick and --json").into());
    }
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let quick = has("--quick");
    let python = std::env::var_os("OPENLEDGER_PEER_PYTHON").map(PathBuf::from);
    let work = tempfile::tempdir()?;
    let rounds = if quick { 9 } else { 11 };
    let mut cells = Vec::new();
    for subject in subjects(work.path(), quick)? {
        cells.push(measure(&subject, python.as_deref(), rounds)?);
    }
    println!("{}", table(&cells));
    if has("--json") {
        println!("{}", json!({ "bench": "train", "cells": cells.len(), "bars": bars(&cells) }));
    }
    Ok(())
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn subjects(work: &Path, quick: bool) -> Result<Vec<Subject>, Box<dyn Error>> {
    let example = repository().join("examples/model");
    let shape = if quick { stack::Shape::small() } else { stack::Shape::beyond_cache() };
    let wide = work.join("stack");
    stack::write(&wide, &shape, &example.join("tokenizer.json"))?;
    // The stack is written to never end; rows to train on have to.
    let path = wide.join("genai_config.json");
    let mut config: Value = serde_json::from_slice(&fs::read(&path)?)?;
    config["model"]["eos_token_id"] = json!(2);
    fs::write(&path, config.to_string())?;
    let wide_shape = json!({
        "vocabulary": 2048, "hidden": shape.hidden, "layers": shape.layers, "heads": shape.heads,
        "kv_heads": shape.kv_heads, "head_size": shape.head_size, "feed_forward": shape.feed_forward,
    });
    let (steps, few) = if quick { (6, 2) } else { (12, 3) };
    let mut all = Vec::new();
    for threads in [1, 2] {
        for (datanet, batch, steps) in [("wordnet", 8, steps), ("wordnet", 24, steps / 3), ("sotu", 8, steps / 2)] {
            let (model, shape) = (example.clone(), Value::Null);
            all.push(Subject { name: "example model", model, shape, datanet, batch, threads, steps });
        }
        let (model, shape) = (wide.clone(), wide_shape.clone());
        all.push(Subject { name: "random stack", model, shape, datanet: "wordnet", batch: 8, threads, steps: few });
    }
    Ok(all)
}

fn measure(subject: &Subject, python: Option<&Path>, rounds: usize) -> Result<Cell, Box<dyn Error>> {
    let (model_dir, threads) = (subject.model.clone(), subject.threads);
    let config = GradientConfig { model_dir, ort_library: None, threads, targets: Vec::new() };
    let (mut session, mut bare) = (GradientSession::open(&config)?, GradientSession::open(&config)?);
    let recipe = Recipe {
        rank: 16,
        alpha: 32.0,
        learning_rate: 1e-3,
        // More than the rounds need.
        epochs: 200,
        batch_rows: subject.batch,
        run_rows: subject.batch,
        ..Recipe::default()
    };
    let datanet = Datanet::load(&repository().join("examples/datanets").join(subject.datanet))?;
    let examples = Examples::of(&datanet, &session, &recipe)?;
    let order = Order::new(&recipe, examples.len())?;
    let steps = subject.steps * (rounds + 1);
    let mut peer = match python {
        Some(python) => {
            let scripts = repository().join("examples/scripts");
            let task = json!({
                "threads": threads, "rank": recipe.rank, "alpha": recipe.alpha, "learning_rate": recipe.learning_rate,
                "shape": subject.shape, "batches": (0..steps).map(|at| batch(&examples, &order, at)).collect::<Vec<_>>(),
            });
            Some(Peer::start(python, &scripts, &task)?)
        }
        None => None,
    };
    let mut training = Training::begin(&mut session, &examples, &recipe, threads)?;
    let (mut ours, mut run, mut theirs, mut tokens) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let each = subject.steps as f64;
    for round in 0..=rounds {
        let started = Instant::now();
        let mut seen = 0;
        for _ in 0..subject.steps {
            seen += training.step()?.ok_or("too few epochs for the rounds")?.tokens;
        }
        let own = started.elapsed().as_secs_f64();
        let at = round * subject.steps..(round + 1) * subject.steps;
        let inside = runs(&mut bare, &examples, &order, &recipe, at)?;
        let other = peer.as_mut().map(|peer| peer.steps(subject.steps)).transpose()?;
        // The first round warms everybody up.
        if round > 0 {
            ours.push(own / each * 1e3);
            run.push(inside / each * 1e3);
            tokens.push(seen as f64 / each);
            theirs.extend(other.map(|other| other / each * 1e3));
        }
    }
    let name = format!("{}, {}", subject.name, subject.datanet);
    Ok(Cell { name, batch: subject.batch, threads, tokens: median(&tokens), ours, run, theirs })
}

fn batch(examples: &Examples, order: &Order, at: usize) -> Value {
    let rows = order.step(at).iter().filter_map(|&row| examples.get(row));
    rows.map(|example| json!({ "tokens": example.tokens, "prompt": example.prompt_tokens })).collect()
}

/// Seconds inside [`GradientSession::run`] for some steps: no optimiser, no digests.
fn runs(
    session: &mut GradientSession,
    examples: &Examples,
    order: &Order,
    recipe: &Recipe,
    steps: Range<usize>,
) -> Result<f64, Box<dyn Error>> {
    let layout = session.layout(recipe.rank as usize)?;
    let parameters = initial_factors(session.modules(), &layout, 0);
    let mut took = 0.0;
    for at in steps {
        let rows: Vec<_> = order.step(at).iter().filter_map(|&row| examples.get(row)).collect();
        let counts = |row: &Example, token| f32::from(u8::from(token >= row.prompt_tokens));
        let weights: Vec<Vec<f32>> =
            rows.iter().map(|row| (0..row.tokens.len()).map(|token| counts(row, token)).collect()).collect();
        let rows = rows.iter().zip(&weights);
        let rows: Vec<_> = rows.map(|(row, weights)| GradientRow { tokens: &row.tokens, weights }).collect();
        let started = Instant::now();
        session.run(&rows, &[&parameters], &layout, 2.0)?;
        took += started.elapsed().as_secs_f64();
    }
    Ok(took)
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

fn fastest(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

fn table(cells: &[Cell]) -> String {
    let mut lines = vec![
        "| model and rows | batch | threads | ours, tokens/s | ours, ms a step | in the runtime, ms | torch + PEFT, ms | torch / ours | fastest: ours, ms | torch, ms | torch / ours |".to_owned(),
        "|---|---|---|---|---|---|---|---|---|---|---|".to_owned(),
    ];
    let shown = |value: Option<f64>| value.map_or_else(|| "not run".to_owned(), |value| format!("{value:.2}"));
    lines.extend(cells.iter().map(|cell| {
        let Cell { name, batch, threads, tokens, ours, run, theirs } = cell;
        let (median_ours, best) = (median(ours), fastest(ours));
        let there = |of: fn(&[f64]) -> f64| (!theirs.is_empty()).then(|| of(theirs));
        let (usual, quick) = (shown(there(median)), shown(there(fastest)));
        let (ratio, fastest_ratio) = (shown(cell.ratio()), shown(cell.fastest_ratio()));
        format!(
            "| {name} | {batch} | {threads} | {:.0} | {median_ours:.2} | {:.2} | {usual} | {ratio} | {best:.2} | {quick} | {fastest_ratio} |",
            tokens / median_ours * 1e3,
            median(run),
        )
    }));
    lines.join("\n")
}

fn bars(cells: &[Cell]) -> Vec<Value> {
    let mut bars = Vec::new();
    for cell in cells {
        let Cell { name, batch, threads, .. } = cell;
        let what = |bar: &str| format!("{name}, {batch} rows, {threads} threads: {bar}");
        let own = cell.own();
        bars.push(json!({ "name": what("outside of the runtime"), "value": round(own), "bar": OWN_BAR, "holds": own <= OWN_BAR }));
        // The fastest rounds of both: a loaded machine hurts whoever waits for its threads more.
        if let Some(ratio) = cell.fastest_ratio() {
            bars.push(
                json!({ "name": what("torch / ours"), "value": round(ratio), "bar": 1.0, "holds": ratio >= 1.0 }),
            );
        }
    }
    bars
}

fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
