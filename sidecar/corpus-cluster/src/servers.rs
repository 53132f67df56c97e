//! A scheduler and executors that know our functions.
//!
//! Neither asks who calls: whoever reaches a scheduler reads every file that its executors may read, and whoever
//! reaches an executor reads what it passes on, which is text of rows. They belong on loopback or in a network that
//! only the operator's machines are in.

mod executor;
mod scheduler;

pub use executor::Executor;
pub use scheduler::Scheduler;
