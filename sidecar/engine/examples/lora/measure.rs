//! Timing of whole answers through the engine's public interface.

use std::{
    error::Error,
    path::{Path, PathBuf},
    time::Instant,
};

use openledger_engine::{Engine, EngineConfig, GenerateEvent, GenerateRequest, LoraForm, Sampling};

/// Tokens that every row of a run generates after its prompt.
const TOKENS: usize = 16;
const PROMPT: usize = 4;

/// Seconds of one run of a batch, medians over the repetitions.
pub struct Cell {
    pub model: &'static str,
    pub rows: usize,
    pub adapters: usize,
    pub base: f64,
    pub standard: f64,
    pub operator: f64,
}

impl Cell {
    /// Milliseconds of one step.
    pub fn step_ms(seconds: f64) -> f64 {
        seconds * 1e3 / TOKENS as f64
    }
}

/// One model in two engines with the same adapters.
pub struct Subject {
    standard: Engine,
    operator: Engine,
}

impl Subject {
    pub async fn start(folder: &Path, adapters: &[PathBuf]) -> Result<Self, Box<dyn Error>> {
        let start = |lora| Engine::start(EngineConfig { lora, ..EngineConfig::new(folder) });
        let subject = Self { standard: start(LoraForm::Standard)?, operator: start(LoraForm::Operator)? };
        for engine in [&subject.standard, &subject.operator] {
            for (index, folder) in adapters.iter().enumerate() {
                engine.load_adapter(&index.to_string(), folder, None).await?;
            }
        }
        Ok(subject)
    }

    /// Base, standard form and operator in turn, repeated; the first round is not counted.
    pub async fn measure(
        &self,
        model: &'static str,
        rows: usize,
        adapters: usize,
        quick: bool,
    ) -> Result<Cell, Box<dyn Error>> {
        let rounds = if quick { 2 } else { 7 };
        let mut times: [Vec<f64>; 3] = Default::default();
        for round in 0..=rounds {
            let base = run(&self.operator, rows, 0).await?;
            let standard = run(&self.standard, rows, adapters).await?;
            let operator = run(&self.operator, rows, adapters).await?;
            if round > 0 {
                for (times, seconds) in times.iter_mut().zip([base, standard, operator]) {
                    times.push(seconds);
                }
            }
        }
        let [base, standard, operator] = times.map(median);
        Ok(Cell { model, rows, adapters, base, standard, operator })
    }
}

/// Seconds until all rows of one batch have ended. Row `i` uses adapter `i % adapters`.
async fn run(engine: &Engine, rows: usize, adapters: usize) -> Result<f64, Box<dyn Error>> {
    let start = Instant::now();
    let mut streams = Vec::with_capacity(rows);
    for row in 0..rows {
        let request = GenerateRequest {
            adapter: row.checked_rem(adapters).map(|index| index.to_string()),
            prompt: vec![5; PROMPT],
            sampling: Sampling::greedy(),
            max_new_tokens: TOKENS,
            stop: Vec::new(),
            grammar: None,
            logprobs: None,
        };
        streams.push(engine.generate(request).await?);
    }
    for mut stream in streams {
        let mut count = 0;
        while let Some(event) = stream.recv().await {
            if matches!(event?, GenerateEvent::Token { .. }) {
                count += 1;
            }
        }
        if count != TOKENS {
            return Err(format!("a row ended after {count} tokens").into());
        }
    }
    Ok(start.elapsed().as_secs_f64())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
