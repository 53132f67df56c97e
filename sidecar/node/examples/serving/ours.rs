//! Our side of one measurement: a closed loop of clients on the engine.

use std::{error::Error, path::Path, time::Instant};

use openledger_engine::{Engine, EngineConfig, EngineError, Limits};

use crate::{load, spec::Spec};

/// Prints one JSON object.
pub async fn run(path: &Path) -> Result<(), Box<dyn Error>> {
    let spec: Spec = serde_json::from_slice(&std::fs::read(path)?)?;
    let engine = Engine::start(EngineConfig {
        threads: spec.threads,
        limits: Limits {
            max_batch: spec.clients,
            kv_bytes: spec.kv_mebibytes << 20,
            max_adapter_bytes: spec.adapter_mebibytes << 20,
            max_step_adapter_bytes: usize::MAX,
            max_resident: spec.resident,
            max_adapters: spec.registered.max(1),
            ..Limits::default()
        },
        ..EngineConfig::new(&spec.model)
    })?;
    let registering = Instant::now();
    register(&engine, &spec).await?;
    let registered_in = registering.elapsed();
    // Other prompts than those that are measured: the cache must not know them.
    load::run(&engine, &spec, spec.rounds..spec.rounds + spec.warmup).await?;
    let before = engine.stats().await?;
    let measured = load::run(&engine, &spec, 0..spec.rounds).await?;
    let after = engine.stats().await?;
    let report = serde_json::json!({
        "tokens_per_second": measured.tokens_per_second(),
        "first_token_ms": measured.first_token_ms(),
        "inter_token_ms": measured.inter_token_ms(),
        "tokens": measured.tokens(),
        "short_answers": measured.short_answers(),
        "steps": after.steps - before.steps,
        "registered_ms": registered_in.as_secs_f64() * 1e3,
        "adapter_hits": after.adapters.hits - before.adapters.hits,
        "adapter_misses": after.adapters.misses - before.adapters.misses,
        "adapter_loads": after.adapters.loads - before.adapters.loads,
        "mean_load_ms": (after.adapters.load_time - before.adapters.load_time).as_secs_f64() * 1e3
            / (after.adapters.loads - before.adapters.loads).max(1) as f64,
        "slowest_load_ms": after.adapters.slowest_load.as_secs_f64() * 1e3,
        "resident_mebibytes": after.adapters.resident_bytes >> 20,
    });
    println!("{report}");
    Ok(())
}

/// Registers one id per folder.
async fn register(engine: &Engine, spec: &Spec) -> Result<(), EngineError> {
    for number in 0..spec.registered {
        if let Some(folder) = spec.adapters.get(number) {
            engine.load_adapter(&number.to_string(), folder, None).await?;
        }
    }
    Ok(())
}
