//! A validator: recomputes batches and epochs from their evidence and signs only what follows.

mod arithmetic;
mod attest;
mod reexecution;

pub use attest::{Attestation, Holder, Validator};
pub use reexecution::Tolerance;
