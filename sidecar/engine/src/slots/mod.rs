//! Resident adapters: which one is in which slot, and who uses it.

mod standard;

use std::{collections::HashMap, sync::Arc};

use openledger_lora::{Adapter, LoraError, Matrices, Module};
use openledger_onnx_graph::{LoraForm, LoraSite};

use crate::{AdapterInfo, EngineError, Limits, adapter::AdapterWeights};

pub(crate) use standard::StandardSlots;

/// Slot of rows without an adapter.
pub(crate) const BASE_SLOT: usize = 0;

struct Resident {
    info: AdapterInfo,
    /// Requests that are using the slot.
    users: usize,
    /// Unloaded while in use: no new request finds it, the last user frees it.
    retired: bool,
}

/// The matrices of the slots, in the form that the graph takes them.
pub(crate) enum SlotStore {
    /// Tensors that are inputs of every run.
    Standard(StandardSlots),
    /// Adapters as the operator reads them. A step holds the ones it uses, so that a slot can be
    /// filled or freed at any time.
    Operator(HashMap<usize, Arc<Adapter>>),
}

/// Which adapter is in which slot.
pub(crate) struct SlotTable {
    shapes: Arc<[LoraSite]>,
    store: SlotStore,
    residents: HashMap<usize, Resident>,
    names: HashMap<String, usize>,
    max_adapters: usize,
}

impl SlotTable {
    /// A table with only the base slot.
    pub fn new(shapes: Arc<[LoraSite]>, limits: &Limits, form: LoraForm) -> Self {
        let store = match form {
            LoraForm::Standard => {
                SlotStore::Standard(StandardSlots::new(Arc::clone(&shapes), limits.max_adapters.saturating_add(1)))
            }
            LoraForm::Operator => SlotStore::Operator(HashMap::new()),
        };
        Self { shapes, store, residents: HashMap::new(), names: HashMap::new(), max_adapters: limits.max_adapters }
    }

    /// The matrices of all slots.
    pub fn store(&self) -> &SlotStore {
        &self.store
    }

    /// Makes an adapter resident under `id`. Loading the same weights again changes nothing.
    ///
    /// # Errors
    /// [`EngineError::AdapterExists`] when the id has other weights, [`EngineError::AdapterLimit`]
    /// when all slots are taken, [`EngineError::AdapterLimit`] for a rank that no kernel has.
    pub fn load(&mut self, id: &str, weights: AdapterWeights) -> Result<AdapterInfo, EngineError> {
        let info =
            AdapterInfo { id: id.to_owned(), digest: weights.digest, rank: weights.rank, sites: weights.modules.len() };
        if let Some(resident) = self.names.get(id).and_then(|slot| self.residents.get(slot)) {
            return if resident.info == info {
                Ok(info)
            } else {
                Err(EngineError::AdapterExists { id: id.to_owned() })
            };
        }
        if self.residents.len() >= self.max_adapters {
            return Err(EngineError::AdapterLimit {
                what: "count",
                value: self.residents.len() + 1,
                limit: self.max_adapters,
            });
        }
        let slot = (1..).find(|slot| !self.residents.contains_key(slot)).unwrap_or(usize::MAX);
        match &mut self.store {
            SlotStore::Standard(slots) => slots.fill(slot, weights),
            SlotStore::Operator(slots) => {
                slots.insert(slot, Arc::new(packed(&self.shapes, weights)?));
            }
        }
        self.residents.insert(slot, Resident { info: info.clone(), users: 0, retired: false });
        self.names.insert(id.to_owned(), slot);
        Ok(info)
    }

    /// Every adapter that requests can name, sorted by id.
    pub fn list(&self) -> Vec<AdapterInfo> {
        let named = self.names.values().filter_map(|slot| self.residents.get(slot));
        let mut list: Vec<AdapterInfo> = named.map(|resident| resident.info.clone()).collect();
        list.sort_by(|left, right| left.id.cmp(&right.id));
        list
    }

    /// Forgets an id. Requests that use the adapter keep it until they end.
    ///
    /// # Errors
    /// [`EngineError::AdapterUnknown`].
    pub fn unload(&mut self, id: &str) -> Result<(), EngineError> {
        let slot = self.names.remove(id).ok_or_else(|| unknown(id))?;
        if let Some(resident) = self.residents.get_mut(&slot) {
            resident.retired = true;
        }
        self.free_if_unused(slot);
        Ok(())
    }

    /// Finds the slot of an adapter, or the base slot for `None`, and pins it.
    /// Every success needs one [`SlotTable::release`].
    ///
    /// # Errors
    /// [`EngineError::AdapterUnknown`].
    pub fn acquire(&mut self, adapter: Option<&str>) -> Result<usize, EngineError> {
        let Some(id) = adapter else {
            return Ok(BASE_SLOT);
        };
        let slot = *self.names.get(id).ok_or_else(|| unknown(id))?;
        let resident = self.residents.get_mut(&slot).ok_or_else(|| unknown(id))?;
        resident.users += 1;
        Ok(slot)
    }

    /// Unpins a slot that [`SlotTable::acquire`] gave.
    pub fn release(&mut self, slot: usize) {
        if let Some(resident) = self.residents.get_mut(&slot) {
            resident.users = resident.users.saturating_sub(1);
            self.free_if_unused(slot);
        }
    }

    fn free_if_unused(&mut self, slot: usize) {
        if self.residents.get(&slot).is_some_and(|r| r.retired && r.users == 0) {
            self.residents.remove(&slot);
            match &mut self.store {
                SlotStore::Standard(slots) => slots.free(slot),
                SlotStore::Operator(slots) => {
                    slots.remove(&slot);
                }
            }
        }
    }
}

/// The matrices as the operator reads them.
fn packed(shapes: &[LoraSite], weights: AdapterWeights) -> Result<Adapter, EngineError> {
    let mut modules = Vec::with_capacity(weights.modules.len());
    for module in weights.modules {
        let unfit = |reason: String| EngineError::AdapterShape { tensor: format!("of site {}", module.site), reason };
        let site = shapes.get(module.site).ok_or_else(|| unfit("the model has no such site".to_owned()))?;
        let shape = [module.rank, site.in_features, site.out_features];
        let own =
            Module::new(shape, Matrices::exact(module.a, module.b), module.scale).map_err(|error| match error {
                LoraError::Rank { rank, max } => EngineError::AdapterLimit { what: "rank", value: rank, limit: max },
                other => unfit(other.to_string()),
            })?;
        modules.push((module.site, own));
    }
    Ok(Adapter::new(modules))
}

fn unknown(id: &str) -> EngineError {
    EngineError::AdapterUnknown { id: id.to_owned() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::adapter::ModuleWeights;

    const FORMS: [LoraForm; 2] = [LoraForm::Standard, LoraForm::Operator];

    fn table(max_adapters: usize, form: LoraForm) -> SlotTable {
        let site = LoraSite {
            layer: 0,
            module: "q_proj".to_owned(),
            slot_inputs: None,
            in_features: 2,
            out_features: 3,
            data_type: 1,
        };
        let limits = Limits { max_adapters, ..Limits::default() };
        SlotTable::new(vec![site].into(), &limits, form)
    }

    fn weights(digest: u8, rank: usize) -> AdapterWeights {
        AdapterWeights {
            digest: [digest; 32],
            rank,
            modules: vec![ModuleWeights {
                site: 0,
                rank,
                a: (0..rank * 2).map(|i| i as f32 + 1.0).collect(),
                b: (0..rank * 3).map(|i| -(i as f32) - 1.0).collect(),
                scale: 2.0,
            }],
        }
    }

    #[test]
    fn the_standard_form_pads_ranks_and_keeps_the_base_slot_zero() {
        let mut table = table(4, LoraForm::Standard);
        table.load("one", weights(1, 1)).unwrap();
        table.load("two", weights(2, 2)).unwrap();
        let SlotStore::Standard(slots) = table.store() else { panic!("the other form") };
        assert_eq!(slots.size(), (4, 2));
        let site = &slots.sites()[0];
        assert_eq!(site.a[..4], [0.0; 4]);
        assert_eq!(site.a[4..8], [1.0, 0.0, 2.0, 0.0]);
        assert_eq!(site.a[8..12], [1.0, 3.0, 2.0, 4.0]);
        assert_eq!(site.b[6..12], [-2.0, -4.0, -6.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn the_operator_form_keeps_ranks_and_frees_what_nobody_uses() {
        let mut table = table(4, LoraForm::Operator);
        table.load("one", weights(1, 1)).unwrap();
        table.load("two", weights(2, 2)).unwrap();
        let held = |table: &SlotTable| {
            let SlotStore::Operator(slots) = table.store() else { panic!("the other form") };
            let mut ranks: Vec<_> = slots.values().map(|adapter| adapter.module(0).unwrap().rank()).collect();
            ranks.sort_unstable();
            ranks
        };
        assert_eq!(held(&table), [1, 2]);
        let slot = table.acquire(Some("two")).unwrap();
        table.unload("two").unwrap();
        assert_eq!(held(&table), [1, 2]);
        table.release(slot);
        assert_eq!(held(&table), [1]);
        let wide = table.load("wide", weights(3, openledger_lora::MAX_RANK + 1)).unwrap_err();
        assert_eq!(wide.code(), "ADAPTER_LIMIT");
        assert_eq!((held(&table), table.list().len()), (vec![1], 1));
    }

    #[test]
    fn a_used_adapter_outlives_its_unloading() {
        for mut table in FORMS.map(|form| table(1, form)) {
            table.load("one", weights(1, 1)).unwrap();
            let slot = table.acquire(Some("one")).unwrap();
            table.unload("one").unwrap();
            assert_eq!(table.acquire(Some("one")).unwrap_err().code(), "ADAPTER_UNKNOWN");
            assert_eq!(table.load("two", weights(2, 1)).unwrap_err().code(), "ADAPTER_LIMIT");
            table.release(slot);
            table.load("two", weights(2, 1)).unwrap();
            assert_eq!(table.acquire(Some("two")).unwrap(), slot);
        }
    }

    #[test]
    fn an_id_belongs_to_one_set_of_weights() {
        for mut table in FORMS.map(|form| table(4, form)) {
            let first = table.load("one", weights(1, 1)).unwrap();
            assert_eq!(table.load("one", weights(1, 1)).unwrap(), first);
            assert_eq!(table.load("one", weights(9, 1)).unwrap_err().code(), "ADAPTER_EXISTS");
            assert_eq!(table.unload("none").unwrap_err().code(), "ADAPTER_UNKNOWN");
            assert_eq!(table.acquire(None).unwrap(), BASE_SLOT);
            assert_eq!(table.list(), [first]);
        }
    }
}
