//! A validator: recomputes batches and epochs from their evidence and signs only what follows.

mod arithmetic;
mod attest;
mod reexecution;

pub use attest::{Attestation, Validator};
pub use reexecution::Tolerance;
