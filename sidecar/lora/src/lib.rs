//! The low-rank products of many LoRA adapters in one batch, on CPU.
//!
//! A linear layer `y = W x` gets `y += s B (A x)` for every token whose batch row has an adapter.
//! A step is planned once ([`StepPlan`]): its rows are sorted by adapter, so that every layer
//! ([`Layer::add`]) reads each adapter's matrices once for all of that adapter's tokens.
//!
//! **Same bits.** The result of a token depends on its `x`, its `y` and its adapter alone. Not on
//! the other rows, not on the number of threads, and not on the instruction set: every sum has a
//! fixed order over 16 lanes, and every multiply-add is fused. A processor without fused
//! multiply-add gets the same numbers from software, slowly.

mod error;
mod kernel;
mod layer;
mod module;
mod packed;
mod plan;
mod region;

pub use error::LoraError;
pub use layer::{Layer, Part};
pub use module::{Adapter, MAX_RANK, Matrices, Module};
pub use openledger_simd::{Level, RunTasks, Sequential};
pub use plan::{Segment, StepPlan};
