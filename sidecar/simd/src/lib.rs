//! Sixteen float lanes with the same bits on every instruction set, chosen at run time.
//!
//! A kernel is written once as an [`Operation`] over an [`Isa`] and compiled for every [`Level`].
//! All levels do the same arithmetic lane by lane, every multiply-add rounds once, and no sum is
//! reordered, so that a result does not say which processor computed it.

mod dispatch;
mod exp;
mod isa;
mod tasks;

pub use dispatch::{Level, Operation};
pub use exp::exp;
pub use isa::{Isa, LANES, Portable, padded, total};
pub use tasks::{RunTasks, Sequential};
