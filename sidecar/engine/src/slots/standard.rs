//! The tensors that the standard form of the LoRA path gathers from.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use openledger_onnx_graph::LoraSite;

use crate::{
    adapter::{AdapterWeights, ModuleMatrices},
    float::{FloatType, Floats},
};

/// All slots of one site in the site's floats, row-major: `a` [slots, in, rank] and `b` [slots, rank, out].
pub(crate) struct SiteSlots {
    pub a: Floats,
    pub b: Floats,
}

/// One pair of tensors per site. They grow with the adapters actually loaded.
pub(crate) struct StandardSlots {
    shapes: Arc<[LoraSite]>,
    sites: Vec<SiteSlots>,
    filled: HashMap<usize, AdapterWeights>,
    slots: usize,
    rank: usize,
    max_slots: usize,
    changes: u64,
    /// The change at which the tensors were laid out anew.
    laid_out: u64,
    /// The change at which a slot was written last.
    written: BTreeMap<usize, u64>,
}

/// What became other than it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Changed {
    /// The tensors have other shapes.
    All,
    /// These slots.
    Slots(Vec<usize>),
}

impl StandardSlots {
    /// Tensors with only the base slot, which may grow to `max_slots`.
    pub fn new(shapes: Arc<[LoraSite]>, max_slots: usize) -> Self {
        let mut slots = Self {
            shapes,
            sites: Vec::new(),
            filled: HashMap::new(),
            slots: 1,
            rank: 1,
            max_slots: max_slots.max(1),
            changes: 0,
            laid_out: 0,
            written: BTreeMap::new(),
        };
        slots.rebuild();
        slots
    }

    /// Number of slots, the base one included, and the rank all of them are padded to.
    pub fn size(&self) -> (usize, usize) {
        (self.slots, self.rank)
    }

    /// How often the tensors changed: whoever has copies of them remembers it.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// What changed since [`StandardSlots::changes`] gave `seen`.
    pub fn changed_since(&self, seen: Option<u64>) -> Changed {
        match seen {
            Some(seen) if seen >= self.laid_out => {
                let later = self.written.iter().filter(|(_, change)| **change > seen);
                Changed::Slots(later.map(|(slot, _)| *slot).collect())
            }
            _ => Changed::All,
        }
    }

    /// Tensors in the order of the sites.
    pub fn sites(&self) -> &[SiteSlots] {
        &self.sites
    }

    /// Puts an adapter into a slot.
    pub fn fill(&mut self, slot: usize, weights: AdapterWeights) {
        let rank = weights.rank;
        self.changes += 1;
        self.written.insert(slot, self.changes);
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
        self.laid_out = self.changes;
        self.sites = self
            .shapes
            .iter()
            .map(|site| {
                // Sites of other types were refused when the model was read.
                let of = FloatType::of(site.data_type).unwrap_or(FloatType::F32);
                SiteSlots {
                    a: Floats::zeros(of, self.slots * site.in_features * self.rank),
                    b: Floats::zeros(of, self.slots * self.rank * site.out_features),
                }
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
        let rank = self.rank;
        for (site, slots) in self.shapes.iter().zip(&mut self.sites) {
            let (a_size, b_size) = (site.in_features * rank, rank * site.out_features);
            slots.a.clear(slot * a_size, a_size);
            slots.b.clear(slot * b_size, b_size);
        }
        for module in &weights.modules {
            let (Some(site), Some(slots)) = (self.shapes.get(module.site), self.sites.get_mut(module.site)) else {
                continue;
            };
            let ModuleMatrices::Floats { a, b } = &module.matrices else {
                tracing::error!("an adapter was read for another form of the graph");
                continue;
            };
            let width = site.in_features;
            let transposed = a.iter().enumerate().map(|(at, &value)| ((at % width) * rank + at / width, value));
            slots.a.put(slot * width * rank, transposed);
            let scaled = b.iter().enumerate().map(|(at, &value)| (at, value * module.scale));
            slots.b.put(slot * rank * site.out_features, scaled);
        }
    }
}
