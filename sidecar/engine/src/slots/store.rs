//! The matrices of the slots, in the form that the graph takes them.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    sync::Arc,
};

use openledger_lora::{Adapter, LoraError, Matrices, Module};
use openledger_onnx_graph::{LoraForm, LoraSite};
use sha2::{Digest, Sha256};

use super::StandardSlots;
use crate::{
    EngineError, Limits,
    adapter::{AdapterWeights, ModuleMatrices, ModuleWeights},
    error::inference,
    float::FloatType,
};

/// Names what an adapter does: its weights, ranks and scales. Two folders of one generation are the same adapter.
pub(crate) type Generation = [u8; 32];

/// An adapter that was read and checked, ready to be put into a slot.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub generation: Generation,
    /// SHA-256 of the safetensors file.
    pub digest: [u8; 32],
    /// Highest rank of its modules.
    pub rank: usize,
    /// Modules that it changes.
    pub sites: usize,
    /// Bytes that it takes in memory.
    pub bytes: usize,
    matrices: PreparedMatrices,
}

#[derive(Debug)]
enum PreparedMatrices {
    Standard(AdapterWeights),
    Operator(Arc<Adapter>),
}

/// A module of a sum while it grows.
#[derive(Default)]
struct Sum {
    rank: usize,
    a: Vec<f32>,
    b: Vec<f32>,
}

impl Prepared {
    /// Reads a PEFT folder. With `known_digest` the file is taken to have it and is not hashed again.
    ///
    /// # Errors
    /// All errors of adapters except those of ids.
    pub fn read(
        folder: &Path,
        expected_digest: Option<[u8; 32]>,
        known_digest: Option<[u8; 32]>,
        shapes: &[LoraSite],
        limits: &Limits,
        form: LoraForm,
    ) -> Result<Self, EngineError> {
        let weights = AdapterWeights::read(folder, expected_digest, known_digest, shapes, limits, form)?;
        Self::of(weights, shapes, form)
    }

    /// Brings weights into the form of the graph.
    ///
    /// # Errors
    /// [`EngineError::AdapterLimit`] for a rank that no kernel has, [`EngineError::AdapterShape`].
    pub fn of(weights: AdapterWeights, shapes: &[LoraSite], form: LoraForm) -> Result<Self, EngineError> {
        let generation = generation(&weights);
        Self::packed(generation, weights, shapes, form)
    }

    /// The sum of several adapters, each times its own factor, as one adapter: the ranks of a module one after the other, and the
    /// factors in B. `generation` is the name of the sum; the parts are read in the standard form.
    ///
    /// # Errors
    /// As [`Prepared::of`].
    pub fn sum(
        generation: Generation,
        parts: Vec<(AdapterWeights, f32)>,
        shapes: &[LoraSite],
        form: LoraForm,
    ) -> Result<Self, EngineError> {
        let mut sums: BTreeMap<usize, Sum> = BTreeMap::new();
        for (weights, factor) in parts {
            for module in weights.modules {
                let ModuleMatrices::Floats { a, b } = module.matrices else {
                    return Err(inference("a part of a sum was read in the operator's form"));
                };
                let sum = sums.entry(module.site).or_default();
                sum.rank = sum.rank.saturating_add(module.rank);
                sum.a.extend(a);
                sum.b.extend(b.into_iter().map(|value| value * (module.scale * factor)));
            }
        }
        if sums.values().any(|sum| sum.b.iter().any(|value| !value.is_finite())) {
            return Err(EngineError::AdapterNotFinite { tensor: "of a sum of adapters".to_owned() });
        }
        let module = |(site, Sum { rank, a, b })| ModuleWeights {
            site,
            rank,
            matrices: ModuleMatrices::Floats { a, b },
            scale: 1.0,
        };
        let modules: Vec<ModuleWeights> = sums.into_iter().map(module).collect();
        let rank = modules.iter().map(|module| module.rank).max().unwrap_or(0);
        Self::packed(generation, AdapterWeights { digest: generation, rank, modules }, shapes, form)
    }

    fn packed(
        generation: Generation,
        weights: AdapterWeights,
        shapes: &[LoraSite],
        form: LoraForm,
    ) -> Result<Self, EngineError> {
        let (digest, rank, sites) = (weights.digest, weights.rank, weights.modules.len());
        let (bytes, matrices) = match form {
            LoraForm::Standard => {
                let mut bytes = 0_usize;
                for module in &weights.modules {
                    let site = shapes.get(module.site);
                    let of = site.and_then(|site| FloatType::of(site.data_type)).unwrap_or(FloatType::F32);
                    let numbers = match &module.matrices {
                        ModuleMatrices::Floats { a, b } => {
                            expect_held(site, of, a, b, module.scale)?;
                            a.len().saturating_add(b.len())
                        }
                        ModuleMatrices::Operator(module) => module.work(),
                    };
                    bytes = bytes.saturating_add(numbers.saturating_mul(of.bytes()));
                }
                (bytes, PreparedMatrices::Standard(weights))
            }
            LoraForm::Operator => {
                let adapter = operator_form(shapes, weights)?;
                (adapter.bytes(), PreparedMatrices::Operator(Arc::new(adapter)))
            }
        };
        Ok(Self { generation, digest, rank, sites, bytes, matrices })
    }
}

/// Checks that a graph of 16 bits can hold the numbers of a module.
fn expect_held(site: Option<&LoraSite>, of: FloatType, a: &[f32], b: &[f32], scale: f32) -> Result<(), EngineError> {
    // Reading has looked at 32 bits.
    let held = of == FloatType::F32
        || a.iter().all(|&value| of.holds(value)) && b.iter().all(|&value| of.holds(value * scale));
    if held {
        return Ok(());
    }
    let module = site.map_or_else(String::new, |site| format!("layers.{}.{} ", site.layer, site.module));
    Err(EngineError::AdapterNotFinite { tensor: format!("{module}in {}", of.name()) })
}

/// The name of what an adapter does.
pub(crate) fn generation(weights: &AdapterWeights) -> Generation {
    let mut generation = Sha256::new();
    generation.update(b"openledger/adapter-generation");
    generation.update(weights.digest);
    for module in &weights.modules {
        for number in [module.site, module.rank] {
            generation.update((number as u64).to_le_bytes());
        }
        generation.update(module.scale.to_bits().to_le_bytes());
    }
    generation.finalize().into()
}

/// What is in the slots.
pub(crate) enum SlotStore {
    /// Tensors that are inputs of every run.
    Standard(StandardSlots),
    /// Adapters as the operator reads them. A step holds the ones it uses, so that a slot can be
    /// filled or freed at any time.
    Operator(HashMap<usize, Arc<Adapter>>),
}

impl SlotStore {
    /// A store with only the base slot.
    pub fn new(shapes: Arc<[LoraSite]>, limits: &Limits, form: LoraForm) -> Self {
        match form {
            LoraForm::Standard => Self::Standard(StandardSlots::new(shapes, limits.max_resident.saturating_add(1))),
            LoraForm::Operator => Self::Operator(HashMap::new()),
        }
    }

    /// Puts an adapter into a slot. One prepared for the other form is left out.
    pub fn fill(&mut self, slot: usize, prepared: Prepared) {
        match (self, prepared.matrices) {
            (Self::Standard(slots), PreparedMatrices::Standard(weights)) => slots.fill(slot, weights),
            (Self::Operator(slots), PreparedMatrices::Operator(adapter)) => {
                slots.insert(slot, adapter);
            }
            _ => tracing::error!("an adapter was prepared for another form of the graph"),
        }
    }

    /// Forgets a slot.
    pub fn free(&mut self, slot: usize) {
        match self {
            Self::Standard(slots) => slots.free(slot),
            Self::Operator(slots) => {
                slots.remove(&slot);
            }
        }
    }
}

/// The matrices as the operator reads them.
fn operator_form(shapes: &[LoraSite], weights: AdapterWeights) -> Result<Adapter, EngineError> {
    let mut modules = Vec::with_capacity(weights.modules.len());
    for module in weights.modules {
        let unfit = |reason: String| EngineError::AdapterShape { tensor: format!("of site {}", module.site), reason };
        let site = shapes.get(module.site).ok_or_else(|| unfit("the model has no such site".to_owned()))?;
        let shape = [module.rank, site.in_features, site.out_features];
        let own = match module.matrices {
            ModuleMatrices::Floats { a, b } => Module::new(shape, Matrices::exact(a, b), module.scale),
            ModuleMatrices::Operator(own) => Ok(own),
        };
        let own = own.map_err(|error| match error {
            LoraError::Rank { rank, max } => EngineError::AdapterLimit { what: "rank", value: rank, limit: max },
            other => unfit(other.to_string()),
        })?;
        modules.push((module.site, own));
    }
    Ok(Adapter::new(modules))
}
