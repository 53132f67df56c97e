//! The blocks of the cache: free, in use, or kept for whoever comes with the same beginning.

use std::collections::{BTreeMap, HashMap};

use super::PrefixKey;

#[derive(Debug, Clone, Default)]
struct Block {
    /// Sequences that read or write it.
    users: usize,
    /// What it holds, once it is full and known.
    key: Option<PrefixKey>,
    /// When it was last given back; its place among the idle ones.
    idle_since: u64,
}

/// A bounded number of blocks of `block_tokens` tokens each.
///
/// A block is free (holds nothing), used, or idle: nobody uses it, but what it holds is known and may serve again. Idle blocks are
/// taken for new content when no free one is left, the longest idle first.
#[derive(Debug)]
pub(crate) struct BlockPool {
    block_tokens: usize,
    blocks: Vec<Block>,
    free: Vec<u32>,
    by_key: HashMap<PrefixKey, u32>,
    idle: BTreeMap<u64, u32>,
    clock: u64,
}

impl BlockPool {
    pub fn new(block_tokens: usize, count: usize) -> Self {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        Self {
            block_tokens: block_tokens.max(1),
            blocks: vec![Block::default(); count as usize],
            // Low numbers first, so that memory that is allocated on first use stays small.
            free: (0..count).rev().collect(),
            by_key: HashMap::new(),
            idle: BTreeMap::new(),
            clock: 0,
        }
    }

    /// Tokens of one block.
    pub fn block_tokens(&self) -> usize {
        self.block_tokens
    }

    /// Blocks that so many tokens need.
    pub fn blocks_for(&self, tokens: usize) -> usize {
        tokens.div_ceil(self.block_tokens)
    }

    /// All blocks.
    pub fn total(&self) -> usize {
        self.blocks.len()
    }

    /// Blocks that some sequence uses.
    pub fn used(&self) -> usize {
        self.blocks.len() - self.free.len() - self.idle.len()
    }

    /// Blocks that nobody uses and that hold something known.
    pub fn idle(&self) -> usize {
        self.idle.len()
    }

    /// The longest run of known blocks from the beginning.
    pub fn known(&self, keys: &[PrefixKey]) -> Vec<u32> {
        keys.iter().map_while(|key| self.by_key.get(key).copied()).collect()
    }

    /// Takes `shared` blocks, as [`BlockPool::known`] found them, and new ones up to `count` in all. `None`, and nothing taken,
    /// when there are not enough.
    pub fn reserve(&mut self, shared: &[u32], count: usize) -> Option<Vec<u32>> {
        let wanted = count.checked_sub(shared.len())?;
        let is_idle = |block: &&u32| self.blocks.get(**block as usize).is_some_and(|block| block.users == 0);
        let revived = shared.iter().filter(is_idle).count();
        if wanted > self.free.len() + self.idle.len().saturating_sub(revived) {
            return None;
        }
        let mut taken = Vec::with_capacity(count);
        for &number in shared {
            let block = self.blocks.get_mut(number as usize)?;
            if block.users == 0 {
                self.idle.remove(&block.idle_since);
            }
            block.users += 1;
            taken.push(number);
        }
        for _ in 0..wanted {
            let number = self.free.pop().or_else(|| self.forget_oldest())?;
            if let Some(block) = self.blocks.get_mut(number as usize) {
                block.users = 1;
            }
            taken.push(number);
        }
        Some(taken)
    }

    /// Makes a full block findable. When another block holds the same already, this one stays private.
    pub fn publish(&mut self, number: u32, key: PrefixKey) {
        let Some(block) = self.blocks.get_mut(number as usize) else {
            return;
        };
        if block.key.is_none() && !self.by_key.contains_key(&key) {
            block.key = Some(key);
            self.by_key.insert(key, number);
        }
    }

    /// Gives back what [`BlockPool::reserve`] gave. With `known` false the content cannot be trusted and is forgotten.
    pub fn release(&mut self, numbers: &[u32], known: bool) {
        // The end of a text goes first when room is needed: a beginning without its end is of use, an end without its beginning
        // is not.
        for &number in numbers.iter().rev() {
            let Some(block) = self.blocks.get_mut(number as usize) else {
                continue;
            };
            block.users = block.users.saturating_sub(1);
            if !known && let Some(key) = block.key.take() {
                self.by_key.remove(&key);
            }
            if block.users > 0 {
                continue;
            }
            if block.key.is_some() {
                self.clock += 1;
                block.idle_since = self.clock;
                self.idle.insert(self.clock, number);
            } else {
                self.free.push(number);
            }
        }
    }

    fn forget_oldest(&mut self) -> Option<u32> {
        let (_, number) = self.idle.pop_first()?;
        if let Some(key) = self.blocks.get_mut(number as usize).and_then(|block| block.key.take()) {
            self.by_key.remove(&key);
        }
        Some(number)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::{super::PrefixKeys, *};

    fn keys(tokens: &[u32]) -> Vec<PrefixKey> {
        PrefixKeys::new(1, None).of(tokens).to_vec()
    }

    #[test]
    fn what_is_given_back_serves_whoever_begins_the_same() {
        let mut pool = BlockPool::new(1, 4);
        let first = pool.reserve(&[], 3).unwrap();
        assert_eq!(first, [0, 1, 2]);
        for (block, key) in first.iter().zip(keys(&[7, 8])) {
            pool.publish(*block, key);
        }
        // Shared while it is in use.
        assert_eq!(pool.known(&keys(&[7, 9])), [0]);
        let second = pool.reserve(&[0], 2).unwrap();
        assert_eq!(second, [0, 3]);
        assert!(pool.reserve(&[], 1).is_none());
        pool.release(&first, true);
        pool.release(&second, true);
        assert_eq!((pool.used(), pool.idle()), (0, 2));
        assert_eq!(pool.known(&keys(&[7, 8, 9])), [0, 1]);
        // The end of the text is forgotten before its beginning.
        let third = pool.reserve(&[], 3).unwrap();
        assert_eq!(pool.known(&keys(&[7, 8])), [0]);
        assert!(!third.contains(&0));
        assert!(pool.reserve(&[0], 2).is_none());
        assert_eq!(pool.reserve(&[0], 1).unwrap(), [0]);
    }

    #[test]
    fn content_that_a_failed_step_left_is_forgotten() {
        let mut pool = BlockPool::new(1, 2);
        let blocks = pool.reserve(&[], 2).unwrap();
        pool.publish(blocks[0], keys(&[1])[0]);
        pool.release(&blocks, false);
        assert_eq!((pool.known(&keys(&[1])), pool.idle(), pool.used()), (Vec::new(), 0, 0));
    }

    proptest! {
        /// Against a list of who holds what: no block is lost, written by two, or known under a wrong key.
        #[test]
        fn blocks_are_never_lost_or_mixed_up(actions in prop::collection::vec((0..3_u8, prop::collection::vec(0..3_u32, 1..6)), 1..80)) {
            let mut pool = BlockPool::new(1, 12);
            // Text, its blocks, and how many of them were shared.
            let mut held: Vec<(Vec<u32>, Vec<u32>, usize)> = Vec::new();
            for (action, text) in actions {
                if action < 2 {
                    let own = keys(&text);
                    let shared = pool.known(&own);
                    let room = 12 - pool.used();
                    match pool.reserve(&shared, text.len()) {
                        Some(blocks) => {
                            prop_assert_eq!(&blocks[..shared.len()], &shared[..]);
                            for (_, others, _) in &held {
                                prop_assert!(blocks[shared.len()..].iter().all(|block| !others.contains(block)));
                            }
                            for (block, key) in blocks.iter().zip(own) {
                                pool.publish(*block, key);
                            }
                            held.push((text, blocks, shared.len()));
                        }
                        None => prop_assert!(room < text.len()),
                    }
                } else if !held.is_empty() {
                    let (_, blocks, _) = held.swap_remove(text[0] as usize % held.len());
                    pool.release(&blocks, true);
                }
                let mut used: Vec<u32> = held.iter().flat_map(|(_, blocks, _)| blocks.clone()).collect();
                used.sort_unstable();
                used.dedup();
                prop_assert_eq!(pool.used(), used.len());
                for (text, blocks, _) in &held {
                    for (block, key) in blocks.iter().zip(keys(text)) {
                        // Either this very block is known, or an equal one was before it.
                        prop_assert!(pool.by_key.contains_key(&key));
                        let known = pool.blocks[*block as usize].key;
                        prop_assert!(known.is_none_or(|known| known == key));
                    }
                }
            }
        }
    }
}
