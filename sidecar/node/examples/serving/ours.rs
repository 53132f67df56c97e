//! Our side of one measurement: a closed loop of clients, on the engine or on a node.

use std::{error::Error, path::Path, time::Instant};

use openledger_engine::{Engine, EngineConfig, EngineError, EngineStats, Limits};
use serde_json::json;

use crate::{
    load,
    measured::Measured,
    network::Network,
    spec::{Spec, Way},
};

/// Prints one JSON object.
pub async fn run(path: &Path) -> Result<(), Box<dyn Error>> {
    let spec: Spec = serde_json::from_slice(&std::fs::read(path)?)?;
    let engine = engine(&spec)?;
    let (before, measured, after) = match spec.way {
        Way::Engine | Way::Plain => on_the_engine(&engine, &spec).await?,
        Way::Paid | Way::Attributed => on_a_node(&engine, &spec).await?,
    };
    let loads = after.adapters.loads - before.adapters.loads;
    let report = json!({
        "tokens_per_second": measured.tokens_per_second(),
        "receipted_tokens_per_second": measured.receipted_tokens_per_second(),
        "first_token_ms": measured.first_token_ms(),
        "inter_token_ms": measured.inter_token_ms(),
        "receipt_ms": measured.receipt_ms(),
        "tokens": measured.tokens(),
        "short_answers": measured.short_answers(),
        "steps": after.steps - before.steps,
        "adapter_hits": after.adapters.hits - before.adapters.hits,
        "adapter_misses": after.adapters.misses - before.adapters.misses,
        "adapter_loads": loads,
        "mean_load_ms": (after.adapters.load_time - before.adapters.load_time).as_secs_f64() * 1e3 / loads.max(1) as f64,
        "slowest_load_ms": after.adapters.slowest_load.as_secs_f64() * 1e3,
        "resident_mebibytes": after.adapters.resident_bytes >> 20,
    });
    println!("{report}");
    Ok(())
}

fn engine(spec: &Spec) -> Result<Engine, EngineError> {
    let config = EngineConfig::new(&spec.model);
    Engine::start(EngineConfig {
        threads: spec.threads,
        lora: config.lora.filter(|_| spec.way != Way::Plain),
        limits: Limits {
            max_batch: spec.clients,
            kv_bytes: spec.kv_mebibytes << 20,
            max_adapter_bytes: spec.adapter_mebibytes << 20,
            max_step_adapter_bytes: usize::MAX,
            max_resident: spec.resident,
            // A node knows an adapter's whole family.
            max_adapters: spec.registered.max(1) * 3,
            ..Limits::default()
        },
        ..config
    })
}

type Outcome = Result<(EngineStats, Measured, EngineStats), Box<dyn Error>>;

async fn on_the_engine(engine: &Engine, spec: &Spec) -> Outcome {
    let registering = Instant::now();
    // One id per folder.
    for (number, folder) in spec.adapters.iter().take(spec.registered).enumerate() {
        engine.load_adapter(&number.to_string(), folder, None).await?;
    }
    eprintln!("{} adapters registered in {:.1} s", spec.registered, registering.elapsed().as_secs_f64());
    // Other prompts than those that are measured: the cache must not know them.
    load::run(engine, spec, spec.rounds..spec.rounds + spec.warmup).await?;
    let before = engine.stats().await?;
    let measured = load::run(engine, spec, 0..spec.rounds).await?;
    Ok((before, measured, engine.stats().await?))
}

async fn on_a_node(engine: &Engine, spec: &Spec) -> Outcome {
    let mut network = Network::start(engine, spec).await?;
    network.load(spec, spec.rounds..spec.rounds + spec.warmup).await?;
    let before = engine.stats().await?;
    let measured = network.load(spec, 0..spec.rounds).await?;
    let after = engine.stats().await?;
    network.stop().await?;
    Ok((before, measured, after))
}
