//! The stock attention operators: the portable form, and the oracle of the paged one.
//!
//! Their cache is a tensor per layer and batch, which each run replaces. The rows that decode keep theirs together from step to
//! step; it is laid out anew when rows come or go.

use std::collections::HashMap;

use super::{
    Backend, Forward, Logits, SequenceId, StepRow,
    batch_cache::{BatchCache, CacheRow},
    forward::{Output, RunRow},
};
use crate::{EngineError, error::inference, slots::SlotTable};

/// Most logits one run may produce (256 MiB of 32-bit floats): graphs that do not choose compute them for every position.
const MAX_LOGITS: usize = 64 << 20;

/// Where a sequence's cache is.
struct Place {
    batch: usize,
    row: usize,
    length: usize,
}

/// Runs steps on a graph with stock attention.
pub(crate) struct StockBackend {
    forward: Forward,
    /// Caches by number, each with how many sequences it still serves.
    batches: HashMap<usize, (BatchCache, usize)>,
    places: HashMap<SequenceId, Place>,
    next: usize,
}

impl StockBackend {
    pub fn new(forward: Forward) -> Self {
        Self { forward, batches: HashMap::new(), places: HashMap::new(), next: 0 }
    }

    /// Rows that may share a run, in order: indices into the step.
    fn groups(&self, rows: &[StepRow<'_>]) -> Vec<Vec<usize>> {
        let mut groups: Vec<Vec<usize>> = Vec::new();
        let (mut fresh, mut fresh_width, mut decode) = (None::<usize>, 0_usize, None::<usize>);
        for (at, row) in rows.iter().enumerate() {
            let shared = self.forward.shares_runs();
            let open = match (row.past, row.tokens.len()) {
                (0, tokens) if shared => {
                    fresh_width = fresh_width.max(tokens);
                    let full = |group: usize| {
                        let rows = groups.get(group).map_or(0, Vec::len).saturating_add(1);
                        let computed = rows.saturating_mul(fresh_width).saturating_mul(self.forward.vocab());
                        !self.forward.chooses_logits() && computed > MAX_LOGITS
                    };
                    if fresh.is_some_and(full) {
                        (fresh, fresh_width) = (None, tokens);
                    }
                    &mut fresh
                }
                (1.., 1) if shared => &mut decode,
                _ => &mut None,
            };
            match *open {
                Some(group) => groups[group].push(at),
                None => {
                    *open = Some(groups.len());
                    groups.push(vec![at]);
                }
            }
        }
        groups
    }

    /// The cache of these rows as one batch; nothing is copied when they are exactly the rows of one.
    fn take_cache(&mut self, rows: &[&StepRow<'_>]) -> Result<Option<BatchCache>, EngineError> {
        if rows.iter().all(|row| row.past == 0) {
            return Ok(None);
        }
        let lost = || inference("a row lost its cache");
        let places =
            rows.iter().map(|row| self.places.get(&row.sequence).ok_or_else(lost)).collect::<Result<Vec<_>, _>>()?;
        let first = places.first().map_or(0, |place| place.batch);
        let whole = places.iter().enumerate().all(|(at, place)| place.batch == first && place.row == at);
        let kept = self.batches.get(&first).is_some_and(|(cache, _)| cache.rows() == places.len());
        if whole && kept {
            return Ok(self.batches.remove(&first).map(|(cache, _)| cache));
        }
        let batches = &self.batches;
        let from = |place: &&Place| {
            let (cache, _) = batches.get(&place.batch).ok_or_else(lost)?;
            Ok(CacheRow { from: cache, row: place.row, length: place.length })
        };
        let rows = places.iter().map(from).collect::<Result<Vec<_>, EngineError>>()?;
        self.forward.gather(&rows).map(Some)
    }

    fn keep_cache(&mut self, rows: &[&StepRow<'_>], cache: BatchCache) {
        for row in rows {
            self.forget(row.sequence);
        }
        self.next += 1;
        self.batches.insert(self.next, (cache, rows.len()));
        for (at, row) in rows.iter().enumerate() {
            let place = Place { batch: self.next, row: at, length: row.past + row.tokens.len() };
            self.places.insert(row.sequence, place);
        }
    }
}

impl Backend for StockBackend {
    fn run(&mut self, rows: &[StepRow<'_>], slots: &SlotTable) -> Result<Logits, EngineError> {
        let (mut tensors, mut places) = (Vec::new(), vec![Vec::new(); rows.len()]);
        for group in self.groups(rows) {
            let members: Vec<&StepRow<'_>> = group.iter().filter_map(|&at| rows.get(at)).collect();
            let past = self.take_cache(&members)?;
            let rows: Vec<RunRow<'_>> = members
                .iter()
                .map(|&&StepRow { tokens, past, slot, logits, .. }| RunRow { tokens, past, slot, logits })
                .collect();
            let Output { logits, places: own, cache } = self.forward.run(&rows, past, slots)?;
            self.keep_cache(&members, cache);
            for (&at, own) in group.iter().zip(own) {
                if let Some(places) = places.get_mut(at) {
                    places.extend(own.into_iter().map(|place| (tensors.len(), place)));
                }
            }
            tensors.push(logits);
        }
        Logits::of_floats(self.forward.logits_type(), tensors, places.concat(), self.forward.vocab())
    }

    fn forget(&mut self, sequence: SequenceId) {
        let Some(place) = self.places.remove(&sequence) else {
            return;
        };
        if let Some((_, users)) = self.batches.get_mut(&place.batch) {
            *users = users.saturating_sub(1);
            if *users == 0 {
                self.batches.remove(&place.batch);
            }
        }
    }

    fn cache_bytes(&self) -> usize {
        self.batches.values().map(|(cache, _)| cache.bytes()).sum()
    }

    fn blocks_hold_the_cache(&self) -> bool {
        false
    }
}
