//! What computes the steps that the scheduler plans.

mod adapters;
mod batch_cache;
mod device;
#[cfg(feature = "double")]
mod double;
mod forward;
mod logits;
mod paged;
mod stock;

use crate::{EngineError, slots::SlotTable};

#[cfg(test)]
pub(crate) use batch_cache::CacheRow;
#[cfg(feature = "double")]
pub(crate) use double::{DoubleBackend, Pace, next_token};
pub(crate) use forward::Forward;
#[cfg(test)]
pub(crate) use forward::RunRow;
pub(crate) use logits::Logits;
pub(crate) use paged::{PagedForward, PagedSetup};
pub(crate) use stock::StockBackend;

/// Names a sequence for as long as its cache lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SequenceId(pub u64);

/// What one sequence brings to a step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StepRow<'a> {
    pub sequence: SequenceId,
    /// New tokens, at least one: a prompt, a part of it, or one generated token.
    pub tokens: &'a [u32],
    /// Tokens already in the cache.
    pub past: usize,
    /// Slot of its adapter.
    pub slot: usize,
    /// Blocks of the cache that hold the past and have room for the new tokens.
    pub blocks: &'a [u32],
    /// How many of its tokens get logits, counted from the last one back.
    pub logits: usize,
}

/// A model that extends sequences. The scheduler is written and tested against this alone.
pub(crate) trait Backend: Send {
    /// Appends every row's tokens to its sequence and returns the logits asked for: rows in order, and the positions of a row in
    /// order.
    ///
    /// # Errors
    /// [`EngineError::Inference`]; what the caches of the rows hold is unknown then.
    fn run(&mut self, rows: &[StepRow<'_>], slots: &SlotTable) -> Result<Logits, EngineError>;

    /// Frees what is kept for a sequence outside of its blocks.
    fn forget(&mut self, sequence: SequenceId);

    /// Bytes that the caches take now.
    fn cache_bytes(&self) -> usize;

    /// True when keys and values live in the blocks, so that sequences can share them.
    fn blocks_hold_the_cache(&self) -> bool;
}
