//! What makes two blocks of the cache equal.

use sha2::{Digest, Sha256};

/// Names the content of a full block: the adapter's generation and every token up to the block's end. A cryptographic hash, because
/// two requests that met in one key would read each other's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct PrefixKey([u8; 32]);

/// The keys of a sequence's full blocks, which grow with it.
#[derive(Debug, Clone)]
pub(crate) struct PrefixKeys {
    block_tokens: usize,
    root: [u8; 32],
    keys: Vec<PrefixKey>,
}

impl PrefixKeys {
    /// Keys under a generation; `None` is the base model.
    pub fn new(block_tokens: usize, generation: Option<[u8; 32]>) -> Self {
        let mut root = Sha256::new();
        root.update(b"openledger/kv-prefix");
        root.update([u8::from(generation.is_some())]);
        root.update(generation.unwrap_or_default());
        Self { block_tokens: block_tokens.max(1), root: root.finalize().into(), keys: Vec::new() }
    }

    /// The keys that are known so far.
    pub fn so_far(&self) -> &[PrefixKey] {
        &self.keys
    }

    /// The keys of the full blocks of `tokens`, which must continue what was given before.
    pub fn of(&mut self, tokens: &[u32]) -> &[PrefixKey] {
        for block in tokens.chunks_exact(self.block_tokens).skip(self.keys.len()) {
            let mut key = Sha256::new();
            key.update(self.keys.last().map_or(self.root, |last| last.0));
            for token in block {
                key.update(token.to_le_bytes());
            }
            self.keys.push(PrefixKey(key.finalize().into()));
        }
        &self.keys
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_depends_on_generation_and_on_every_token_before() {
        let keys = |generation, tokens: &[u32]| PrefixKeys::new(2, generation).of(tokens).to_vec();
        let base = keys(None, &[1, 2, 3, 4, 5]);
        assert_eq!(base.len(), 2);
        assert_eq!(keys(None, &[1, 2, 3, 4]), base);
        assert_eq!(keys(None, &[1, 2, 9, 4])[0], base[0]);
        assert_ne!(keys(None, &[1, 2, 9, 4])[1], base[1]);
        assert_ne!(keys(None, &[9, 2, 3, 4])[1], base[1]);
        assert_ne!(keys(Some([0; 32]), &[1, 2]), keys(None, &[1, 2]));
        assert_ne!(keys(Some([1; 32]), &[1, 2]), keys(Some([2; 32]), &[1, 2]));
        let mut grown = PrefixKeys::new(2, None);
        grown.of(&[1, 2, 3]);
        assert_eq!(grown.of(&[1, 2, 3, 4]), base);
    }
}
