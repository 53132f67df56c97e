//! Our side of one measurement: as many clients as rows, each of which asks again when its answer has ended.

use std::{
    ops::Range,
    path::Path,
    time::{Duration, Instant},
};

use openledger_engine::{Engine, EngineConfig, EngineError, GenerateEvent, GenerateRequest, InspectedModel, Limits};
use serde_json::json;

use crate::{Outcome, cells::Spec, parity::CARD};

/// Prints one JSON object.
pub async fn run(path: &Path) -> Outcome<()> {
    let spec: Spec = serde_json::from_slice(&std::fs::read(path)?)?;
    let tokens = spec.clients * spec.prompt_tokens;
    let limits = Limits {
        max_batch: spec.clients,
        // Whoever begins together is read together.
        prefill_chunk: tokens,
        max_step_tokens: tokens,
        kv_bytes: 32 << 30,
        max_adapters: spec.registered.max(1),
        max_resident: spec.registered.max(1),
        max_adapter_bytes: 16 << 30,
        max_step_adapter_bytes: usize::MAX,
        ..Limits::default()
    };
    let report = InspectedModel::read(&spec.model, limits.clone())?;
    let report = report.report();
    let (base_bytes, kv_bytes) = (report.base_bytes, report.kv_bytes_per_token);
    let engine =
        Engine::start(EngineConfig { threads: spec.threads, limits, ..EngineConfig::portable(&spec.model, CARD) })?;
    for (number, folder) in spec.adapters.iter().enumerate() {
        engine.load_adapter(&number.to_string(), folder, None).await?;
    }
    let adapter_bytes = engine.stats().await?.adapters.resident_bytes;
    load(&engine, &spec, spec.rounds..spec.rounds + spec.warmup).await?;
    let seen = load(&engine, &spec, 0..spec.rounds).await?;
    let mut gaps: Vec<f64> = seen.gaps.iter().map(Duration::as_secs_f64).collect();
    gaps.sort_by(f64::total_cmp);
    let object = json!({
        "tokens_per_second": seen.tokens as f64 / seen.wall.as_secs_f64(),
        "step_ms": gaps.get(gaps.len() / 2).map(|seconds| seconds * 1e3),
        "tokens": seen.tokens,
        "base_bytes": base_bytes,
        "adapter_bytes": adapter_bytes,
        "kv_bytes_per_token": kv_bytes,
    });
    println!("{object}");
    Ok(())
}

/// What all clients saw.
struct Seen {
    tokens: usize,
    wall: Duration,
    /// Between two tokens of an answer.
    gaps: Vec<Duration>,
}

async fn load(engine: &Engine, spec: &Spec, rounds: Range<usize>) -> Result<Seen, EngineError> {
    let began = Instant::now();
    let clients =
        (0..spec.clients).map(|number| tokio::spawn(client(engine.clone(), spec.clone(), number, rounds.clone())));
    let clients: Vec<_> = clients.collect();
    let mut gaps = Vec::new();
    let mut tokens = 0;
    for client in clients {
        for times in client.await.map_err(|_| EngineError::Stopped)?? {
            tokens += times.len();
            gaps.extend(times.windows(2).map(|pair| pair[1] - pair[0]));
        }
    }
    Ok(Seen { tokens, wall: began.elapsed(), gaps })
}

/// When the tokens of each answer came.
async fn client(
    engine: Engine,
    spec: Spec,
    number: usize,
    rounds: Range<usize>,
) -> Result<Vec<Vec<Duration>>, EngineError> {
    let mut answers = Vec::new();
    for round in rounds {
        let began = Instant::now();
        let greedy = GenerateRequest::greedy(spec.prompt(number, round), spec.new_tokens);
        let adapter = number.checked_rem(spec.registered).map(|adapter| adapter.to_string());
        let mut events = engine.generate(GenerateRequest { adapter, ..greedy }).await?;
        let mut times = Vec::new();
        while let Some(event) = events.recv().await {
            if let GenerateEvent::Token { .. } = event? {
                times.push(began.elapsed());
            }
        }
        answers.push(times);
    }
    Ok(answers)
}
