//! External commands: how they are described, run, bound to this process' life, and reported when they fail.

mod bound;
mod foreground;
mod step;

pub use bound::{become_bound, bind};
pub use foreground::{Running, Stop};
pub use step::Step;
