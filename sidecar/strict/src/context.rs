//! With what a kernel computes. Nothing here changes a bit of a result.

use std::sync::{Mutex, PoisonError};

use openledger_simd::{Level, Operation, RunTasks};

use crate::buffers::Buffers;

/// Elements below which a kernel is not shared among threads: waking one costs more.
const SHARED_FROM: usize = 1 << 14;

/// Instruction set and threads of a run.
pub(crate) struct Context<'c> {
    pub level: Level,
    pub tasks: &'c (dyn RunTasks + Sync),
    pub buffers: &'c Buffers,
}

impl Context<'_> {
    /// Fills `out` in pieces of `piece` elements, possibly at once: `fill(first, part)` fills the part that begins at
    /// element `first`. `work` estimates operations of the whole.
    pub fn fill<T: Send>(&self, out: &mut [T], piece: usize, work: usize, fill: &(dyn Fn(usize, &mut [T]) + Sync)) {
        let (len, piece) = (out.len(), piece.max(1));
        let threads = self.tasks.threads();
        if threads < 2 || work < SHARED_FROM || len <= piece {
            return fill(0, out);
        }
        // A few more parts than threads, as some end sooner.
        let pieces = len.div_ceil(piece);
        let share = pieces.div_ceil(threads.saturating_mul(3)).saturating_mul(piece);
        let parts: Vec<_> = out.chunks_mut(share).map(Mutex::new).collect();
        self.tasks.run(parts.len(), &|index| {
            if let Some(part) = parts.get(index) {
                let mut part = part.lock().unwrap_or_else(PoisonError::into_inner);
                fill(index.saturating_mul(share), &mut part);
            }
        });
    }

    /// Runs plain code compiled for the level's instructions.
    #[inline]
    pub fn compiled(&self, code: impl FnOnce()) {
        self.level.run(Plain(code));
    }
}

/// Code without explicit vectors. The compiler makes them, in the order of the code: it never reorders or fuses.
struct Plain<F>(F);

impl<F: FnOnce()> Operation for Plain<F> {
    #[inline(always)]
    fn run<I: openledger_simd::Isa>(self, _: I) {
        (self.0)();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Counts the tasks and runs them backwards.
    struct Backwards(AtomicUsize);

    impl RunTasks for Backwards {
        fn threads(&self) -> usize {
            2
        }

        fn run(&self, count: usize, task: &(dyn Fn(usize) + Sync)) {
            self.0.fetch_add(count, Ordering::Relaxed);
            (0..count).rev().for_each(task);
        }
    }

    #[test]
    fn parts_are_whole_pieces_and_fill_everything() {
        for (len, piece) in [(1000, 10), (7, 7), (100, 1), (64, 0)] {
            let tasks = Backwards(AtomicUsize::new(0));
            let context = Context { level: Level::best(), tasks: &tasks, buffers: &Buffers::default() };
            let mut out = vec![usize::MAX; len];
            context.fill(&mut out, piece, SHARED_FROM, &|first, part| {
                assert!(first.is_multiple_of(piece.max(1)));
                part.iter_mut().enumerate().for_each(|(at, out)| *out = first + at);
            });
            assert!(out.iter().enumerate().all(|(at, value)| *value == at), "{len} {piece}");
            assert_eq!(tasks.0.into_inner() > 1, len > piece, "{len} {piece}");
        }
    }

    #[test]
    fn little_work_is_not_shared() {
        let tasks = Backwards(AtomicUsize::new(0));
        let context = Context { level: Level::best(), tasks: &tasks, buffers: &Buffers::default() };
        context.fill(&mut [0; 100], 1, SHARED_FROM - 1, &|_, _| {});
        assert_eq!(tasks.0.into_inner(), 0);
    }
}
