//! Adapters of PEFT folders as flat parameters.

use std::{collections::HashMap, path::Path};

use openledger_onnx_graph::{LoraForm, LoraSite};

use super::{Executor, FactorLayout, GradientSession};
use crate::{
    EngineError, Limits,
    adapter::{AdapterWeights, ModuleMatrices, PeftConfig},
};

/// ONNX element type of 32-bit floats.
const FLOAT: i32 = 1;

/// A stored adapter in the form in which a session takes it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredAdapter {
    /// SHA-256 of its `adapter_model.safetensors`.
    pub digest: [u8; 32],
    /// Places of its factors. Modules that the file leaves out are zeros, so they have no gradient.
    pub layout: FactorLayout,
    /// Factor on B A x: alpha over rank.
    pub scale: f32,
    /// The factors.
    pub parameters: Vec<f32>,
}

/// Short names of the modules that a PEFT folder's adapter is for, sorted: the targets of the session that trained it. Empty where
/// its configuration names none or none by name: then it is for all that a model has.
///
/// # Errors
/// [`EngineError::AdapterBroken`], [`EngineError::AdapterUnsupported`].
pub fn stored_targets(folder: &Path) -> Result<Vec<String>, EngineError> {
    let config = PeftConfig::read(&folder.join("adapter_config.json"))?;
    let short = |name: &String| name.rsplit('.').next().unwrap_or(name).to_owned();
    let mut targets: Vec<String> = config.modules.iter().map(short).collect();
    targets.sort_unstable();
    targets.dedup();
    Ok(targets)
}

impl<E: Executor> GradientSession<E> {
    /// Reads an adapter folder with the checks of [`crate::Engine::load_adapter`].
    ///
    /// # Errors
    /// All errors of adapters except those of ids; [`EngineError::AdapterUnsupported`] when ranks or scales differ
    /// between modules, because a layout has one of each.
    pub fn read_adapter(&self, folder: &Path, expected: Option<[u8; 32]>) -> Result<StoredAdapter, EngineError> {
        let site = |module: &super::TrainedModule| LoraSite {
            layer: module.layer,
            module: module.module.clone(),
            slot_inputs: None,
            in_features: module.in_features,
            out_features: module.out_features,
            data_type: FLOAT,
        };
        let sites: Vec<LoraSite> = self.modules().iter().map(site).collect();
        let read = AdapterWeights::read(folder, expected, None, &sites, &Limits::default(), LoraForm::Standard)?;
        let differ = |what: &str| EngineError::AdapterUnsupported { feature: format!("{what} of several sizes") };
        let layout = self.layout(read.rank)?;
        let scale = read.modules.first().map_or(1.0, |module| module.scale);
        let mut parameters = vec![0.0; layout.len];
        let places: HashMap<usize, _> = layout.modules.iter().enumerate().collect();
        for module in &read.modules {
            if module.rank != read.rank {
                return Err(differ("ranks"));
            }
            if module.scale.to_bits() != scale.to_bits() {
                return Err(differ("scales"));
            }
            let (Some((a_places, b_places)), ModuleMatrices::Floats { a, b }) =
                (places.get(&module.site), &module.matrices)
            else {
                return Err(EngineError::AdapterSite { site: format!("module {}", module.site) });
            };
            if let Some(into) = parameters.get_mut(a_places.clone()).filter(|into| into.len() == a.len()) {
                into.copy_from_slice(a);
            }
            // B was read transposed, [rank, out]; a layout has it as PEFT does.
            let columns = b.len().checked_div(read.rank).unwrap_or(0).max(1);
            if let Some(into) = parameters.get_mut(b_places.clone()) {
                for (rank, row) in b.chunks_exact(columns).enumerate() {
                    for (into, value) in into.iter_mut().skip(rank).step_by(read.rank).zip(row) {
                        *into = *value;
                    }
                }
            }
        }
        Ok(StoredAdapter { digest: read.digest, layout, scale, parameters })
    }
}
