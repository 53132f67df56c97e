//! Every test of generation, scoring and refusals once more with adapters in standard operators,
//! which `support::config` chooses in this target.

#![allow(clippy::unwrap_used, clippy::duplicate_mod)]

#[path = "batching.rs"]
mod batching;
#[path = "golden.rs"]
mod golden;
#[path = "optimum.rs"]
mod optimum;
#[path = "refusals.rs"]
mod refusals;
#[path = "shapes.rs"]
mod shapes;
