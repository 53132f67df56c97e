//! The card in 16 bits against the processor in 32, on the small models of the tests.

use std::path::Path;

use openledger_engine::{Engine, EngineConfig, GenerateEvent, GenerateRequest, Provider};
use serde::Deserialize;

use crate::Outcome;

/// The card that is compared and measured.
pub const CARD: Provider = Provider::Cuda { device: 0 };
/// Tokens at a prompt's end whose logits are compared.
const LAST: usize = 2;
/// The model in 32 bits, below `tests/golden`, and its exports for CUDA.
const SINGLE: &str = "models/llama";
const HALF: &str = "half";
const ADAPTERS: [&str; 2] = ["all-linear", "patterns"];
/// Exports for CUDA with the largest difference that is allowed, as a part of the largest logit. A number of fp16 is exact to 2^-11
/// and one of bf16 to 2^-8; over two layers it comes to a few of them (fp16 on the processor: `tests/half.rs`).
const EXPORTS: [(&str, f32); 2] = [("llama-fp16", 1e-2), ("llama-bf16", 8e-2)];

/// Prompt and the answer that transformers gives; golden answers end where the choice would hang on rounding.
#[derive(Clone, Deserialize)]
struct Case {
    adapter: Option<String>,
    prompt: Vec<u32>,
    greedy: Vec<u32>,
}

/// What one export gave.
pub struct Parity {
    pub export: &'static str,
    /// Largest difference of logits as a part of the largest logit.
    pub difference: f32,
    pub allowed: f32,
    /// Greedy answers that are the golden ones, all in one mixed batch.
    pub equal: usize,
    pub answers: usize,
}

/// Compares every export.
///
/// # Errors
/// Those of the engine; a missing card among them.
pub async fn compare(golden: &Path) -> Outcome<Vec<Parity>> {
    // First: without a card nothing else need be read.
    let mut cards = Vec::new();
    for (export, allowed) in EXPORTS {
        let folder = golden.join(HALF).join(export);
        cards.push((export, allowed, start(EngineConfig::portable(&folder, CARD), &folder).await?));
    }
    let single = golden.join(SINGLE);
    let reference = start(EngineConfig::new(&single), &single).await?;
    let mut found = Vec::new();
    for (export, allowed, engine) in cards {
        let cases: Vec<Case> =
            serde_json::from_slice(&std::fs::read(golden.join(HALF).join(export).join("cases.json"))?)?;
        let mut difference = 0.0_f32;
        for case in &cases {
            let logits = logits(&engine, case).await?;
            let expected = self::logits(&reference, case).await?;
            let scale = expected.iter().fold(0.0_f32, |largest, logit| largest.max(logit.abs()));
            let apart = logits.iter().zip(&expected).map(|(left, right)| (left - right).abs() / scale);
            // `f32::max` would pass over what is no number.
            difference =
                apart.fold(difference, |worst, apart| if apart > worst || apart.is_nan() { apart } else { worst });
        }
        let equal = answers(&engine, &cases).await?;
        found.push(Parity { export, difference, allowed, equal, answers: cases.len() });
    }
    Ok(found)
}

/// Fails when a difference is larger than it may be or an answer is another one.
///
/// # Errors
/// Naming the export.
pub fn expect(found: &[Parity]) -> Outcome<()> {
    for parity in found {
        let within = parity.difference <= parity.allowed;
        if !within || parity.equal != parity.answers {
            return Err(
                format!("{} differs from the processor; the table above says by how much", parity.export).into()
            );
        }
    }
    Ok(())
}

async fn start(config: EngineConfig, folder: &Path) -> Outcome<Engine> {
    let engine = Engine::start(config)?;
    for adapter in ADAPTERS {
        engine.load_adapter(adapter, &folder.join("adapters").join(adapter), None).await?;
    }
    Ok(engine)
}

async fn logits(engine: &Engine, case: &Case) -> Outcome<Vec<f32>> {
    let last = LAST.min(case.prompt.len());
    Ok(engine.prompt_logits(case.adapter.as_deref(), case.prompt.clone(), last).await?.concat())
}

/// How many of the golden answers one mixed batch gives.
async fn answers(engine: &Engine, cases: &[Case]) -> Outcome<usize> {
    let mut streams = Vec::new();
    for case in cases {
        let greedy = GenerateRequest::greedy(case.prompt.clone(), case.greedy.len().max(1));
        streams.push(engine.generate(GenerateRequest { adapter: case.adapter.clone(), ..greedy }).await?);
    }
    let mut equal = 0;
    for (mut stream, case) in streams.into_iter().zip(cases) {
        let mut ids = Vec::new();
        while let Some(event) = stream.recv().await {
            if let GenerateEvent::Token { id, .. } = event? {
                ids.push(id);
            }
        }
        equal += usize::from(ids.starts_with(&case.greedy));
    }
    Ok(equal)
}
