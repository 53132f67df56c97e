//! The tensors that the standard form of the LoRA path gathers from.

use std::{collections::HashMap, sync::Arc};

use openledger_onnx_graph::LoraSite;

use crate::adapter::{AdapterWeights, ModuleMatrices};

/// All slots of one site, row-major: `a` [slots, in, rank] and `b` [slots, rank, out].
pub(crate) struct SiteSlots {
    pub a: Vec<f32>,
    pub b: Vec<f32>,
}

/// One pair of tensors per site. They grow with the adapters actually loaded.
pub(crate) struct StandardSlots {
    shapes: Arc<[LoraSite]>,
    sites: Vec<SiteSlots>,
    filled: HashMap<usize, AdapterWeights>,
    slots: usize,
    rank: usize,
    max_slots: usize,
}

impl StandardSlots {
    /// Tensors with only the base slot, which may grow to `max_slots`.
    pub fn new(shapes: Arc<[LoraSite]>, max_slots: usize) -> Self {
        let mut slots =
            Self { shapes, sites: Vec::new(), filled: HashMap::new(), slots: 1, rank: 1, max_slots: max_slots.max(1) };
        slots.rebuild();
        slots
    }

    /// Number of slots, the base one included, and the rank all of them are padded to.
    pub fn size(&self) -> (usize, usize) {
        (self.slots, self.rank)
    }

    /// Tensors in the order of the sites.
    pub fn sites(&self) -> &[SiteSlots] {
        &self.sites
    }

    /// Puts an adapter into a slot.
    pub fn fill(&mut self, slot: usize, weights: AdapterWeights) {
        let rank = weights.rank;
        self.filled.insert(slot, weights);
        if slot >= self.slots || rank > self.rank {
            if slot >= self.slots {
                self.slots = (self.slots * 2).max(slot + 1).min(self.max_slots.max(slot + 1));
            }
            self.rank = self.rank.max(rank);
            self.rebuild();
        } else {
            self.write(slot);
        }
    }

    /// Forgets a slot. Its numbers stay in the tensors: no row refers to it until it is filled.
    pub fn free(&mut self, slot: usize) {
        self.filled.remove(&slot);
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
        let filled: Vec<usize> = self.filled.keys().copied().collect();
        for slot in filled {
            self.write(slot);
        }
    }

    /// Writes an adapter into its slot: A transposed, B scaled, the rank padded with zeros.
    fn write(&mut self, slot: usize) {
        let Some(weights) = self.filled.get(&slot) else {
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
            let ModuleMatrices::Floats { a: own_a, b: own_b } = &module.matrices else {
                tracing::error!("an adapter was read for another form of the graph");
                continue;
            };
            let a = &mut slots.a[slot * site.in_features * self.rank..];
            for (component, row) in own_a.chunks_exact(site.in_features).enumerate() {
                for (input, value) in row.iter().enumerate() {
                    a[input * self.rank + component] = *value;
                }
            }
            let start = slot * self.rank * site.out_features;
            let b = &mut slots.b[start..start + own_b.len()];
            for (place, value) in b.iter_mut().zip(own_b) {
                *place = *value * module.scale;
            }
        }
    }
}
