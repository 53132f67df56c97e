//! One-step fraud proofs: decided here, by arithmetic alone, and undone here.

mod batch;
mod epoch;
mod terms;
mod void;

pub use batch::run as prove_batch;
pub use epoch::run as prove_epoch;
