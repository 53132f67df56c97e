//! How long an adapter takes from its file to matrices that a step can use.

use std::{error::Error, path::Path, time::Instant};

use openledger_engine::{Engine, EngineConfig, Limits};

use crate::{
    adapters,
    measure::{answer, median},
    stack::Shape,
};

/// Rank that makes an adapter of the random stack 20 MB.
const RANK: usize = 128;

/// Medians in milliseconds; the file is in the page cache.
pub struct Cold {
    pub rank: usize,
    /// Bytes of the safetensors file.
    pub bytes: u64,
    /// Reading back one that was taken out of memory. Its digest is known.
    pub again_ms: f64,
    /// Loading one for the first time, hashing included.
    pub first_ms: f64,
}

/// Two adapters take turns in an engine that has room for one.
pub async fn measure(model: &Path, shape: &Shape, work: &Path, quick: bool) -> Result<Cold, Box<dyn Error>> {
    let rounds = if quick { 2 } else { 31 };
    let folders = adapters::write(&work.join("cold"), shape, 2, RANK)?;
    let bytes = std::fs::metadata(folders[0].join("adapter_model.safetensors"))?.len();
    let limits = Limits { max_resident: 1, ..Limits::default() };
    let engine = Engine::start(EngineConfig { limits, ..EngineConfig::new(model) })?;
    let mut first = Vec::new();
    for _ in 0..rounds {
        let start = Instant::now();
        engine.load_adapter("0", &folders[0], None).await?;
        first.push(start.elapsed().as_secs_f64() * 1e3);
        engine.unload_adapter("0").await?;
    }
    for (index, folder) in folders.iter().enumerate() {
        engine.load_adapter(&index.to_string(), folder, None).await?;
    }
    let mut again = Vec::new();
    let mut before = engine.stats().await?.adapters;
    for round in 0..rounds * 2 {
        answer(&engine, Some((round % 2).to_string()), 1).await?;
        let now = engine.stats().await?.adapters;
        if now.loads > before.loads {
            again.push((now.load_time - before.load_time).as_secs_f64() * 1e3);
        }
        before = now;
    }
    if again.is_empty() {
        return Err("no adapter had to be read again".into());
    }
    Ok(Cold { rank: RANK, bytes, again_ms: median(again), first_ms: median(first) })
}
