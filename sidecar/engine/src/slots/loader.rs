//! Reads adapters back into memory on a thread of its own, one at a time, so that steps go on meanwhile.

use std::{
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use openledger_onnx_graph::{LoraForm, LoraSite};
use tokio::sync::mpsc::WeakSender;

use super::{Generation, Prepared, Source, store};
use crate::{EngineError, Limits, adapter::AdapterWeights, worker::Command};

/// An adapter to read.
#[derive(Debug)]
pub(crate) struct LoadOrder {
    pub generation: Generation,
    /// One part with the factor 1, or the parts of a sum.
    pub parts: Vec<Part>,
}

/// One folder of an adapter, or of a sum of them.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    /// What has to be found there.
    pub generation: Generation,
    pub digest: [u8; 32],
    pub source: Source,
    pub factor: f32,
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
    // What is added up has to be numbers that can be added.
    let lone = matches!(order.parts.as_slice(), [only] if only.generation == order.generation);
    let part_form = if lone { form } else { LoraForm::Standard };
    let mut parts = Vec::with_capacity(order.parts.len());
    for Part { generation, digest, source, factor } in &order.parts {
        let known = source.unchanged().then_some(*digest);
        let weights = AdapterWeights::read(&source.folder, Some(*digest), known, sites, limits, part_form)?;
        if store::generation(&weights) != *generation {
            return Err(EngineError::AdapterBroken {
                path: source.folder.join("adapter_config.json"),
                reason: "it is not the one that was loaded under this id".to_owned(),
            });
        }
        parts.push((weights, *factor));
    }
    match parts.pop() {
        Some((weights, _)) if lone => Prepared::of(weights, sites, form),
        last => {
            parts.extend(last);
            Prepared::sum(order.generation, parts, sites, form)
        }
    }
}
