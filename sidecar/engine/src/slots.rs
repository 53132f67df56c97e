//! Resident adapters: one slot each in the tensors that the transformed graph gathers from.

use std::{collections::HashMap, sync::Arc};

use openledger_onnx_graph::LoraSite;

use crate::{AdapterInfo, EngineError, Limits, adapter::AdapterWeights};

/// Slot of rows without an adapter. Its matrices are zeros.
pub(crate) const BASE_SLOT: usize = 0;

/// All slots of one site, row-major: `a` [slots, in, rank] and `b` [slots, rank, out].
pub(crate) struct SiteSlots {
    pub a: Vec<f32>,
    pub b: Vec<f32>,
}

struct Resident {
    info: AdapterInfo,
    weights: Arc<AdapterWeights>,
    /// Requests that are using the slot.
    users: usize,
    /// Unloaded while in use: no new request finds it, the last user frees it.
    retired: bool,
}

/// Which adapter is in which slot. The tensors grow with the adapters actually loaded.
pub(crate) struct SlotTable {
    shapes: Arc<[LoraSite]>,
    sites: Vec<SiteSlots>,
    slots: usize,
    rank: usize,
    residents: HashMap<usize, Resident>,
    names: HashMap<String, usize>,
    max_adapters: usize,
}

impl SlotTable {
    /// A table with only the base slot.
    pub fn new(shapes: Arc<[LoraSite]>, limits: &Limits) -> Self {
        let mut table = Self {
            shapes,
            sites: Vec::new(),
            slots: 1,
            rank: 1,
            residents: HashMap::new(),
            names: HashMap::new(),
            max_adapters: limits.max_adapters,
        };
        table.rebuild();
        table
    }

    /// Number of slots, the base one included, and the rank all of them are padded to.
    pub fn size(&self) -> (usize, usize) {
        (self.slots, self.rank)
    }

    /// Tensors in the order of the sites.
    pub fn sites(&self) -> &[SiteSlots] {
        &self.sites
    }

    /// Makes an adapter resident under `id`. Loading the same weights again changes nothing.
    ///
    /// # Errors
    /// [`EngineError::AdapterExists`] when the id has other weights, [`EngineError::AdapterLimit`]
    /// when all slots are taken.
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
        let rank = weights.rank;
        self.residents
            .insert(slot, Resident { info: info.clone(), weights: Arc::new(weights), users: 0, retired: false });
        self.names.insert(id.to_owned(), slot);
        if slot >= self.slots || rank > self.rank {
            if slot >= self.slots {
                self.slots = (self.slots * 2).max(slot + 1).min(self.max_adapters + 1);
            }
            self.rank = self.rank.max(rank);
            self.rebuild();
        } else {
            self.fill(slot);
        }
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
        // The old numbers stay in the tensors: no row can refer to the slot until it is filled.
        if self.residents.get(&slot).is_some_and(|r| r.retired && r.users == 0) {
            self.residents.remove(&slot);
        }
    }

    /// Lays the tensors out again for the current number of slots and rank.
    fn rebuild(&mut self) {
        self.sites = self
            .shapes
            .iter()
            .map(|site| SiteSlots {
                a: vec![0.0; self.slots * site.in_features * self.rank],
                b: vec![0.0; self.slots * self.rank * site.out_features],
            })
            .collect();
        let filled: Vec<usize> = self.residents.keys().copied().collect();
        for slot in filled {
            self.fill(slot);
        }
    }

    /// Writes an adapter into its slot, padding its rank with zeros.
    fn fill(&mut self, slot: usize) {
        let Some(weights) = self.residents.get(&slot).map(|r| Arc::clone(&r.weights)) else {
            return;
        };
        for (site, slots) in self.shapes.iter().zip(&mut self.sites) {
            let (a_size, b_size) = (site.in_features * self.rank, self.rank * site.out_features);
            slots.a[slot * a_size..(slot + 1) * a_size].fill(0.0);
            slots.b[slot * b_size..(slot + 1) * b_size].fill(0.0);
        }
        for module in &weights.modules {
            let (Some(site), Some(slots)) = (self.shapes.get(module.site), self.sites.get_mut(module.site)) else {
                continue;
            };
            let a = &mut slots.a[slot * site.in_features * self.rank..];
            for (row, values) in module.a.chunks_exact(module.rank).enumerate() {
                a[row * self.rank..row * self.rank + module.rank].copy_from_slice(values);
            }
            let start = slot * self.rank * site.out_features;
            slots.b[start..start + module.b.len()].copy_from_slice(&module.b);
        }
    }
}

fn unknown(id: &str) -> EngineError {
    EngineError::AdapterUnknown { id: id.to_owned() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::adapter::ModuleWeights;

    fn table(max_adapters: usize) -> SlotTable {
        let site = LoraSite {
            layer: 0,
            module: "q_proj".to_owned(),
            a_input: "a".to_owned(),
            b_input: "b".to_owned(),
            in_features: 2,
            out_features: 3,
            data_type: 1,
        };
        let limits = Limits { max_adapters, ..Limits::default() };
        SlotTable::new(vec![site].into(), &limits)
    }

    fn weights(digest: u8, rank: usize) -> AdapterWeights {
        AdapterWeights {
            digest: [digest; 32],
            rank,
            modules: vec![ModuleWeights {
                site: 0,
                rank,
                a: (0..2 * rank).map(|i| i as f32 + 1.0).collect(),
                b: (0..rank * 3).map(|i| -(i as f32) - 1.0).collect(),
            }],
        }
    }

    #[test]
    fn ranks_are_padded_and_the_base_slot_stays_zero() {
        let mut table = table(4);
        table.load("one", weights(1, 1)).unwrap();
        table.load("two", weights(2, 2)).unwrap();
        assert_eq!(table.size(), (4, 2));
        let site = &table.sites()[0];
        assert_eq!(site.a[..4], [0.0; 4]);
        assert_eq!(site.a[4..8], [1.0, 0.0, 2.0, 0.0]);
        assert_eq!(site.a[8..12], [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(site.b[6..12], [-1.0, -2.0, -3.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn a_used_adapter_outlives_its_unloading() {
        let mut table = table(1);
        table.load("one", weights(1, 1)).unwrap();
        let slot = table.acquire(Some("one")).unwrap();
        table.unload("one").unwrap();
        assert_eq!(table.acquire(Some("one")).unwrap_err().code(), "ADAPTER_UNKNOWN");
        assert_eq!(table.load("two", weights(2, 1)).unwrap_err().code(), "ADAPTER_LIMIT");
        table.release(slot);
        table.load("two", weights(2, 1)).unwrap();
        assert_eq!(table.acquire(Some("two")).unwrap(), slot);
    }

    #[test]
    fn an_id_belongs_to_one_set_of_weights() {
        let mut table = table(4);
        let first = table.load("one", weights(1, 1)).unwrap();
        assert_eq!(table.load("one", weights(1, 1)).unwrap(), first);
        assert_eq!(table.load("one", weights(9, 1)).unwrap_err().code(), "ADAPTER_EXISTS");
        assert_eq!(table.unload("none").unwrap_err().code(), "ADAPTER_UNKNOWN");
        assert_eq!(table.acquire(None).unwrap(), BASE_SLOT);
        assert_eq!(table.list(), [first]);
    }
}
