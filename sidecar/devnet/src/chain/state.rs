//! The chain's key-value state with savepoints.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
};

use cosmwasm_std::{Order, Record, Storage};
use sha2::{Digest, Sha256};

/// A store that can undo: every write since the block's start is remembered with what it replaced.
#[derive(Default)]
pub struct State {
    values: BTreeMap<Vec<u8>, Vec<u8>>,
    undo: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

/// A moment within a block to return to.
#[derive(Clone, Copy)]
pub struct Savepoint(usize);

impl State {
    /// Marks this moment.
    pub fn savepoint(&self) -> Savepoint {
        Savepoint(self.undo.len())
    }

    /// Takes every write since the savepoint back.
    pub fn rollback(&mut self, to: Savepoint) {
        while self.undo.len() > to.0 {
            if let Some((key, before)) = self.undo.pop() {
                match before {
                    Some(value) => self.values.insert(key, value),
                    None => self.values.remove(&key),
                };
            }
        }
    }

    /// Ends the block: forgets how to undo it and returns a digest over the former digest and every entry that
    /// changed. Equal histories have equal digests, so a replay that goes another way is noticed.
    pub fn seal(&mut self, former: &[u8; 32]) -> [u8; 32] {
        let changed: BTreeSet<Vec<u8>> = self.undo.drain(..).map(|(key, _)| key).collect();
        if changed.is_empty() {
            return *former;
        }
        let mut hasher = Sha256::new_with_prefix(former);
        for key in &changed {
            let value = self.values.get(key);
            hasher.update((key.len() as u64).to_be_bytes());
            hasher.update(key);
            hasher.update([u8::from(value.is_some())]);
            if let Some(value) = value {
                hasher.update((value.len() as u64).to_be_bytes());
                hasher.update(value);
            }
        }
        hasher.finalize().into()
    }
}

impl Storage for State {
    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.values.get(key).cloned()
    }

    fn range<'a>(
        &'a self,
        start: Option<&[u8]>,
        end: Option<&[u8]>,
        order: Order,
    ) -> Box<dyn Iterator<Item = Record> + 'a> {
        if let (Some(start), Some(end)) = (start, end)
            && start > end
        {
            return Box::new(std::iter::empty());
        }
        let bounds = (
            start.map_or(Bound::Unbounded, |key| Bound::Included(key.to_vec())),
            end.map_or(Bound::Unbounded, |key| Bound::Excluded(key.to_vec())),
        );
        let entries = self.values.range(bounds).map(|(key, value)| (key.clone(), value.clone()));
        match order {
            Order::Ascending => Box::new(entries),
            Order::Descending => Box::new(entries.rev()),
        }
    }

    fn set(&mut self, key: &[u8], value: &[u8]) {
        let before = self.values.insert(key.to_vec(), value.to_vec());
        self.undo.push((key.to_vec(), before));
    }

    fn remove(&mut self, key: &[u8]) {
        if let Some(before) = self.values.remove(key) {
            self.undo.push((key.to_vec(), Some(before)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn apply(state: &mut State, writes: &[(u8, Option<u8>)]) {
        for (key, value) in writes {
            match value {
                Some(value) => state.set(&[*key], &[*value]),
                None => state.remove(&[*key]),
            }
        }
    }

    proptest! {
        #[test]
        fn rollback_restores_and_leaves_no_trace(
            kept in prop::collection::vec((0u8..8, prop::option::of(any::<u8>())), 0..20),
            undone in prop::collection::vec((0u8..8, prop::option::of(any::<u8>())), 0..20),
        ) {
            let mut one = State::default();
            apply(&mut one, &kept);
            let mut other = State::default();
            apply(&mut other, &kept);
            let mark = other.savepoint();
            apply(&mut other, &undone);
            other.rollback(mark);
            prop_assert_eq!(&one.values, &other.values);
            prop_assert_eq!(one.seal(&[0; 32]), other.seal(&[0; 32]));
        }
    }
}
