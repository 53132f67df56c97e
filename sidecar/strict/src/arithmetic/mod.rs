//! Functions from exact operations alone: IEEE additions, multiplications, divisions and bits.
//!
//! None calls the platform's mathematics library, whose bits differ between systems, and none fuses a multiplication
//! with an addition. They are written for one number; loops over them are compiled for every instruction set.

mod exp;
mod log;
mod sum;
mod trigonometry;

pub use exp::{exp, sigmoid, tanh};
pub use log::log;
pub use sum::sum;
pub use trigonometry::{cos, sin};
