//! Continuous batching: which tokens of which sequences run in which step.
//!
//! A step carries one token for every sequence that decodes and, beside them, parts of prompts up to a bounded number of tokens, so
//! that a long prompt never holds the others up for longer than one part. A sequence begins to run when its adapter is in memory
//! and the cache has room for all it may become; it is never put back, so that whoever was let in ends.

mod admission;
mod queue;
mod submit;

use std::{collections::HashMap, sync::Arc, time::Instant};

use tokenizers::Tokenizer;

use crate::{
    EngineError, EngineStats, Limits, ModelInfo,
    backend::{Backend, Logits, StepRow},
    grammar::Grammars,
    kv::BlockPool,
    sequence::{Sequence, Task},
    slots::{LoadOutcome, Loader, SlotTable},
};
use queue::FairQueue;

/// Most logits of one step (256 MiB of 32-bit floats).
const MAX_LOGITS: usize = 64 << 20;

/// The running sequences, the line of waiting ones, and what they need.
pub(crate) struct Scheduler {
    pub slots: SlotTable,
    backend: Box<dyn Backend>,
    loader: Loader,
    pool: BlockPool,
    tokenizer: Arc<Tokenizer>,
    grammars: Grammars,
    info: Arc<ModelInfo>,
    limits: Limits,
    waiting: FairQueue<Sequence>,
    /// In the order in which they were let in.
    running: Vec<Sequence>,
    /// Waiting and running requests of each tenant.
    tenants: HashMap<String, usize>,
    next_id: u64,
    stats: EngineStats,
}

/// What a sequence does in a step.
#[derive(Debug, Clone, Copy)]
struct Part {
    /// Index into the running ones.
    at: usize,
    tokens: usize,
    logits: usize,
}

impl Scheduler {
    pub fn new(
        backend: Box<dyn Backend>,
        slots: SlotTable,
        loader: Loader,
        pool: BlockPool,
        tokenizer: Arc<Tokenizer>,
        info: Arc<ModelInfo>,
        limits: Limits,
    ) -> Self {
        Self {
            slots,
            backend,
            loader,
            pool,
            grammars: Grammars::new(Arc::clone(&tokenizer), Arc::clone(&info)),
            tokenizer,
            info,
            waiting: FairQueue::new(),
            running: Vec::new(),
            tenants: HashMap::new(),
            next_id: 0,
            stats: EngineStats::default(),
            limits,
        }
    }

    /// One step, if anything can run. False when nothing can before the next command: then nothing waits, or only for adapters
    /// that are being read.
    pub fn step(&mut self) -> bool {
        self.drop_ended();
        self.admit();
        for order in self.slots.take_orders() {
            self.loader.order(order);
        }
        if self.running.is_empty() {
            return false;
        }
        self.run(&self.plan());
        true
    }

    /// Takes in an adapter that was read for those who wait.
    pub fn loaded(&mut self, outcome: LoadOutcome) {
        let generation = outcome.generation;
        if let Some(error) = self.slots.loaded(outcome) {
            tracing::warn!(%error, generation = hex::encode(generation), "an adapter could not be read again");
            for sequence in self.waiting.take(|sequence| sequence.lease.generation() == Some(generation)) {
                sequence.fail(EngineError::AdapterUnavailable { reason: error.to_string() });
                self.end(sequence, true);
            }
        }
    }

    /// When the first of those that wait must be told that its time is over, whatever they wait for.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.waiting.iter().filter_map(|sequence| sequence.deadline).min()
    }

    /// What happened so far, and what is there now.
    pub fn stats(&self) -> EngineStats {
        EngineStats {
            running: self.running.len(),
            waiting: self.waiting.len(),
            kv_block_tokens: self.pool.block_tokens(),
            kv_blocks: self.pool.total(),
            kv_blocks_used: self.pool.used(),
            kv_blocks_known: self.pool.idle(),
            kv_bytes: self.backend.cache_bytes(),
            adapters: self.slots.stats(),
            ..self.stats
        }
    }

    /// Ends everything that is under way.
    pub fn stop(&mut self) {
        for sequence in self.waiting.take(|_| true).into_iter().chain(self.running.drain(..)) {
            sequence.fail(EngineError::Stopped);
        }
    }

    /// One token for every decoding sequence, and prompts up to what may run beside them.
    fn plan(&self) -> Vec<Part> {
        let decodes = |sequence: &Sequence| sequence.computed > 0 && sequence.left() == 1;
        let mut parts: Vec<Part> = Vec::new();
        let mut logits = 0_usize;
        for (at, _) in self.running.iter().enumerate().filter(|(_, sequence)| decodes(sequence)) {
            parts.push(Part { at, tokens: 1, logits: 1 });
            logits += 1;
        }
        let mut budget = if parts.is_empty() { self.limits.max_step_tokens } else { self.limits.prefill_chunk }.max(1);
        let most_logits = (MAX_LOGITS / self.info.vocab_size.max(1)).max(1);
        for (at, sequence) in self.running.iter().enumerate().filter(|(_, sequence)| !decodes(sequence)) {
            let mut tokens = sequence.left().min(budget);
            let room = most_logits.saturating_sub(logits);
            let over = sequence.logits_of(tokens).saturating_sub(room);
            if matches!(sequence.task, Task::Measure(_)) {
                // Wanted positions are the last ones, so each token less is one position less.
                tokens -= over.min(tokens);
            } else if over > 0 {
                tokens = 0;
            }
            if tokens == 0 {
                break;
            }
            let wanted = match sequence.task {
                // The next token is chosen after all of them.
                Task::Generate(_) => usize::from(tokens == sequence.left()),
                Task::Measure(_) => sequence.logits_of(tokens),
            };
            parts.push(Part { at, tokens, logits: wanted });
            logits += wanted;
            budget -= tokens;
            if budget == 0 {
                break;
            }
        }
        parts
    }

    fn run(&mut self, parts: &[Part]) {
        let rows: Vec<StepRow<'_>> = parts
            .iter()
            .filter_map(|part| {
                let sequence = self.running.get(part.at)?;
                let end = sequence.computed.checked_add(part.tokens)?;
                Some(StepRow {
                    sequence: sequence.id,
                    tokens: sequence.tokens.get(sequence.computed..end)?,
                    past: sequence.computed,
                    slot: sequence.slot,
                    blocks: &sequence.blocks,
                    logits: part.logits,
                })
            })
            .collect();
        let result = self.backend.run(&rows, &self.slots);
        drop(rows);
        self.stats.steps += 1;
        match result {
            Ok(logits) => self.advance(parts, &logits),
            Err(error) => self.fail(parts, &error),
        }
    }

    /// Hands every sequence its logits and lets go of those that ended.
    fn advance(&mut self, parts: &[Part], logits: &Logits) {
        let mut ended = Vec::new();
        let mut next = 0;
        for part in parts {
            let Some(sequence) = self.running.get_mut(part.at) else { continue };
            let decoded = sequence.computed > 0 && part.tokens == 1;
            *if decoded { &mut self.stats.decode_tokens } else { &mut self.stats.prefill_tokens } += part.tokens as u64;
            sequence.computed += part.tokens;
            if self.backend.blocks_hold_the_cache() {
                // The keys of the prompt were known before its blocks were full.
                let full = sequence.computed / self.pool.block_tokens();
                let keys = sequence.keys.of(sequence.tokens.get(..sequence.computed).unwrap_or_default());
                for (block, key) in sequence.blocks.iter().zip(keys).take(full).skip(sequence.published) {
                    self.pool.publish(*block, *key);
                }
                sequence.published = full;
            }
            let mut done = false;
            for position in sequence.computed - part.logits..sequence.computed {
                if !done {
                    done = match logits.at(next) {
                        Ok(logits) => sequence.advance(position, logits, &self.info.eos_token_ids),
                        Err(error) => {
                            sequence.fail(error);
                            true
                        }
                    };
                }
                next += 1;
            }
            if done {
                ended.push(part.at);
            }
        }
        debug_assert_eq!(next, logits.len(), "every position that was computed belongs to somebody");
        self.retire(ended, true);
    }

    fn fail(&mut self, parts: &[Part], error: &EngineError) {
        tracing::error!(%error, rows = parts.len(), "a step failed");
        for sequence in parts.iter().filter_map(|part| self.running.get(part.at)) {
            sequence.fail(crate::error::inference(error));
        }
        self.retire(parts.iter().map(|part| part.at).collect(), false);
    }

    /// Removes running sequences by index; the others keep their order.
    fn retire(&mut self, mut ended: Vec<usize>, known: bool) {
        ended.sort_unstable();
        for at in ended.into_iter().rev() {
            let sequence = self.running.remove(at);
            self.slots.deactivate(&sequence.lease);
            self.end(sequence, known);
        }
    }

    /// Gives back all that a sequence held.
    fn end(&mut self, sequence: Sequence, known: bool) {
        self.backend.forget(sequence.id);
        self.pool.release(&sequence.blocks, known);
        self.slots.release(sequence.lease);
        if let Some(tenant) = sequence.tenant
            && let Some(count) = self.tenants.get_mut(&tenant)
        {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.tenants.remove(&tenant);
            }
        }
    }

    /// Lets go of those that nobody listens to and those whose time is over.
    fn drop_ended(&mut self) {
        let now = Instant::now();
        let over = |sequence: &Sequence| sequence.cancelled() || sequence.late(now);
        let running =
            self.running.iter().enumerate().filter(|(_, sequence)| over(sequence)).map(|(at, _)| at).collect();
        for sequence in self.waiting.take(over) {
            self.tell(&sequence);
            self.end(sequence, true);
        }
        for &at in &running {
            if let Some(sequence) = self.running.get(at) {
                self.tell(sequence);
            }
        }
        self.retire(running, true);
    }

    fn tell(&self, sequence: &Sequence) {
        if !sequence.cancelled() {
            sequence.fail(EngineError::DeadlineExceeded);
        }
    }
}
