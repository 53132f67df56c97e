//! Adapters: which ids there are, which of them are in memory, and who uses them.
//!
//! An id is an alias of a *generation*, the content of an adapter. Requests hold generations, so that replacing or unloading an id
//! never touches a request under way. Generations live in two tiers: their folder, always, and memory, as far as the limits
//! allow; the ones that were not used for the longest time make room.

mod loader;
mod source;
mod standard;
mod store;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use openledger_onnx_graph::{LoraForm, LoraSite};
use sha2::{Digest, Sha256};

use crate::{AdapterInfo, EngineError, Limits, ScaledAdapter};

pub(crate) use loader::{LoadOrder, LoadOutcome, Loader, Part};
pub(crate) use source::Source;
pub(crate) use standard::{Changed, StandardSlots};
pub(crate) use store::{Generation, Prepared, SlotStore};

/// Slot of rows without an adapter.
pub(crate) const BASE_SLOT: usize = 0;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tier {
    Folder,
    Loading,
    Memory { slot: usize },
}

struct Entry {
    digest: [u8; 32],
    rank: usize,
    sites: usize,
    bytes: usize,
    /// Where it can be read again: one folder, or those of a sum.
    parts: Vec<Part>,
    tier: Tier,
    /// Ids that name it.
    names: usize,
    /// Requests that wait for it or run with it.
    leases: usize,
    /// Requests that run with it.
    active: usize,
    pinned: bool,
    /// Read for a request that has not begun to run: it would be read for nothing if it made room before.
    awaited: bool,
    last_used: u64,
}

impl Entry {
    /// True when it must not be taken out of memory. One that has no name any more may have lost its folder, so who holds it must
    /// find it here.
    fn stays(&self) -> bool {
        self.active > 0 || self.pinned || (self.leases > 0 && (self.awaited || self.names == 0))
    }
}

/// A request's hold on a generation; the base model needs none. Goes back by [`SlotTable::release`].
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(crate) struct Lease {
    generation: Option<Generation>,
}

impl Lease {
    /// `None` for the base model.
    pub fn generation(&self) -> Option<Generation> {
        self.generation
    }
}

/// Counts of loading, and of what is in memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AdapterStats {
    /// Adapters that requests can name, counted by content.
    pub registered: usize,
    /// Of these in memory.
    pub resident: usize,
    /// Bytes of their matrices in memory.
    pub resident_bytes: usize,
    /// Requests that found their adapter in memory.
    pub hits: u64,
    /// Requests that had to wait until it was read.
    pub misses: u64,
    /// Adapters read back into memory.
    pub loads: u64,
    /// Adapters taken out of memory to make room.
    pub evictions: u64,
    /// Time that reading them back took, in all.
    pub load_time: Duration,
    /// The longest of them.
    pub slowest_load: Duration,
}

/// Which adapter is in which slot.
pub(crate) struct SlotTable {
    store: SlotStore,
    entries: HashMap<Generation, Entry>,
    names: BTreeMap<String, Generation>,
    /// Which generation is in which slot.
    slots: BTreeMap<usize, Generation>,
    orders: Vec<LoadOrder>,
    stats: AdapterStats,
    clock: u64,
    max_adapters: usize,
    max_resident: usize,
    max_bytes: usize,
    max_rank: usize,
}

impl SlotTable {
    /// A table with only the base slot.
    pub fn new(shapes: Arc<[LoraSite]>, limits: &Limits, form: LoraForm) -> Self {
        Self {
            store: SlotStore::new(shapes, limits, form),
            entries: HashMap::new(),
            names: BTreeMap::new(),
            slots: BTreeMap::new(),
            orders: Vec::new(),
            stats: AdapterStats::default(),
            clock: 0,
            max_adapters: limits.max_adapters,
            max_resident: limits.max_resident.max(1),
            max_bytes: limits.max_adapter_bytes,
            max_rank: limits.max_rank.min(openledger_lora::MAX_RANK),
        }
    }

    /// The matrices of all slots.
    pub fn store(&self) -> &SlotStore {
        &self.store
    }

    /// The generation in a slot.
    #[cfg(any(test, feature = "double"))]
    pub fn generation(&self, slot: usize) -> Option<Generation> {
        self.slots.get(&slot).copied()
    }

    /// Makes an adapter available under `id`. Loading the same again only changes where it is read from.
    ///
    /// # Errors
    /// [`EngineError::AdapterExists`] when the id has another generation; [`EngineError::AdapterLimit`] when there are too many
    /// adapters, or it is larger than all memory for adapters.
    pub fn load(&mut self, id: &str, prepared: Prepared, source: Source) -> Result<AdapterInfo, EngineError> {
        match self.names.get(id) {
            Some(&known) if known == prepared.generation => {
                self.found_at(known, source);
                self.info(id)
            }
            Some(_) => Err(EngineError::AdapterExists { id: id.to_owned() }),
            None => {
                self.admit(&prepared, 1)?;
                self.name(id, prepared, source);
                self.info(id)
            }
        }
    }

    /// Gives `id` another adapter, if it still has the generation `expected`. Requests under way keep the one they have.
    ///
    /// # Errors
    /// [`EngineError::AdapterUnknown`], [`EngineError::AdapterConflict`], [`EngineError::AdapterLimit`].
    pub fn replace(
        &mut self,
        id: &str,
        prepared: Prepared,
        source: Source,
        expected: Generation,
    ) -> Result<AdapterInfo, EngineError> {
        let found = *self.names.get(id).ok_or_else(|| unknown(id))?;
        if found != expected {
            let (expected, found) = (hex::encode(expected), hex::encode(found));
            return Err(EngineError::AdapterConflict { id: id.to_owned(), expected, found });
        }
        if prepared.generation != found {
            self.admit(&prepared, 0)?;
            self.unname(id);
            self.name(id, prepared, source);
        } else {
            self.found_at(found, source);
        }
        self.info(id)
    }

    /// Forgets an id. Requests that use the adapter keep it until they end.
    ///
    /// # Errors
    /// [`EngineError::AdapterUnknown`].
    pub fn unload(&mut self, id: &str) -> Result<(), EngineError> {
        self.names.get(id).ok_or_else(|| unknown(id))?;
        self.unname(id);
        Ok(())
    }

    /// Keeps an adapter in memory once it is there, or no longer.
    ///
    /// # Errors
    /// [`EngineError::AdapterUnknown`]; [`EngineError::AdapterLimit`] when pinned adapters would fill more than half of the room.
    pub fn pin(&mut self, id: &str, pinned: bool) -> Result<AdapterInfo, EngineError> {
        let generation = *self.names.get(id).ok_or_else(|| unknown(id))?;
        if pinned {
            let others = || self.entries.iter().filter(|(other, entry)| entry.pinned && **other != generation);
            let own = self.entries.get(&generation).map_or(0, |entry| entry.bytes);
            let bytes = others().fold(own, |sum, (_, entry)| sum.saturating_add(entry.bytes));
            let count = others().count() + 1;
            for (what, value, limit) in
                [("pinned bytes", bytes, self.max_bytes / 2), ("pinned count", count, self.max_resident / 2)]
            {
                if value > limit {
                    return Err(EngineError::AdapterLimit { what, value, limit });
                }
            }
        }
        if let Some(entry) = self.entries.get_mut(&generation) {
            entry.pinned = pinned;
            if pinned && entry.tier == Tier::Folder {
                self.order(generation);
            }
        }
        self.info(id)
    }

    /// Every adapter that requests can name, sorted by id.
    pub fn list(&self) -> Vec<AdapterInfo> {
        self.names.keys().filter_map(|id| self.info(id).ok()).collect()
    }

    /// What happened so far.
    pub fn stats(&self) -> AdapterStats {
        let (registered, resident) = (self.entries.len(), self.slots.len());
        AdapterStats { registered, resident, resident_bytes: self.resident_bytes(), ..self.stats }
    }

    /// Takes hold of the generation that an id has now.
    ///
    /// # Errors
    /// [`EngineError::AdapterUnknown`].
    pub fn lease(&mut self, adapter: Option<&str>) -> Result<Lease, EngineError> {
        let Some(id) = adapter else {
            return Ok(Lease { generation: None });
        };
        let generation = *self.names.get(id).ok_or_else(|| unknown(id))?;
        let entry = self.entries.get_mut(&generation).ok_or_else(|| unknown(id))?;
        entry.leases += 1;
        if matches!(entry.tier, Tier::Memory { .. }) {
            self.stats.hits += 1;
        } else {
            self.stats.misses += 1;
        }
        Ok(Lease { generation: Some(generation) })
    }

    /// Takes hold of the sum of several adapters, each times its factor: an adapter of its own for as long as somebody holds it.
    ///
    /// # Errors
    /// [`EngineError::AdapterUnknown`]; [`EngineError::AdapterLimit`] when the ranks come to more than an adapter may have, or the
    /// sum is larger than one may be.
    pub fn lease_sum(&mut self, adapters: &[ScaledAdapter]) -> Result<Lease, EngineError> {
        let mut parts = Vec::with_capacity(adapters.len());
        let (mut rank, mut sites, mut bytes) = (0_usize, 0, 0_usize);
        let mut name = Sha256::new();
        name.update(b"openledger/adapter-sum");
        for ScaledAdapter { id, factor } in adapters {
            let generation = *self.names.get(id).ok_or_else(|| unknown(id))?;
            let entry = self.entries.get(&generation).ok_or_else(|| unknown(id))?;
            rank = rank.saturating_add(entry.rank);
            sites = sites.max(entry.sites);
            // The factor can make 32 bits of what 16 held.
            bytes = bytes.saturating_add(entry.bytes.saturating_mul(2));
            name.update(generation);
            name.update(factor.to_bits().to_le_bytes());
            parts.extend(entry.parts.iter().map(|part| Part { factor: *factor, ..part.clone() }));
        }
        for (what, value, limit) in
            [("rank of a sum", rank, self.max_rank), ("bytes of a sum", bytes, self.max_bytes / 2)]
        {
            if value > limit {
                return Err(EngineError::AdapterLimit { what, value, limit });
            }
        }
        let generation: Generation = name.finalize().into();
        self.clock += 1;
        let last_used = self.clock;
        let entry = self.entries.entry(generation).or_insert_with(|| Entry {
            digest: generation,
            rank,
            sites,
            bytes,
            parts,
            tier: Tier::Folder,
            names: 0,
            leases: 0,
            active: 0,
            pinned: false,
            awaited: false,
            last_used,
        });
        entry.leases += 1;
        if matches!(entry.tier, Tier::Memory { .. }) {
            self.stats.hits += 1;
        } else {
            self.stats.misses += 1;
        }
        Ok(Lease { generation: Some(generation) })
    }

    /// The slot of a lease that begins to run: until [`SlotTable::deactivate`] it stays where it is. `None` while it is being
    /// read, or its memory is promised to one that is.
    pub fn activate(&mut self, lease: &Lease) -> Option<usize> {
        let Some(generation) = lease.generation else {
            return Some(BASE_SLOT);
        };
        let entry = self.entries.get(&generation)?;
        if !entry.stays() && matches!(entry.tier, Tier::Memory { .. }) && !self.could_hold(entry.bytes) {
            return None;
        }
        let entry = self.entries.get_mut(&generation)?;
        match entry.tier {
            Tier::Memory { slot } => {
                entry.active += 1;
                entry.awaited = false;
                self.clock += 1;
                entry.last_used = self.clock;
                Some(slot)
            }
            Tier::Folder => {
                let bytes = entry.bytes;
                // Reading what finds no place would be for nothing; what runs now will end.
                if self.could_hold(bytes) {
                    self.order(generation);
                }
                None
            }
            Tier::Loading => None,
        }
    }

    /// True when a lease's adapter cannot be in memory before others have gone.
    pub fn lacks_memory(&self, lease: &Lease) -> bool {
        let entry = lease.generation.and_then(|generation| self.entries.get(&generation));
        entry.is_some_and(|entry| entry.tier != Tier::Loading && !entry.stays() && !self.could_hold(entry.bytes))
    }

    /// True when memory would be taken, or kept longer, if a lease began to run. Not so for the base, a pinned adapter, or one that
    /// stays until this very lease has run.
    pub fn would_take_memory(&self, lease: &Lease) -> bool {
        let entry = lease.generation.and_then(|generation| self.entries.get(&generation));
        entry.is_some_and(|entry| {
            let stays_anyway = entry.pinned || (entry.active == 0 && (entry.awaited || entry.names == 0));
            !(stays_anyway && matches!(entry.tier, Tier::Memory { .. }))
        })
    }

    /// Bytes that a lease's adapter takes.
    pub fn bytes(&self, lease: &Lease) -> usize {
        let entry = lease.generation.and_then(|generation| self.entries.get(&generation));
        entry.map_or(0, |entry| entry.bytes)
    }

    /// Ends what [`SlotTable::activate`] began.
    pub fn deactivate(&mut self, lease: &Lease) {
        if let Some(entry) = lease.generation.and_then(|generation| self.entries.get_mut(&generation)) {
            entry.active = entry.active.saturating_sub(1);
        }
    }

    /// Ends a request's hold.
    pub fn release(&mut self, lease: Lease) {
        if let Some(generation) = lease.generation {
            if let Some(entry) = self.entries.get_mut(&generation) {
                entry.leases = entry.leases.saturating_sub(1);
            }
            self.drop_if_unneeded(generation);
        }
    }

    /// Adapters to be read for the requests that wait.
    pub fn take_orders(&mut self) -> Vec<LoadOrder> {
        std::mem::take(&mut self.orders)
    }

    /// Puts an adapter that was read into memory. Returns why, when it cannot be: requests for it cannot be served then.
    pub fn loaded(&mut self, outcome: LoadOutcome) -> Option<EngineError> {
        let LoadOutcome { generation, result, took } = outcome;
        // Somebody may have brought it by hand meanwhile, or it may have come and gone.
        let entry = self.entries.get_mut(&generation).filter(|entry| entry.tier == Tier::Loading)?;
        entry.tier = Tier::Folder;
        match result {
            Ok(prepared) => {
                self.stats.loads += 1;
                self.stats.load_time += took;
                self.stats.slowest_load = self.stats.slowest_load.max(took);
                entry.awaited = true;
                self.keep(prepared);
                None
            }
            Err(error) => Some(error),
        }
    }

    fn info(&self, id: &str) -> Result<AdapterInfo, EngineError> {
        let generation = *self.names.get(id).ok_or_else(|| unknown(id))?;
        let entry = self.entries.get(&generation).ok_or_else(|| unknown(id))?;
        Ok(AdapterInfo {
            id: id.to_owned(),
            digest: entry.digest,
            generation,
            resident: matches!(entry.tier, Tier::Memory { .. }),
            pinned: entry.pinned,
            rank: entry.rank,
            sites: entry.sites,
        })
    }

    /// Checks that there may be `more` ids, and that the adapter could be in memory at all.
    fn admit(&self, prepared: &Prepared, more: usize) -> Result<(), EngineError> {
        let limit = |what, value, limit| Err(EngineError::AdapterLimit { what, value, limit });
        let count = self.names.len().saturating_add(more);
        if count > self.max_adapters {
            return limit("count", count, self.max_adapters);
        }
        // So that it fits beside everything that may be pinned.
        if prepared.bytes > self.max_bytes / 2 {
            return limit("bytes", prepared.bytes, self.max_bytes / 2);
        }
        Ok(())
    }

    fn name(&mut self, id: &str, prepared: Prepared, source: Source) {
        let generation = prepared.generation;
        self.clock += 1;
        let entry = self.entries.entry(generation).or_insert_with(|| Entry {
            digest: prepared.digest,
            rank: prepared.rank,
            sites: prepared.sites,
            bytes: prepared.bytes,
            parts: Vec::new(),
            tier: Tier::Folder,
            names: 0,
            leases: 0,
            active: 0,
            pinned: false,
            awaited: false,
            last_used: self.clock,
        });
        entry.names += 1;
        let in_memory = matches!(entry.tier, Tier::Memory { .. });
        self.names.insert(id.to_owned(), generation);
        self.found_at(generation, source);
        if !in_memory {
            self.keep(prepared);
        }
    }

    /// Remembers the newest folder: an older one may be gone.
    fn found_at(&mut self, generation: Generation, source: Source) {
        if let Some(entry) = self.entries.get_mut(&generation) {
            entry.parts = vec![Part { generation, digest: entry.digest, source, factor: 1.0 }];
        }
    }

    fn unname(&mut self, id: &str) {
        if let Some(generation) = self.names.remove(id) {
            if let Some(entry) = self.entries.get_mut(&generation) {
                entry.names = entry.names.saturating_sub(1);
            }
            self.drop_if_unneeded(generation);
        }
    }

    /// Puts matrices into a slot if there can be room; else they are read again when somebody needs them.
    fn keep(&mut self, prepared: Prepared) {
        let generation = prepared.generation;
        if !self.make_room(prepared.bytes) {
            return;
        }
        let slot = (BASE_SLOT + 1..).find(|slot| !self.slots.contains_key(slot)).unwrap_or(usize::MAX);
        if let Some(entry) = self.entries.get_mut(&generation) {
            entry.tier = Tier::Memory { slot };
            entry.bytes = prepared.bytes;
            self.slots.insert(slot, generation);
            self.store.fill(slot, prepared);
        }
    }

    /// Takes adapters out of memory until one of `bytes` fits beside the others.
    fn make_room(&mut self, bytes: usize) -> bool {
        loop {
            let fits = self.resident_bytes().saturating_add(bytes) <= self.max_bytes;
            if fits && self.slots.len() < self.max_resident {
                return true;
            }
            let idle =
                self.slots.values().filter(|generation| self.entries.get(*generation).is_some_and(|e| !e.stays()));
            let used = |generation: &&Generation| {
                self.entries.get(*generation).map_or((true, 0), |entry| (entry.leases > 0, entry.last_used))
            };
            let Some(generation) = idle.min_by_key(used).copied() else {
                return false;
            };
            self.evict(generation);
            self.stats.evictions += 1;
        }
    }

    /// True when an adapter of `bytes` fits beside those that cannot be taken out of memory and those that are being read.
    fn could_hold(&self, bytes: usize) -> bool {
        let loading = self.entries.values().filter(|entry| entry.tier == Tier::Loading);
        let resident = self.slots.values().filter_map(|generation| self.entries.get(generation));
        let held = resident.filter(|entry| entry.stays()).chain(loading);
        let (count, sum) =
            held.fold((0_usize, bytes), |(count, sum), entry| (count + 1, sum.saturating_add(entry.bytes)));
        sum <= self.max_bytes && count < self.max_resident
    }

    fn evict(&mut self, generation: Generation) {
        if let Some(entry) = self.entries.get_mut(&generation)
            && let Tier::Memory { slot } = entry.tier
        {
            entry.tier = Tier::Folder;
            self.slots.remove(&slot);
            self.store.free(slot);
        }
    }

    fn drop_if_unneeded(&mut self, generation: Generation) {
        if self.entries.get(&generation).is_some_and(|entry| entry.names == 0 && entry.leases == 0) {
            self.evict(generation);
            self.entries.remove(&generation);
        }
    }

    fn order(&mut self, generation: Generation) {
        if let Some(entry) = self.entries.get_mut(&generation)
            && entry.tier == Tier::Folder
        {
            entry.tier = Tier::Loading;
            self.orders.push(LoadOrder { generation, parts: entry.parts.clone() });
        }
    }

    fn resident_bytes(&self) -> usize {
        let bytes = self.slots.values().filter_map(|generation| self.entries.get(generation)).map(|entry| entry.bytes);
        bytes.fold(0, usize::saturating_add)
    }
}

fn unknown(id: &str) -> EngineError {
    EngineError::AdapterUnknown { id: id.to_owned() }
}

#[cfg(test)]
mod tests;
