//! Keys and values of one layer in blocks.

use openledger_simd::LANES;

use crate::AttentionError;

/// Memory is taken in pieces of about this many floats (4 MiB): few allocations, little unused.
const CHUNK_FLOATS: usize = 1 << 20;

/// How a layer's keys and values lie in a block.
///
/// A block holds first the keys, then the values of each head. Keys are in tiles of 16 tokens,
/// [tile, head_size, 16]: one vector is one component of 16 keys, so that a score needs no sum
/// across lanes. Values are [token, head_size], each padded with zeros to whole vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KvLayout {
    block_tokens: usize,
    kv_heads: usize,
    head_size: usize,
    value_width: usize,
    keys: usize,
    head: usize,
    block: usize,
}

impl KvLayout {
    /// Blocks of `block_tokens` tokens for `kv_heads` heads that are `head_size` wide.
    ///
    /// # Errors
    /// [`AttentionError::Size`] for a zero, a block that is no multiple of 16 tokens, or a block
    /// of more than 2^28 floats.
    pub fn new(block_tokens: usize, kv_heads: usize, head_size: usize) -> Result<Self, AttentionError> {
        if block_tokens == 0 || !block_tokens.is_multiple_of(LANES) {
            let rule = "a positive multiple of 16";
            return Err(AttentionError::Size { what: "the number of tokens in a block", value: block_tokens, rule });
        }
        for (what, value) in [("the number of key heads", kv_heads), ("the head size", head_size)] {
            if value == 0 {
                return Err(AttentionError::Size { what, value, rule: "positive" });
            }
        }
        let sizes = || {
            let value_width = head_size.checked_next_multiple_of(LANES)?;
            let keys = block_tokens.checked_mul(head_size)?;
            let head = block_tokens.checked_mul(value_width)?.checked_add(keys)?;
            let block = head.checked_mul(kv_heads).filter(|&floats| floats <= 1 << 28)?;
            Some(Self { block_tokens, kv_heads, head_size, value_width, keys, head, block })
        };
        sizes().ok_or(AttentionError::Overflow)
    }

    /// Tokens of one block.
    #[must_use]
    pub fn block_tokens(&self) -> usize {
        self.block_tokens
    }

    /// Key and value heads.
    #[must_use]
    pub fn kv_heads(&self) -> usize {
        self.kv_heads
    }

    /// Width of one head.
    #[must_use]
    pub fn head_size(&self) -> usize {
        self.head_size
    }

    /// Bytes of one block of one layer.
    #[must_use]
    pub fn block_bytes(&self) -> usize {
        self.block.saturating_mul(size_of::<f32>())
    }

    /// Floats of a stored value: the head size in whole vectors.
    pub(crate) fn value_width(&self) -> usize {
        self.value_width
    }

    fn chunk_blocks(&self) -> usize {
        (CHUNK_FLOATS / self.block).max(1)
    }
}

/// Keys and values of one layer. It starts without memory and grows to the highest block in use.
#[derive(Debug)]
pub struct LayerCache {
    layout: KvLayout,
    blocks: usize,
    chunks: Vec<Option<Box<[f32]>>>,
}

/// One head of one block.
#[derive(Clone, Copy)]
pub(crate) struct BlockHead<'c> {
    /// [tiles, head_size, 16].
    pub keys: &'c [f32],
    /// [block_tokens, value_width].
    pub values: &'c [f32],
}

impl LayerCache {
    /// A cache that may use the blocks below `blocks`.
    #[must_use]
    pub fn new(layout: KvLayout, blocks: usize) -> Self {
        Self { layout, blocks, chunks: Vec::new() }
    }

    /// How blocks are laid out.
    #[must_use]
    pub fn layout(&self) -> &KvLayout {
        &self.layout
    }

    /// Number of blocks it may use.
    #[must_use]
    pub fn blocks(&self) -> usize {
        self.blocks
    }

    /// Bytes it has taken so far.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.chunks.iter().flatten().map(|chunk| size_of_val::<[f32]>(chunk)).fold(0, usize::saturating_add)
    }

    /// Takes memory for a block, if it has none yet.
    pub(crate) fn reserve(&mut self, block: u32) -> Result<(), AttentionError> {
        let index = self.index(block)?;
        let per_chunk = self.layout.chunk_blocks();
        let chunk = index / per_chunk;
        if self.chunks.len() <= chunk {
            self.chunks.resize(chunk + 1, None);
        }
        if let Some(place @ None) = self.chunks.get_mut(chunk) {
            let count = per_chunk.min(self.blocks - chunk * per_chunk);
            let floats = count.checked_mul(self.layout.block).ok_or(AttentionError::Overflow)?;
            *place = Some(vec![0.0; floats].into_boxed_slice());
        }
        Ok(())
    }

    fn index(&self, block: u32) -> Result<usize, AttentionError> {
        let beyond = AttentionError::BlockBeyond { block, limit: self.blocks };
        usize::try_from(block).ok().filter(|&index| index < self.blocks).ok_or(beyond)
    }

    /// One head of a reserved block; `None` for a block without memory.
    pub(crate) fn head(&self, block: u32, head: usize) -> Option<BlockHead<'_>> {
        let index = self.index(block).ok()?;
        let (chunk, at) = (index / self.layout.chunk_blocks(), index % self.layout.chunk_blocks());
        let floats = self.chunks.get(chunk)?.as_ref()?;
        let start = at * self.layout.block + head * self.layout.head;
        let (keys, values) = floats.get(start..start + self.layout.head)?.split_at(self.layout.keys);
        Some(BlockHead { keys, values })
    }

    /// Stores the key and the value of one token of one head.
    pub(crate) fn write(&mut self, block: u32, token: usize, head: usize, key: &[f32], value: &[f32]) {
        let Ok(index) = self.index(block) else {
            return;
        };
        let layout = self.layout;
        let (chunk, at) = (index / layout.chunk_blocks(), index % layout.chunk_blocks());
        let Some(floats) = self.chunks.get_mut(chunk).and_then(Option::as_mut) else {
            return;
        };
        let start = at * layout.block + head * layout.head;
        let Some(own) = floats.get_mut(start..start + layout.head) else {
            return;
        };
        let (keys, values) = own.split_at_mut(layout.keys);
        let tile = &mut keys[token / LANES * layout.head_size * LANES..][..layout.head_size * LANES];
        for (place, component) in tile[token % LANES..].iter_mut().step_by(LANES).zip(key) {
            *place = *component;
        }
        values[token * layout.value_width..][..layout.head_size].copy_from_slice(value);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn memory_follows_use_and_never_passes_the_bound() {
        let layout = KvLayout::new(16, 3, 64).unwrap();
        assert_eq!(layout.block_bytes(), 16 * 3 * 64 * 2 * 4);
        let mut cache = LayerCache::new(layout, 300);
        assert_eq!(cache.bytes(), 0);
        cache.reserve(0).unwrap();
        let first = cache.bytes();
        assert!(first >= layout.block_bytes() && first <= CHUNK_FLOATS * 4, "{first}");
        cache.reserve(1).unwrap();
        assert_eq!(cache.bytes(), first);
        for block in 0..300 {
            cache.reserve(block).unwrap();
        }
        assert_eq!(cache.bytes(), 300 * layout.block_bytes());
        assert_eq!(cache.reserve(300), Err(AttentionError::BlockBeyond { block: 300, limit: 300 }));
    }

    #[test]
    fn a_block_is_a_whole_number_of_vectors() {
        for tokens in [0, 1, 8, 17] {
            assert!(matches!(KvLayout::new(tokens, 1, 8), Err(AttentionError::Size { .. })), "{tokens}");
        }
        assert_eq!(KvLayout::new(1 << 40, 1 << 20, 64), Err(AttentionError::Overflow));
    }
}
