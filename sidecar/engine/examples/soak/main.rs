//! A soak: clients that ask, score, leave and come late, while adapters are loaded, replaced, pinned and unloaded.
//!
//! `cargo xtask bench soak`, or `cargo run --release -p openledger-engine --example soak -- [--quick] [--json]`: thirty minutes, with
//! `--quick` one. It fails on an answer that differs from what the request gets alone, an error without a known code, a request that
//! does not end, anything left behind, and memory that grows. Without `--quick` it writes `docs/benchmarks/soak.md`.

mod adapters;
mod clients;
#[path = "../lora/date.rs"]
mod date;
mod memory;
mod report;

use std::{
    error::Error,
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use openledger_engine::{Engine, EngineConfig, Limits};
use tokio::task::JoinSet;

use crate::{adapters::Adapters, clients::Counts, memory::Memory};

const CLIENTS: u64 = 24;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(unknown) = arguments.iter().find(|flag| !["--quick", "--json"].contains(&flag.as_str())) {
        return Err(format!("unknown flag {unknown}; known are --quick and --json").into());
    }
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let minutes = if has("--quick") { 1 } else { 30 };
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    let limits = Limits {
        max_batch: 16,
        max_queue: 64,
        max_tenant_requests: 4,
        prefill_chunk: 24,
        // Room for a few long answers: requests wait for blocks, and known blocks are pushed out.
        kv_bytes: 4 << 20,
        max_resident: 5,
        ..Limits::default()
    };
    let engine = Engine::start(EngineConfig { limits, ..EngineConfig::new(repository.join("examples/model")) })?;
    let adapters = Arc::new(Adapters::register(&engine, &repository.join("examples/adapters")).await?);
    let counts = Arc::new(Mutex::new(Counts::default()));
    let end = Instant::now() + Duration::from_secs(minutes * 60);
    let mut tasks = JoinSet::new();
    for seed in 0..CLIENTS {
        tasks.spawn(clients::ask(engine.clone(), Arc::clone(&adapters), Arc::clone(&counts), seed, end));
    }
    tasks.spawn(adapters::churn(engine.clone(), Arc::clone(&adapters), Arc::clone(&counts), end));
    let mut memory = Memory::default();
    while Instant::now() < end {
        tokio::time::sleep(Duration::from_secs(2)).await;
        memory.sample()?;
    }
    // Whoever has not ended a minute later is stuck.
    let stuck =
        tokio::time::timeout(Duration::from_secs(60), async { while tasks.join_next().await.is_some() {} }).await;
    let left = engine.stats().await?;
    let counts = counts.lock().map_err(|_| "a client panicked")?.clone();
    let report = report::Report { minutes, counts, memory, left, stuck: stuck.is_err() };
    println!("{}", report.text());
    if !has("--quick") {
        report.write(&repository.join("docs/benchmarks/soak.md"))?;
    }
    if has("--json") {
        println!("{}", report.bars());
    }
    Ok(())
}
