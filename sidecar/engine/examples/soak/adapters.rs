//! Adapters that come, change and go.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use openledger_engine::{Engine, EngineError};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng as _};

use crate::clients::Counts;

/// Ids that are there all the time, with one folder each, and folders for the ids that change.
pub struct Adapters {
    pub stable: Vec<String>,
    folders: Vec<PathBuf>,
}

impl Adapters {
    /// Registers half of the example adapters for good.
    pub async fn register(engine: &Engine, examples: &Path) -> Result<Self, Box<dyn std::error::Error>> {
        let mut folders = BTreeMap::new();
        for datanet in ["sotu", "wordnet"] {
            for entry in std::fs::read_dir(examples.join(datanet))? {
                let folder = entry?.path();
                if folder.join("adapter_config.json").exists() {
                    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                    folders.insert(format!("{datanet}/{name}"), folder);
                }
            }
        }
        let mut stable = Vec::new();
        for (id, folder) in folders.iter().step_by(2) {
            engine.load_adapter(id, folder, None).await?;
            stable.push(id.clone());
        }
        let folders = folders.into_values().collect();
        Ok(Self { stable, folders })
    }
}

/// Loads, replaces, pins and unloads a few ids until `end`.
pub async fn churn(engine: Engine, adapters: Arc<Adapters>, counts: Arc<Mutex<Counts>>, end: Instant) {
    let mut random = ChaCha8Rng::seed_from_u64(99);
    while Instant::now() < end {
        let id = format!("changing-{}", random.next_u32() % 4);
        let folder = &adapters.folders[random.next_u32() as usize % adapters.folders.len()];
        let outcome = match random.next_u32() % 5 {
            0 | 1 => engine.load_adapter(&id, folder, None).await.map(|_| ()),
            2 => replace(&engine, &id, folder).await,
            3 => engine.pin_adapter(&id, random.next_u32().is_multiple_of(3)).await.map(|_| ()),
            _ => engine.unload_adapter(&id).await,
        };
        if let Ok(mut counts) = counts.lock() {
            counts.changes += 1;
            if let Err(error) = outcome {
                counts.error(&error);
            }
        }
        tokio::time::sleep(Duration::from_millis(u64::from(random.next_u32() % 100))).await;
    }
}

async fn replace(engine: &Engine, id: &str, folder: &Path) -> Result<(), EngineError> {
    let known = engine.adapters().await?.into_iter().find(|adapter| adapter.id == id);
    let expected = known.map_or([0; 32], |adapter| adapter.generation);
    engine.replace_adapter(id, folder, None, expected).await.map(|_| ())
}
