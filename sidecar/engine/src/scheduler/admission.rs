//! From the line into the batch.

use std::collections::HashMap;

use super::Scheduler;

impl Scheduler {
    /// Lets in whoever fits, in the order of the line.
    ///
    /// Those whose adapter is being read are passed over. Whoever lacks room holds up the others, else a large request could wait
    /// for ever behind small ones. One whose adapter lacks memory holds up only those who would go on taking it.
    pub(super) fn admit(&mut self) {
        while self.running.len() < self.limits.max_batch && self.admit_one() {}
    }

    fn admit_one(&mut self) -> bool {
        let step_bytes = self.adapter_bytes();
        let mut memory_is_wanted = false;
        for lane in self.waiting.order() {
            let Some(sequence) = self.waiting.front(&lane) else { continue };
            if memory_is_wanted && self.slots.would_take_memory(&sequence.lease) {
                continue;
            }
            let more = if step_bytes.contains_key(&lane) { 0 } else { self.slots.bytes(&sequence.lease) };
            let bytes = step_bytes.values().fold(more, |sum, bytes| sum.saturating_add(*bytes));
            // Another row of an adapter that runs already, or of the base, makes the step read nothing more.
            if more > 0 && bytes > self.limits.max_step_adapter_bytes && !step_bytes.is_empty() {
                return false;
            }
            let Some(slot) = self.slots.activate(&sequence.lease) else {
                memory_is_wanted |= self.slots.lacks_memory(&sequence.lease);
                continue;
            };
            let shared =
                if self.backend.blocks_hold_the_cache() { self.pool.known(sequence.keys.so_far()) } else { Vec::new() };
            let count = self.pool.blocks_for(sequence.room);
            let Some(blocks) = self.pool.reserve(&shared, count) else {
                self.slots.deactivate(&sequence.lease);
                return false;
            };
            let Some(mut sequence) = self.waiting.pop(&lane) else { return false };
            sequence.slot = slot;
            sequence.blocks = blocks;
            sequence.computed = shared.len() * self.pool.block_tokens();
            sequence.published = shared.len();
            self.stats.shared_tokens += sequence.computed as u64;
            self.running.push(sequence);
            return true;
        }
        false
    }

    /// Bytes of each adapter that runs: what a step reads besides the base.
    fn adapter_bytes(&self) -> HashMap<Option<[u8; 32]>, usize> {
        self.running
            .iter()
            .filter(|sequence| sequence.lease.generation().is_some())
            .map(|sequence| (sequence.lease.generation(), self.slots.bytes(&sequence.lease)))
            .collect()
    }
}
