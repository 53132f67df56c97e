//! The session's own threads, for our operators: others would compete with them for the cores.

use std::cell::RefCell;

use openledger_lora::RunTasks;
use ort::operator::ComputeContext;

/// The number of threads of a session that was given `configured`; 0 stands for all cores.
pub(crate) fn threads(configured: usize) -> usize {
    match configured {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        some => some,
    }
}

/// The threads that run an operator.
pub(crate) struct Pool<'c> {
    context: &'c ComputeContext,
    threads: usize,
    failure: RefCell<Option<ort::Error>>,
}

impl<'c> Pool<'c> {
    pub fn new(context: &'c ComputeContext, threads: usize) -> Self {
        Self { context, threads, failure: RefCell::new(None) }
    }

    /// Ends the use of the threads.
    ///
    /// # Errors
    /// What ONNX Runtime said when it refused to run tasks.
    pub fn finish(self) -> ort::Result<()> {
        self.failure.into_inner().map_or(Ok(()), Err)
    }
}

impl RunTasks for Pool<'_> {
    fn threads(&self) -> usize {
        self.threads
    }

    fn run(&self, count: usize, task: &(dyn Fn(usize) + Sync)) {
        // Not tried again: some tasks may have run, and a delta must not be added twice.
        if let Err(error) = self.context.par_for(count, self.threads.min(count), task) {
            self.failure.replace(Some(error));
        }
    }
}
