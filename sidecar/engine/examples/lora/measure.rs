//! Timing of whole answers through the engine's public interface.

use std::{
    error::Error,
    path::{Path, PathBuf},
    time::Instant,
};

use openledger_engine::{Engine, EngineConfig, EngineError, GenerateEvent, GenerateRequest, LoraForm, Sampling};

/// Tokens that every row of a run generates after its prompt.
const TOKENS: usize = 16;
const PROMPT: usize = 4;

/// Fewest and most rounds of a cell, and the seconds after which no new round begins.
const ROUNDS: std::ops::RangeInclusive<usize> = 5..=61;
const SECONDS: f64 = 5.0;

/// Seconds of one run of a batch, medians over the rounds.
pub struct Cell {
    pub model: &'static str,
    pub rows: usize,
    pub adapters: usize,
    pub base: f64,
    pub standard: f64,
    pub operator: f64,
    /// Medians of the ratios within each round: load that comes and goes falls on both sides.
    pub standard_to_base: f64,
    pub operator_to_base: f64,
    pub standard_to_operator: f64,
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
        let start = |form| Engine::start(EngineConfig { lora: Some(form), ..EngineConfig::new(folder) });
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
        let (fewest, most) = if quick { (2, 2) } else { (*ROUNDS.start(), *ROUNDS.end()) };
        let start = Instant::now();
        let mut rounds: Vec<[f64; 3]> = Vec::new();
        for round in 0..=most {
            let base = run(&self.operator, rows, 0).await?;
            let standard = run(&self.standard, rows, adapters).await?;
            let operator = run(&self.operator, rows, adapters).await?;
            if round > 0 {
                rounds.push([base, standard, operator]);
            }
            if rounds.len() >= fewest && start.elapsed().as_secs_f64() > SECONDS {
                break;
            }
        }
        let middle = |of: fn(&[f64; 3]) -> f64| median(rounds.iter().map(of).collect());
        Ok(Cell {
            model,
            rows,
            adapters,
            base: middle(|round| round[0]),
            standard: middle(|round| round[1]),
            operator: middle(|round| round[2]),
            standard_to_base: middle(|round| round[1] / round[0]),
            operator_to_base: middle(|round| round[2] / round[0]),
            standard_to_operator: middle(|round| round[1] / round[2]),
        })
    }
}

/// Seconds until all rows of one batch have ended. Row `i` uses adapter `i % adapters`.
async fn run(engine: &Engine, rows: usize, adapters: usize) -> Result<f64, Box<dyn Error>> {
    let start = Instant::now();
    // All at once, so that they share one prefill: one after the other, each would start a step of
    // its own and the batch would never be full.
    let answers: Vec<_> = (0..rows)
        .map(|row| {
            let engine = engine.clone();
            let adapter = row.checked_rem(adapters).map(|index| index.to_string());
            tokio::spawn(async move { answer(&engine, adapter, TOKENS).await })
        })
        .collect();
    for answer in answers {
        let count = answer.await??;
        if count != TOKENS {
            return Err(format!("a row ended after {count} tokens").into());
        }
    }
    Ok(start.elapsed().as_secs_f64())
}

/// Tokens of one greedy answer.
pub async fn answer(engine: &Engine, adapter: Option<String>, most: usize) -> Result<usize, EngineError> {
    let request = GenerateRequest {
        adapter,
        more_adapters: Vec::new(),
        prompt: vec![5; PROMPT],
        sampling: Sampling::greedy(),
        max_new_tokens: most,
        stop: Vec::new(),
        grammar: None,
        logprobs: None,
        tenant: None,
        deadline: None,
    };
    let mut stream = engine.generate(request).await?;
    let mut count = 0;
    while let Some(event) = stream.recv().await {
        if matches!(event?, GenerateEvent::Token { .. }) {
            count += 1;
        }
    }
    Ok(count)
}

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
