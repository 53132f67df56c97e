//! What stays where the model computes: keys, values and the adapters' slots. Of a run only the logits come to the host.
//!
//! Every value that is bound is owned: of a borrowed one in the session's own memory `IoBinding::bind_input` (ort rc.15) makes a
//! copy through a session of its own, which takes a lock that it already holds, and waits for ever.
//!
//! Grouped attention writes a run's keys and values into the memory that holds the past, which has room for [`ROOM`] positions
//! more at a time; so nothing is copied from step to step, and the arena sees few sizes. Other graphs return a longer cache.

mod graphs;
mod regroup;
mod slots;

use openledger_onnx_graph::LoraSite;
use ort::{
    memory::{AllocationDevice, AllocatorType, MemoryInfo, MemoryType},
    session::{IoBinding, Session},
    value::DynValue,
};

use regroup::Regroup;
use slots::DeviceSlots;

use super::{
    adapters::Inputs,
    batch_cache::{BatchCache, CacheRow},
};
use crate::{
    EngineError, Provider,
    error::inference,
    interface::{Attention, Interface},
    runtime::Runtime,
    slots::{Changed, SlotStore, SlotTable},
};

/// Positions by which caches grow.
const ROOM: usize = 64;

/// The memory of a session's provider and what is kept there.
pub(crate) struct Device {
    memory: MemoryInfo<'static>,
    host: MemoryInfo<'static>,
    slots: DeviceSlots,
    regroup: Regroup,
    /// What the last run was given: the slots stay bound, everything else is bound anew.
    binding: Option<IoBinding>,
}

impl Device {
    /// The memory of `provider`.
    ///
    /// # Errors
    /// [`EngineError::Runtime`], [`EngineError::ModelUnsupported`] when the runtime does not give it out.
    pub fn of(
        runtime: &Runtime,
        provider: Provider,
        interface: &Interface,
        sites: &[LoraSite],
    ) -> Result<Self, EngineError> {
        let (device, id) = match provider {
            Provider::Cpu => (AllocationDevice::CPU, 0),
            Provider::Cuda { device } => (AllocationDevice::CUDA, i32::try_from(device).unwrap_or(i32::MAX)),
        };
        let failed = |error: ort::Error| EngineError::Runtime { reason: error.to_string() };
        let info = |device, id| MemoryInfo::new(device, id, AllocatorType::Device, MemoryType::Default);
        let memory = info(device, id).map_err(failed)?;
        Ok(Self {
            slots: DeviceSlots::start(runtime, provider, sites)?,
            regroup: Regroup::start(runtime, provider, interface, &memory)?,
            memory,
            host: info(AllocationDevice::CPU, 0).map_err(failed)?,
            binding: None,
        })
    }

    /// One run: its logits, in the host's memory, and the cache after it.
    ///
    /// # Errors
    /// [`EngineError::Inference`].
    pub fn run(
        &mut self,
        session: &mut Session,
        interface: &Interface,
        sites: &[LoraSite],
        slots: &SlotTable,
        step: Step<'_>,
    ) -> Result<(DynValue, BatchCache), EngineError> {
        let shared = interface.attention == Attention::Grouped;
        let mut cache = match step.past {
            Some(past) if shared && past.room() < step.total => {
                self.regroup.grown(&past, room_for(step.total), &self.memory)?
            }
            Some(past) => past,
            None if shared => self.regroup.zeros(step.rows, room_for(step.total), &self.memory)?,
            None => {
                let Interface { past, cache_type, kv_heads, head_size, .. } = interface;
                BatchCache::zeros(*cache_type, past.len(), [step.rows, *kv_heads, 0, *head_size])?
            }
        };
        // Not put back when something fails: who knows what is bound then.
        let mut binding = self.slots_bound(session, sites, slots)?;
        for (name, value) in &step.inputs {
            binding.bind_input(&**name, &**value).map_err(inference)?;
        }
        binding.clear_outputs();
        binding.bind_output_to_device(&interface.logits, &self.host).map_err(inference)?;
        for ((past, present), value) in interface.past.iter().zip(&interface.present).zip(&mut cache.tensors) {
            binding.bind_input(past, &*value).map_err(inference)?;
            if shared {
                binding.bind_output(present, value).map_err(inference)?;
            } else {
                binding.bind_output_to_device(present, &self.memory).map_err(inference)?;
            }
        }
        binding.synchronize_inputs().map_err(inference)?;
        let mut outputs = session.run_binding(&binding).map_err(inference)?;
        let mut take =
            |name: &str| outputs.remove(name).ok_or_else(|| inference(format!("the model returned no {name:?}")));
        let logits = take(&interface.logits)?;
        if !shared {
            let tensors = interface.present.iter().map(|name| take(name));
            cache = BatchCache { tensors: tensors.collect::<Result<_, _>>()? };
        }
        drop(outputs);
        self.binding = Some(binding);
        Ok((logits, cache))
    }

    /// As [`BatchCache::gather`], without leaving the device.
    ///
    /// # Errors
    /// [`EngineError::Inference`].
    pub fn gather(&mut self, interface: &Interface, rows: &[CacheRow<'_>]) -> Result<BatchCache, EngineError> {
        let length = rows.iter().map(|row| row.length).max().unwrap_or(0);
        // Room for the token that follows.
        let room = if interface.attention == Attention::Grouped { room_for(length + 1) } else { length };
        self.regroup.gather(rows, room, &self.memory)
    }

    /// A binding with the slots in their newest state, where the graph has some.
    fn slots_bound(
        &mut self,
        session: &Session,
        sites: &[LoraSite],
        slots: &SlotTable,
    ) -> Result<IoBinding, EngineError> {
        let table = match slots.store() {
            SlotStore::Standard(table) => Some(table),
            SlotStore::Operator(_) if sites.is_empty() => None,
            SlotStore::Operator(_) => return Err(inference("adapters in a form that the device has not")),
        };
        if let Some(table) = table {
            let changed = self.slots.changed(table);
            if changed == Changed::All {
                // It holds the tensors that are to be replaced.
                self.binding = None;
            }
            self.slots.follow(sites, table, changed, &self.memory)?;
        }
        if let Some(binding) = self.binding.take() {
            return Ok(binding);
        }
        let mut binding = session.create_binding().map_err(inference)?;
        self.slots.bind(&mut binding, sites)?;
        Ok(binding)
    }
}

/// What a run is given.
pub(super) struct Step<'i> {
    pub rows: usize,
    /// Length of the longest row after the run.
    pub total: usize,
    pub past: Option<BatchCache>,
    /// The inputs besides the cache and the slots, all of them owned.
    pub inputs: Inputs<'i>,
}

fn room_for(length: usize) -> usize {
    length.div_ceil(ROOM).saturating_mul(ROOM)
}

#[cfg(test)]
mod tests;
