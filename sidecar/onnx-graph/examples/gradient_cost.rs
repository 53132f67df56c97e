//! Prints what one gradient costs in units of a prefill, on the example model.
//!
//! `cargo run --release -p openledger-onnx-graph --example gradient_cost [-- threads]`
//!
//! A prefill is one run of the served graph with LoRA slots over the same rows with an empty cache: what the
//! engine does for a prompt of that length, logits of every position included.

#![allow(clippy::unwrap_used)]

#[path = "../tests/runtime/mod.rs"]
mod runtime;

use std::time::Instant;

use openledger_onnx_graph::{
    ROW_SLOTS,
    grad::{gradient_graph, lora_factors},
    inject_lora,
};
use runtime::{Runner, Value, Values, example, values};

const REPEATS: usize = 15;
const SHAPES: [(usize, usize); 6] = [(1, 32), (1, 128), (1, 256), (4, 64), (8, 128), (16, 64)];

fn main() {
    let threads = std::env::args().nth(1).map_or(1, |threads| threads.parse().unwrap());
    let base = example::model();
    let options = example::options(&base);
    let factors = lora_factors(&options.sites);
    let mut served = base.clone();
    let sites = inject_lora(&mut served, &options.sites).unwrap();
    let compile = Instant::now();
    let graph = gradient_graph(&base, &options).unwrap();
    println!(
        "compiled {} nodes into {} in {:.1?}",
        base.graph().node.len(),
        graph.graph().node.len(),
        compile.elapsed()
    );
    let mut gradient = Runner::with_threads(&graph, threads);
    let mut prefill = Runner::with_threads(&served, threads);
    let adapter = example::adapter("sotu/full");
    println!("threads {threads}; median of {REPEATS} runs in ms");
    println!("| rows | tokens | prefill | gradient | prefills |\n|---|---|---|---|---|");
    for (rows, tokens) in SHAPES {
        let ids: Vec<i64> = (0..tokens).map(|at| 3 + (at as i64 * 37) % 2000).collect();
        let (prompt, answer) = ids.split_at(tokens / 2);
        let row = || example::Row { prompt, answer, adapter: &adapter };
        let inputs = example::feed(&factors, &(0..rows).map(|_| row()).collect::<Vec<_>>());
        let mut plain: Values = values([
            ("input_ids", inputs["input_ids"].clone()),
            ("attention_mask", Value::i64(&[rows, tokens], vec![1; rows * tokens])),
            (ROW_SLOTS, Value::i64(&[rows], vec![1; rows])),
        ]);
        for name in &options.past {
            plain.insert(name.clone(), Value::f32(&[rows, 2, 0, 32], Vec::new()));
        }
        for site in &sites {
            for (name, dims) in [
                (&site.a_input, [2, site.in_features, example::RANK]),
                (&site.b_input, [2, example::RANK, site.out_features]),
            ] {
                plain.insert(name.clone(), Value::f32(&dims, vec![0.01; dims.iter().product()]));
            }
        }
        let one = median(&mut prefill, &plain);
        let both = median(&mut gradient, &inputs);
        println!("| {rows} | {tokens} | {one:.2} | {both:.2} | {:.2} |", both / one);
    }
}

/// Milliseconds of the middle one of several runs, after two that warm up.
fn median(runner: &mut Runner, inputs: &Values) -> f64 {
    let inputs = Runner::prepare(inputs);
    let mut times: Vec<f64> = (0..REPEATS + 2).map(|_| runner.time(&inputs).as_secs_f64() * 1e3).skip(2).collect();
    times.sort_by(f64::total_cmp);
    times[REPEATS / 2]
}
