//! Memory that is used again: fresh pages cost a small model as much time as a third of its arithmetic.

use std::sync::{Mutex, PoisonError};

use crate::{context::Context, tensor::Tensor};

/// Floats below which a buffer is not worth keeping.
const SMALLEST: usize = 1 << 10;
/// Floats that are kept, in all: 64 MiB.
const MOST: usize = 1 << 24;
/// Buffers that are kept.
const MOST_BUFFERS: usize = 256;

/// Buffers of floats that nothing holds any more.
#[derive(Default)]
pub(crate) struct Buffers {
    free: Mutex<Vec<Vec<f32>>>,
}

impl Buffers {
    /// A vector with room for `len` floats, and any floats in it.
    pub fn take(&self, len: usize) -> Vec<f32> {
        if len < SMALLEST {
            return Vec::with_capacity(len);
        }
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |(_, buffer): &(usize, &Vec<f32>)| buffer.capacity() >= len && buffer.capacity() / 2 <= len;
        let best = free.iter().enumerate().filter(fits).min_by_key(|(_, buffer)| buffer.capacity());
        match best.map(|(place, _)| place) {
            Some(place) => free.swap_remove(place),
            None => Vec::with_capacity(len),
        }
    }

    /// That many floats of any value.
    pub fn scratch(&self, len: usize) -> Vec<f32> {
        let mut values = self.take(len);
        // An element that a kernel forgets shows in tests.
        if cfg!(debug_assertions) {
            values.clear();
            values.resize(len, f32::NAN);
        }
        values.resize(len, 0.0);
        values
    }

    /// Keeps the memory of a tensor when nothing else holds it.
    pub fn give_back(&self, tensor: Tensor) {
        let Some(buffer) = tensor.into_floats() else { return };
        self.keep(buffer);
    }

    /// Keeps memory.
    pub fn keep(&self, buffer: Vec<f32>) {
        if buffer.capacity() < SMALLEST {
            return;
        }
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let held: usize = free.iter().map(Vec::capacity).sum();
        if free.len() < MOST_BUFFERS && held.saturating_add(buffer.capacity()) <= MOST {
            free.push(buffer);
        }
    }
}

/// A type of elements. Floats are what runs are full of, so only their memory is used again.
pub(crate) trait Element: Copy + Default + Send + Sync {
    /// An empty vector with room for `len`.
    fn empty(_: &Context<'_>, len: usize) -> Vec<Self> {
        Vec::with_capacity(len)
    }

    /// That many elements of any value, for kernels that write every one.
    fn scratch(_: &Context<'_>, len: usize) -> Vec<Self> {
        vec![Self::default(); len]
    }
}

impl Element for f32 {
    fn empty(context: &Context<'_>, len: usize) -> Vec<Self> {
        let mut values = context.buffers.take(len);
        values.clear();
        values
    }

    fn scratch(context: &Context<'_>, len: usize) -> Vec<Self> {
        context.buffers.scratch(len)
    }
}

impl Element for i64 {}
impl Element for bool {}
impl Element for u8 {}
impl Element for Option<i64> {}
impl Element for Option<bool> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_used_again_only_when_nothing_holds_it() {
        let buffers = Buffers::default();
        let tensor = |len: usize| Tensor::new(vec![len], vec![1.0_f32; len]).unwrap();
        let held = tensor(5000);
        buffers.give_back(held.clone());
        buffers.give_back(tensor(10));
        assert!(buffers.free.lock().unwrap().is_empty());
        buffers.give_back(held);
        assert_eq!(buffers.take(2000).capacity(), 2000, "too large a buffer would be wasted on it");
        let again = buffers.take(4000);
        assert_eq!(again.capacity(), 5000);
        assert!(buffers.free.lock().unwrap().is_empty());
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let buffers = Buffers::default();
        for _ in 0..2 * MOST_BUFFERS {
            buffers.give_back(Tensor::new(vec![SMALLEST], vec![0.0_f32; SMALLEST]).unwrap());
        }
        assert_eq!(buffers.free.lock().unwrap().len(), MOST_BUFFERS);
        let buffers = Buffers::default();
        buffers.give_back(Tensor::new(vec![MOST + 1], vec![0.0_f32; MOST + 1]).unwrap());
        assert!(buffers.free.lock().unwrap().is_empty());
    }
}
