//! Time of one answer's gradient in strict arithmetic and in ONNX Runtime.
//!
//! `cargo run --release -p openledger-strict --example cost [MODEL_DIR [TOKENS]]`; the project's model and 128 tokens
//! without arguments. Half of the tokens are the answer; an adapter of rank 8 is on every linear layer. All sessions take
//! turns within a round, so that a busy machine is busy for all of them.

use std::time::{Duration, Instant};

use openledger_engine::{
    EngineError,
    gradient::{Executor, GradientConfig, GradientRow, GradientSession},
};
use openledger_simd::Level;
use openledger_strict::{StrictConfig, StrictOptions};

const RANK: usize = 8;
/// Rounds that are measured after two that are not.
const ROUNDS: usize = 31;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let model_dir = std::path::PathBuf::from(arguments.next().unwrap_or_else(|| "examples/model".to_owned()));
    let tokens: usize = arguments.next().map_or(Ok(128), |tokens| tokens.parse())?;
    println!("{tokens} tokens, rank {RANK}, {ROUNDS} rounds; speed is that of ONNX Runtime's time over strict's\n");
    println!("| threads | executor | median, ms | fastest, ms | median speed | speed of the fastest |");
    println!("|---|---|---|---|---|---|");
    for threads in [1, 2] {
        let config = GradientConfig { model_dir: model_dir.clone(), ort_library: None, threads, targets: Vec::new() };
        let mut runtime = GradientSession::open(&config)?;
        let mut sessions = Vec::new();
        for level in Level::available() {
            let options = StrictOptions { threads, level };
            let config = StrictConfig { model_dir: model_dir.clone(), targets: Vec::new(), options };
            sessions.push((level, openledger_strict::open(&config)?, Vec::new()));
        }
        let mut expected = Vec::with_capacity(ROUNDS);
        for round in 0..ROUNDS + 2 {
            let time = timed(&mut runtime, tokens)?;
            let counts = round >= 2;
            if counts {
                expected.push(time);
            }
            for (_, session, times) in &mut sessions {
                let time = timed(session, tokens)?;
                if counts {
                    times.push(time);
                }
            }
        }
        let line = |name: &str, times: &[Duration]| {
            let ms = |time: Duration| time.as_secs_f64() * 1e3;
            let over = |(a, b): (&Duration, &Duration)| a.as_secs_f64() / b.as_secs_f64().max(f64::MIN_POSITIVE);
            let mut ratios: Vec<f64> = expected.iter().zip(times).map(over).collect();
            let mut sorted = times.to_vec();
            sorted.sort_unstable();
            ratios.sort_unstable_by(f64::total_cmp);
            let first = |times: &[Duration]| times.iter().min().copied().unwrap_or_default();
            let (median, ratio) = (sorted.get(ROUNDS / 2).copied().unwrap_or_default(), ratios.get(ROUNDS / 2));
            println!(
                "| {threads} | {name} | {:.1} | {:.1} | {:.2} | {:.2} |",
                ms(median),
                ms(first(times)),
                ratio.copied().unwrap_or_default(),
                over((&first(&expected), &first(times)))
            );
        };
        line("ONNX Runtime", &expected);
        for (level, _, times) in &sessions {
            line(&format!("strict, {}", level.name()), times);
        }
    }
    Ok(())
}

fn timed<E: Executor>(session: &mut GradientSession<E>, tokens: usize) -> Result<Duration, EngineError> {
    let layout = session.layout(RANK)?;
    let vocabulary = session.model().vocab_size.clamp(2, 1000);
    let ids: Vec<u32> = (0..tokens).map(|at| u32::try_from(at * 31 % (vocabulary - 1) + 1).unwrap_or(1)).collect();
    let weights: Vec<f32> = (0..tokens).map(|at| if at * 2 < tokens { 0.0 } else { 1.0 }).collect();
    let adapter: Vec<f32> = (0..layout.len).map(|at| ((at * 37 % 101) as f32 - 50.0) * 1e-3).collect();
    let start = Instant::now();
    let row = GradientRow { tokens: &ids, weights: &weights };
    std::hint::black_box(session.run(&[row], &[&adapter], &layout, 2.0)?);
    Ok(start.elapsed())
}
