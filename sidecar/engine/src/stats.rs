//! What an engine has done and what it holds.

use crate::AdapterStats;

/// A moment's view. Counts grow for ever; the rest is as it is now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EngineStats {
    /// Sequences in the batch.
    pub running: usize,
    /// Sequences in line.
    pub waiting: usize,
    /// Steps so far.
    pub steps: u64,
    /// Prompt tokens computed so far.
    pub prefill_tokens: u64,
    /// Tokens computed so far one at a time, after a past.
    pub decode_tokens: u64,
    /// Prompt tokens that the cache knew already.
    pub shared_tokens: u64,
    /// Tokens of one block of the key-value cache.
    pub kv_block_tokens: usize,
    /// Blocks of the key-value cache.
    pub kv_blocks: usize,
    /// Of these in use.
    pub kv_blocks_used: usize,
    /// Of these kept for requests that begin with the same tokens.
    pub kv_blocks_known: usize,
    /// Bytes that the key-value cache takes now; blocks take memory when they are first used.
    pub kv_bytes: usize,
    /// Adapters.
    pub adapters: AdapterStats,
}
