//! Decides by arithmetic alone whether a proof shows a fraud. Changes nothing.

mod batch;
mod epoch;
mod equivocation;
mod records;

pub use batch::decide as batch;
pub use epoch::decide as epoch;
pub use equivocation::{decide as equivocation, present};
pub use records::Records;
