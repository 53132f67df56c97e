//! Prints what one gradient costs in units of a prefill, on the example model.
//!
//! `cargo run -p openledger-onnx-graph --example gradient_cost [-- threads]`
//!
//! A prefill is one run of the served graph with LoRA slots over the same rows with an empty cache: what the
//! engine does for a prompt of that length, logits of every position included.

#![allow(clippy::unwrap_used)]

#[path = "../tests/runtime/mod.rs"]
mod runtime;

use std::time::Instant;

use openledger_onnx_graph::{
    LoraForm, LoraSite, Model, ROW_SLOTS, SlotInputs,
    grad::{GradientOptions, LoraFactors, TARGET_WEIGHTS, TARGETS, gradient_graph, lora_factors},
    inject_lora,
};
use runtime::{
    Random, Runner, Value, Values, example,
    llama::{Llama, TINY},
    values,
};

const REPEATS: usize = 30;
const SHAPES: [(usize, usize); 6] = [(1, 32), (1, 128), (1, 256), (4, 64), (8, 128), (16, 64)];
const WIDE_SHAPES: [(usize, usize); 4] = [(1, 64), (1, 256), (4, 64), (4, 128)];

/// A random decoder of 31 million parameters, for what the tiny one cannot show: in wide layers the matrix
/// products outweigh the rest.
const WIDE: Llama =
    Llama { layers: 8, hidden: 512, heads: 8, kv_heads: 4, width: 64, ffn: 1376, vocab: 8192, positions: 512, ..TINY };

/// A decoder with what the runs need to know about it.
struct Subject {
    model: Model,
    options: GradientOptions,
    vocab: usize,
    cache: (usize, usize),
}

fn main() {
    let threads = std::env::args().nth(1).map_or(1, |threads| threads.parse().unwrap());
    let model = example::model();
    let options = example::options(&model);
    println!("example model, {threads} threads");
    report(&Subject { model, options, vocab: 2048, cache: (2, 32) }, &SHAPES, threads);
    println!("random model, 8 layers of width 512, {threads} threads");
    let cache = (WIDE.kv_heads, WIDE.width);
    report(&Subject { model: WIDE.model(), options: WIDE.options(), vocab: WIDE.vocab, cache }, &WIDE_SHAPES, threads);
}

fn report(subject: &Subject, shapes: &[(usize, usize)], threads: usize) {
    let factors = lora_factors(&subject.options.sites);
    let mut served = subject.model.clone();
    let sites = inject_lora(&mut served, &subject.options.sites, LoraForm::Standard).unwrap();
    let start = Instant::now();
    let graph = gradient_graph(&subject.model, &subject.options).unwrap();
    let (before, after) = (subject.model.graph().node.len(), graph.graph().node.len());
    println!("{before} nodes compiled into {after} in {:.1?}; fastest of {REPEATS} runs in ms", start.elapsed());
    let mut gradient = Runner::with_threads(&graph, threads);
    let mut prefill = Runner::with_threads(&served, threads);
    println!("| rows | tokens | prefill | gradient | prefills |\n|---|---|---|---|---|");
    for &(rows, tokens) in shapes {
        let (plain, inputs) = (served_inputs(subject, &sites, rows, tokens), inputs(subject, &factors, rows, tokens));
        let (plain, inputs) = (Runner::prepare(&plain), Runner::prepare(&inputs));
        let (mut ones, mut boths) = (Vec::new(), Vec::new());
        // In turns, so that whatever else the machine does meets both.
        for run in 0..REPEATS + 2 {
            let (one, both) = (prefill.time(&plain), gradient.time(&inputs));
            if run >= 2 {
                ones.push(one.as_secs_f64() * 1e3);
                boths.push(both.as_secs_f64() * 1e3);
            }
        }
        let (one, both) = (fastest(&ones), fastest(&boths));
        println!("| {rows} | {tokens} | {one:.2} | {both:.2} | {:.2} |", both / one);
    }
}

/// The run that was disturbed least.
fn fastest(times: &[f64]) -> f64 {
    times.iter().copied().fold(f64::INFINITY, f64::min)
}

fn ids(subject: &Subject, rows: usize, tokens: usize) -> Value {
    let id = |at: usize| i64::try_from(3 + (at * 37) % (subject.vocab - 3)).unwrap();
    Value::i64(&[rows, tokens], (0..rows * tokens).map(id).collect())
}

fn small(dims: &[usize]) -> Value {
    let data = Random::new(5).floats(dims.iter().product()).into_iter().map(|value| 0.02 * value as f32).collect();
    Value::f32(dims, data)
}

/// A fresh prompt for the served graph: every row in slot 1, an empty cache.
fn served_inputs(subject: &Subject, sites: &[LoraSite], rows: usize, tokens: usize) -> Values {
    let mut inputs = values([
        ("input_ids", ids(subject, rows, tokens)),
        ("attention_mask", Value::i64(&[rows, tokens], vec![1; rows * tokens])),
        (ROW_SLOTS, Value::i64(&[rows], vec![1; rows])),
    ]);
    for name in &subject.options.past {
        inputs.insert(name.clone(), Value::f32(&[rows, subject.cache.0, 0, subject.cache.1], Vec::new()));
    }
    for site in sites {
        let SlotInputs { a, b } = site.slot_inputs.clone().unwrap();
        inputs.insert(a, small(&[2, site.in_features, example::RANK]));
        inputs.insert(b, small(&[2, example::RANK, site.out_features]));
    }
    inputs
}

/// The same rows for the gradient graph; the second half of each is the answer.
fn inputs(subject: &Subject, factors: &[LoraFactors], rows: usize, tokens: usize) -> Values {
    let weights = (0..rows * tokens).map(|at| if at % tokens < tokens / 2 { 0.0 } else { 1.0 }).collect();
    let mut inputs = values([
        ("input_ids", ids(subject, rows, tokens)),
        (TARGETS, ids(subject, rows, tokens)),
        (TARGET_WEIGHTS, Value::f32(&[rows, tokens], weights)),
    ]);
    for factors in factors {
        inputs.insert(factors.a_input.clone(), small(&[rows, example::RANK, factors.in_features]));
        inputs.insert(factors.b_input.clone(), small(&[rows, factors.out_features, example::RANK]));
    }
    inputs
}
