//! The threads of a session.

use openledger_simd::{RunTasks, Sequential};
use rayon::{
    ThreadPool, ThreadPoolBuilder,
    iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator},
};

use crate::StrictError;

/// Most threads of a session.
const MAX_THREADS: usize = 256;

/// A number of threads; one is the caller's.
pub(crate) enum Threads {
    One,
    Many(ThreadPool),
}

impl Threads {
    /// Starts threads; 0 stands for one per core.
    ///
    /// # Errors
    /// [`StrictError::Threads`].
    pub fn start(count: usize) -> Result<Self, StrictError> {
        let count = match count {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            count => count,
        };
        if count == 1 {
            return Ok(Self::One);
        }
        let failed = |error: rayon::ThreadPoolBuildError| StrictError::Threads(error.to_string());
        let builder = ThreadPoolBuilder::new().num_threads(count.min(MAX_THREADS));
        builder.thread_name(|index| format!("strict-{index}")).build().map(Self::Many).map_err(failed)
    }

    /// Runs a program. It runs on one of the threads itself, so that its parts need not be handed over.
    pub fn with<T: Send>(&self, run: impl FnOnce(&(dyn RunTasks + Sync)) -> T + Send) -> T {
        match self {
            Self::One => run(&Sequential),
            Self::Many(pool) => pool.install(|| run(&Pool(pool.current_num_threads()))),
        }
    }
}

/// The pool whose thread the caller is on.
struct Pool(usize);

impl RunTasks for Pool {
    fn threads(&self) -> usize {
        self.0
    }

    fn run(&self, count: usize, task: &(dyn Fn(usize) + Sync)) {
        (0..count).into_par_iter().with_max_len(1).for_each(task);
    }
}
