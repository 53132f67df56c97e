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
    path::{Path, PathBuf},
    time::Instant,
};

use openledger_corpus::Datanet;
use openledger_engine::gradient::{GradientConfig, GradientRow, GradientSession};
use openledger_trainer::{Examples, Order, Recipe, Training, initial_factors};
use peer::Peer;
use serde_json::{Value, json};

const THREADS: usize = 2;
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
    /// Steps of a round.
    steps: usize,
}

/// Medians over rounds.
struct Cell {
    name: String,
    batch: u32,
    tokens: f64,
    ours: f64,
    run: f64,
    theirs: Option<f64>,
    ratio: Option<f64>,
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
    let rounds = if quick { 3 } else { 11 };
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
    let (steps, few) = if quick { (6, 2) } else { (18, 3) };
    let one = |datanet, batch, steps| Subject {
        name: "example model",
        model: example.clone(),
        shape: Value::Null,
        datanet,
        batch,
        steps,
    };
    Ok(vec![
        one("wordnet", 8, steps),
        one("wordnet", 24, steps / 3),
        one("sotu", 8, steps / 2),
        Subject { name: "random stack", model: wide, shape: wide_shape, datanet: "wordnet", batch: 8, steps: few },
    ])
}

fn measure(subject: &Subject, python: Option<&Path>, rounds: usize) -> Result<Cell, Box<dyn Error>> {
    let config =
        GradientConfig { model_dir: subject.model.clone(), ort_library: None, threads: THREADS, targets: Vec::new() };
    let mut session = GradientSession::open(&config)?;
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
                "threads": THREADS, "rank": recipe.rank, "alpha": recipe.alpha, "learning_rate": recipe.learning_rate,
                "shape": subject.shape, "batches": (0..steps).map(|at| batch(&examples, &order, at)).collect::<Vec<_>>(),
            });
            Some(Peer::start(python, &scripts, &task)?)
        }
        None => None,
    };
    let runs = runs(&mut session, &examples, &order, &recipe, subject.steps)?;
    let mut training = Training::begin(&mut session, &examples, &recipe, THREADS)?;
    let (mut ours, mut theirs, mut ratios, mut rates) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for round in 0..=rounds {
        let started = Instant::now();
        let mut tokens = 0;
        for _ in 0..subject.steps {
            tokens += training.step()?.ok_or("too few epochs for the rounds")?.tokens;
        }
        let own = started.elapsed().as_secs_f64();
        let other = peer.as_mut().map(|peer| peer.steps(subject.steps)).transpose()?;
        // The first round warms up both.
        if round > 0 {
            let each = subject.steps as f64;
            ours.push(own / each * 1e3);
            rates.push(tokens as f64 / own);
            theirs.extend(other.map(|other| other / each * 1e3));
            ratios.extend(other.map(|other| other / own));
        }
    }
    let some = |values: Vec<f64>| (!values.is_empty()).then(|| median(values));
    Ok(Cell {
        name: format!("{}, {}", subject.name, subject.datanet),
        batch: subject.batch,
        tokens: median(rates),
        ours: median(ours),
        run: runs,
        theirs: some(theirs),
        ratio: some(ratios),
    })
}

fn batch(examples: &Examples, order: &Order, at: usize) -> Value {
    let rows = order.step(at).iter().filter_map(|&row| examples.get(row));
    rows.map(|example| json!({ "tokens": example.tokens, "prompt": example.prompt_tokens })).collect()
}

/// Milliseconds a step inside [`GradientSession::run`]: the same batches, without optimiser, digests and the rest.
fn runs(
    session: &mut GradientSession,
    examples: &Examples,
    order: &Order,
    recipe: &Recipe,
    steps: usize,
) -> Result<f64, Box<dyn Error>> {
    let layout = session.layout(recipe.rank as usize)?;
    let parameters = initial_factors(session.modules(), &layout, 0);
    let mut times = Vec::new();
    for round in 0..4 {
        let started = Instant::now();
        for at in 0..steps {
            let rows: Vec<_> = order.step(at).iter().filter_map(|&row| examples.get(row)).collect();
            let weights: Vec<Vec<f32>> = rows
                .iter()
                .map(|row| (0..row.tokens.len()).map(|token| f32::from(token >= row.prompt_tokens)).collect())
                .collect();
            let rows: Vec<_> =
                rows.iter().zip(&weights).map(|(row, weights)| GradientRow { tokens: &row.tokens, weights }).collect();
            session.run(&rows, &[&parameters], &layout, 2.0)?;
        }
        if round > 0 {
            times.push(started.elapsed().as_secs_f64() / steps as f64 * 1e3);
        }
    }
    Ok(median(times))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn table(cells: &[Cell]) -> String {
    let mut lines = vec![
        "| model and rows | batch | ours, tokens/s | ours, ms a step | of it in ONNX Runtime | torch + PEFT, ms | torch / ours |".to_owned(),
        "|---|---|---|---|---|---|---|".to_owned(),
    ];
    let shown = |value: Option<f64>| value.map_or_else(|| "not run".to_owned(), |value| format!("{value:.2}"));
    lines.extend(cells.iter().map(|cell| {
        let Cell { name, batch, tokens, ours, run, theirs, ratio } = cell;
        let (theirs, ratio) = (shown(*theirs), shown(*ratio));
        format!("| {name} | {batch} | {tokens:.0} | {ours:.2} | {run:.2} | {theirs} | {ratio} |")
    }));
    lines.join("\n")
}

fn bars(cells: &[Cell]) -> Vec<Value> {
    let mut bars = Vec::new();
    for cell in cells {
        let own = 1.0 - cell.run / cell.ours;
        let name = format!("{} x{}: outside of the runtime", cell.name, cell.batch);
        bars.push(json!({ "name": name, "value": round(own), "bar": OWN_BAR, "holds": own <= OWN_BAR }));
        if let Some(ratio) = cell.ratio {
            let name = format!("{} x{}: torch / ours", cell.name, cell.batch);
            bars.push(json!({ "name": name, "value": round(ratio), "bar": 1.0, "holds": ratio >= 1.0 }));
        }
    }
    bars
}

fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
