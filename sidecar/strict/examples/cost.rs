//! Time of one answer's gradient in strict arithmetic and in ONNX Runtime.
//!
//! `cargo run --release -p openledger-strict --example cost [MODEL_DIR [TOKENS]]`; the project's model and 128 tokens, of
//! which half are the answer, without arguments. An adapter of rank 8 on every linear layer.

use std::time::{Duration, Instant};

use openledger_engine::{
    EngineError,
    gradient::{Executor, GradientConfig, GradientRow, GradientSession},
};
use openledger_simd::Level;
use openledger_strict::{StrictConfig, StrictOptions};

const RANK: usize = 8;
/// Runs that are measured after two that are not. The median counts.
const RUNS: usize = 21;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let model_dir = std::path::PathBuf::from(arguments.next().unwrap_or_else(|| "examples/model".to_owned()));
    let tokens: usize = arguments.next().map_or(Ok(128), |tokens| tokens.parse())?;
    println!("{} tokens, rank {RANK}, median of {RUNS} runs, milliseconds", tokens);
    println!("| threads | ONNX Runtime | strict, by instruction set | speed beside ONNX Runtime |");
    println!("|---|---|---|---|");
    for threads in [1, 2] {
        let config = GradientConfig { model_dir: model_dir.clone(), ort_library: None, threads, targets: Vec::new() };
        let mut runtime = GradientSession::open(&config)?;
        let expected = median(&mut runtime, tokens)?;
        drop(runtime);
        let (mut times, mut ratios) = (Vec::new(), Vec::new());
        for level in Level::available() {
            let options = StrictOptions { threads, level };
            let config = StrictConfig { model_dir: model_dir.clone(), targets: Vec::new(), options };
            let found = median(&mut openledger_strict::open(&config)?, tokens)?;
            times.push(format!("{} {:.1}", level.name(), found.as_secs_f64() * 1e3));
            ratios.push(format!("{:.2}", expected.as_secs_f64() / found.as_secs_f64()));
        }
        let expected = expected.as_secs_f64() * 1e3;
        println!("| {threads} | {expected:.1} | {} | {} |", times.join(", "), ratios.join(", "));
    }
    Ok(())
}

fn median<E: Executor>(session: &mut GradientSession<E>, tokens: usize) -> Result<Duration, EngineError> {
    let layout = session.layout(RANK)?;
    let vocabulary = session.model().vocab_size.clamp(2, 1000);
    let ids: Vec<u32> = (0..tokens).map(|at| u32::try_from(at * 31 % (vocabulary - 1) + 1).unwrap_or(1)).collect();
    let weights: Vec<f32> = (0..tokens).map(|at| if at * 2 < tokens { 0.0 } else { 1.0 }).collect();
    let adapter: Vec<f32> = (0..layout.len).map(|at| ((at * 37 % 101) as f32 - 50.0) * 1e-3).collect();
    let mut times = Vec::with_capacity(RUNS);
    for run in 0..RUNS + 2 {
        let start = Instant::now();
        let row = GradientRow { tokens: &ids, weights: &weights };
        std::hint::black_box(session.run(&[row], &[&adapter], &layout, 2.0)?);
        if run >= 2 {
            times.push(start.elapsed());
        }
    }
    times.sort_unstable();
    Ok(times.get(RUNS / 2).copied().unwrap_or_default())
}
