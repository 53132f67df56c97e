//! Reads adapters back into memory on a thread of its own, one at a time, so that steps go on meanwhile.

use std::{
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use openledger_onnx_graph::{LoraForm, LoraSite};
use tokio::sync::mpsc::WeakSender;

use super::{Generation, Prepared, Source};
use crate::{EngineError, Limits, worker::Command};

/// An adapter to read.
#[derive(Debug)]
pub(crate) struct LoadOrder {
    pub generation: Generation,
    pub digest: [u8; 32],
    pub source: Source,
}

/// What became of an order.
#[derive(Debug)]
pub(crate) struct LoadOutcome {
    pub generation: Generation,
    pub result: Result<Prepared, EngineError>,
    /// From the beginning of reading to matrices that a step can use.
    pub took: Duration,
}

/// Handle to the thread, which ends with the last handle.
pub(crate) struct Loader {
    orders: mpsc::Sender<LoadOrder>,
}

impl Loader {
    /// Starts the thread. Outcomes come as commands of the engine.
    ///
    /// # Errors
    /// [`EngineError::Runtime`] when there can be no thread.
    pub fn start(
        commands: WeakSender<Command>,
        sites: Arc<[LoraSite]>,
        limits: Limits,
        form: LoraForm,
    ) -> Result<Self, EngineError> {
        let (orders, received) = mpsc::channel::<LoadOrder>();
        let work = move || {
            for order in received {
                let began = Instant::now();
                let result = read(&order, &sites, &limits, form);
                let outcome = LoadOutcome { generation: order.generation, result, took: began.elapsed() };
                // An engine that is gone needs no adapter.
                let Some(commands) = commands.upgrade() else { return };
                if commands.blocking_send(Command::Loaded { outcome }).is_err() {
                    return;
                }
            }
        };
        let named = std::thread::Builder::new().name("openledger-adapters".to_owned());
        named.spawn(work).map_err(|error| EngineError::Runtime { reason: error.to_string() })?;
        Ok(Self { orders })
    }

    /// Asks for an adapter; true when the thread will answer.
    pub fn order(&self, order: LoadOrder) -> bool {
        self.orders.send(order).is_ok()
    }
}

fn read(order: &LoadOrder, sites: &[LoraSite], limits: &Limits, form: LoraForm) -> Result<Prepared, EngineError> {
    let known = order.source.unchanged().then_some(order.digest);
    let prepared = Prepared::read(&order.source.folder, Some(order.digest), known, sites, limits, form)?;
    if prepared.generation != order.generation {
        return Err(EngineError::AdapterBroken {
            path: order.source.folder.join("adapter_config.json"),
            reason: "it is not the one that was loaded under this id".to_owned(),
        });
    }
    Ok(prepared)
}
