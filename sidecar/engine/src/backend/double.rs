//! A stand-in for a model, for tests of everything around one.
//!
//! It keeps the tokens themselves in the blocks of the cache, and what it says next is a hash of the adapter's generation and of all
//! tokens that it finds there. A scheduler that mixes up blocks, positions or adapters gets other answers.

use std::{collections::HashMap, thread::sleep, time::Duration};

use sha2::{Digest, Sha256};

use super::{Backend, Logits, SequenceId, StepRow};
use crate::{
    EngineError,
    error::inference,
    slots::{Generation, SlotTable},
};

/// How fast it is and when it fails.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Pace {
    /// Time of every step.
    pub step: Duration,
    /// Time of every token in it.
    pub token: Duration,
    /// Every so manieth step fails.
    pub fails_every: Option<u64>,
}

pub(crate) struct DoubleBackend {
    pace: Pace,
    vocab: usize,
    block_tokens: usize,
    blocks: HashMap<u32, Vec<Option<u32>>>,
    steps: u64,
}

impl DoubleBackend {
    pub fn new(pace: Pace, vocab: usize, block_tokens: usize) -> Self {
        Self { pace, vocab, block_tokens: block_tokens.max(1), blocks: HashMap::new(), steps: 0 }
    }

    fn place(&self, row: &StepRow<'_>, position: usize) -> Result<(u32, usize), EngineError> {
        let block = row.blocks.get(position / self.block_tokens);
        let block = block.ok_or_else(|| inference(format!("no block for position {position}")))?;
        Ok((*block, position % self.block_tokens))
    }
}

/// The token that follows a text, out of `vocab`.
pub(crate) fn next_token(generation: Option<Generation>, text: &[u32], vocab: usize) -> u32 {
    let mut hash = Sha256::new();
    hash.update(generation.unwrap_or_default());
    for token in text {
        hash.update(token.to_le_bytes());
    }
    let digest = hash.finalize();
    let first = digest.first_chunk::<4>().map_or(0, |bytes| u32::from_le_bytes(*bytes));
    first % u32::try_from(vocab.max(1)).unwrap_or(u32::MAX)
}

impl Backend for DoubleBackend {
    fn run(&mut self, rows: &[StepRow<'_>], slots: &SlotTable) -> Result<Logits, EngineError> {
        self.steps += 1;
        let tokens = rows.iter().map(|row| row.tokens.len()).sum::<usize>();
        sleep(self.pace.step + self.pace.token * u32::try_from(tokens).unwrap_or(u32::MAX));
        if self.pace.fails_every.is_some_and(|every| self.steps.is_multiple_of(every)) {
            return Err(inference("this step was made to fail"));
        }
        let mut logits = Vec::new();
        for row in rows {
            let mut text = Vec::new();
            for position in 0..row.past {
                let (block, offset) = self.place(row, position)?;
                let token = self.blocks.get(&block).and_then(|block| block.get(offset).copied().flatten());
                text.push(token.ok_or_else(|| inference(format!("position {position} was never computed")))?);
            }
            for (at, &token) in row.tokens.iter().enumerate() {
                let (block, offset) = self.place(row, row.past + at)?;
                let size = self.block_tokens;
                let block = self.blocks.entry(block).or_insert_with(|| vec![None; size]);
                if let Some(place) = block.get_mut(offset) {
                    *place = Some(token);
                }
                text.push(token);
                if row.tokens.len() - at <= row.logits {
                    let next = next_token(slots.generation(row.slot), &text, self.vocab);
                    logits.extend((0..self.vocab).map(|id| if id == next as usize { 8.0 } else { 0.0 }));
                }
            }
        }
        Ok(Logits::owned(logits, self.vocab))
    }

    fn forget(&mut self, _: SequenceId) {}

    fn cache_bytes(&self) -> usize {
        self.blocks.len()
    }

    fn blocks_hold_the_cache(&self) -> bool {
        true
    }
}
