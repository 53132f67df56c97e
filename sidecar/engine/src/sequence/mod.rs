//! One text on its way through the engine: an answer that is generated, or a completion that is measured.

mod generation;
mod measurement;

use std::time::Instant;

use crate::{
    EngineError,
    backend::SequenceId,
    kv::PrefixKeys,
    slots::{BASE_SLOT, Lease},
};

pub(crate) use generation::Generation;
pub(crate) use measurement::{Collector, Measurement, Wanted};

/// What a sequence does with its logits.
pub(crate) enum Task {
    Generate(Box<Generation>),
    Measure(Measurement),
}

/// A text whose first part is known and whose cache is filled step by step.
pub(crate) struct Sequence {
    pub id: SequenceId,
    pub lease: Lease,
    /// Slot of the adapter while it runs.
    pub slot: usize,
    /// Every token that the model reads.
    pub tokens: Vec<u32>,
    /// Of these in the cache.
    pub computed: usize,
    /// First position whose logits are needed.
    pub wanted_from: usize,
    /// Most tokens that the cache will hold.
    pub room: usize,
    pub keys: PrefixKeys,
    /// Blocks of the cache, taken for its whole length when it begins to run.
    pub blocks: Vec<u32>,
    /// Of these known to others.
    pub published: usize,
    /// Whom its place counts for.
    pub tenant: Option<String>,
    pub deadline: Option<Instant>,
    pub task: Task,
}

impl Sequence {
    /// True when nobody listens any more.
    pub fn cancelled(&self) -> bool {
        match &self.task {
            Task::Generate(generation) => generation.cancelled(),
            Task::Measure(measurement) => measurement.cancelled(),
        }
    }

    /// True when its time is over.
    pub fn late(&self, now: Instant) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= now)
    }

    /// Tokens that are not in the cache yet.
    pub fn left(&self) -> usize {
        self.tokens.len().saturating_sub(self.computed)
    }

    /// How many of its next `count` tokens need logits, counted from the last one back.
    pub fn logits_of(&self, count: usize) -> usize {
        let end = self.computed.saturating_add(count);
        end.saturating_sub(self.wanted_from.max(self.computed)).min(count)
    }

    /// Reads the logits after the token at `position`. Returns true after the last one.
    pub fn advance(&mut self, position: usize, logits: &[f32], eos: &[u32]) -> bool {
        let result = match &mut self.task {
            Task::Generate(generation) => generation.advance(logits, eos).map(|next| match next {
                Some(token) => {
                    self.tokens.push(token);
                    self.wanted_from = self.tokens.len() - 1;
                    false
                }
                None => true,
            }),
            Task::Measure(measurement) => {
                measurement.advance(position, logits).map(|()| position + 1 == self.tokens.len())
            }
        };
        result.unwrap_or_else(|error| {
            self.fail(error);
            true
        })
    }

    /// Reports an error as the last event.
    pub fn fail(&self, error: EngineError) {
        match &self.task {
            Task::Generate(generation) => generation.fail(error),
            Task::Measure(measurement) => measurement.fail(error),
        }
    }

    /// A sequence that has not run.
    pub fn new(
        id: SequenceId,
        lease: Lease,
        tokens: Vec<u32>,
        wanted_from: usize,
        room: usize,
        keys: PrefixKeys,
        task: Task,
    ) -> Self {
        Self {
            id,
            lease,
            slot: BASE_SLOT,
            tokens,
            computed: 0,
            wanted_from,
            room,
            keys,
            blocks: Vec::new(),
            published: 0,
            tenant: None,
            deadline: None,
            task,
        }
    }
}
