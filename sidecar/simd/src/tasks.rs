//! Who runs the parts of a kernel. Kernels own no threads: the caller's would compete with them.

/// Runs numbered tasks, possibly at once.
pub trait RunTasks {
    /// Tasks that can run at once.
    fn threads(&self) -> usize;
    /// Calls `task` once for every number below `count` and returns when all are done.
    fn run(&self, count: usize, task: &(dyn Fn(usize) + Sync));
}

/// One task after the other on the caller's thread.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sequential;

impl RunTasks for Sequential {
    fn threads(&self) -> usize {
        1
    }

    fn run(&self, count: usize, task: &(dyn Fn(usize) + Sync)) {
        (0..count).for_each(task);
    }
}
