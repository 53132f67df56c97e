//! The adapters' slots as tensors of a device.

use std::collections::{HashMap, hash_map::Entry};

use openledger_onnx_graph::LoraSite;
use ort::{
    memory::MemoryInfo,
    session::{IoBinding, Session},
    value::{DynTensor, DynValue, Tensor},
};

use super::graphs::{fill, model};
use crate::{
    EngineError, Provider,
    error::inference,
    float::FloatType,
    runtime::Runtime,
    slots::{Changed, StandardSlots},
};

/// A and B of every site, copies of those of the table.
pub(super) struct DeviceSlots {
    tensors: Vec<DynValue>,
    /// The state of the table that they are copies of.
    copied: Option<u64>,
    /// Graphs that put one slot into its place, by the floats of the site.
    fill: HashMap<FloatType, Session>,
}

impl DeviceSlots {
    /// Starts the sessions that the sites need.
    ///
    /// # Errors
    /// [`EngineError::ModelUnsupported`] when the runtime refuses the graphs.
    pub fn start(runtime: &Runtime, provider: Provider, sites: &[LoraSite]) -> Result<Self, EngineError> {
        let mut sessions = HashMap::new();
        for of in sites.iter().filter_map(|site| FloatType::of(site.data_type)) {
            if let Entry::Vacant(place) = sessions.entry(of) {
                place.insert(runtime.session_on(provider, &model(fill(of))?, 1)?);
            }
        }
        Ok(Self { tensors: Vec::new(), copied: None, fill: sessions })
    }

    /// What the tensors lack of the table.
    pub fn changed(&self, table: &StandardSlots) -> Changed {
        table.changed_since(self.copied)
    }

    /// Brings the tensors to the state of the table. After [`Changed::All`] they are others and have to be bound again.
    ///
    /// # Errors
    /// [`EngineError::Inference`]; then everything is copied the next time.
    pub fn follow(
        &mut self,
        sites: &[LoraSite],
        table: &StandardSlots,
        changed: Changed,
        memory: &MemoryInfo<'_>,
    ) -> Result<(), EngineError> {
        self.copied = None;
        match changed {
            Changed::All => self.copy(sites, table, memory)?,
            Changed::Slots(slots) => {
                for slot in slots {
                    self.fill(sites, table, slot)?;
                }
            }
        }
        self.copied = Some(table.changes());
        Ok(())
    }

    /// Binds all tensors.
    ///
    /// # Errors
    /// [`EngineError::Inference`].
    pub fn bind(&self, binding: &mut IoBinding, sites: &[LoraSite]) -> Result<(), EngineError> {
        let names = sites.iter().filter_map(|site| site.slot_inputs.as_ref()).flat_map(|names| [&names.a, &names.b]);
        for (name, value) in names.zip(&self.tensors) {
            binding.bind_input(name, value).map_err(inference)?;
        }
        Ok(())
    }

    /// Copies all slots.
    fn copy(&mut self, sites: &[LoraSite], table: &StandardSlots, memory: &MemoryInfo<'_>) -> Result<(), EngineError> {
        // Not beside the old ones: together they may not fit.
        self.tensors.clear();
        let (count, rank) = table.size();
        for (site, held) in sites.iter().zip(table.sites()) {
            let a = held.a.tensor(0, [count, site.in_features, rank])?;
            let b = held.b.tensor(0, [count, rank, site.out_features])?;
            for tensor in [a, b] {
                let copy = tensor.to(memory.allocation_device(), memory.device_id()).map_err(inference)?;
                self.tensors.push(copy.into_dyn());
            }
        }
        Ok(())
    }

    /// Copies one slot into tensors that have its place.
    fn fill(&mut self, sites: &[LoraSite], table: &StandardSlots, slot: usize) -> Result<(), EngineError> {
        let (_, rank) = table.size();
        let place = i64::try_from(slot).map_err(inference)?;
        let mut tensors = self.tensors.iter_mut();
        for (site, held) in sites.iter().zip(table.sites()) {
            let lost = || inference("a site without slots");
            let session = FloatType::of(site.data_type).and_then(|of| self.fill.get_mut(&of)).ok_or_else(lost)?;
            let a = held.a.tensor(slot * site.in_features * rank, [1, site.in_features, rank])?;
            let b = held.b.tensor(slot * rank * site.out_features, [1, rank, site.out_features])?;
            for part in [a, b] {
                put(session, tensors.next().ok_or_else(lost)?, place, &part)?;
            }
        }
        Ok(())
    }
}

/// Puts a part into its place in a tensor, which is written where it is.
fn put(session: &mut Session, slots: &mut DynValue, place: i64, part: &DynTensor) -> Result<(), EngineError> {
    let mut binding = session.create_binding().map_err(inference)?;
    binding.bind_input("slots", &*slots).map_err(inference)?;
    let place = Tensor::from_array(([1_usize, 1], vec![place])).map_err(inference)?;
    binding.bind_input("slot", &place).map_err(inference)?;
    binding.bind_input("part", part).map_err(inference)?;
    binding.bind_output("filled", slots).map_err(inference)?;
    binding.synchronize_inputs().map_err(inference)?;
    session.run_binding(&binding).map(drop).map_err(inference)
}
