//! Causal attention over a cache of blocks for many sequences in one step, on CPU.
//!
//! The tokens of a step lie one after the other, whatever they are: a prompt, a part of one, or a
//! single new token ([`AttentionPlan`]). Their keys and values go into blocks that belong to the
//! caller's sequences ([`LayerCache`]), and every token attends to its own sequence
//! ([`Attention::run`]). Nothing is padded and nothing of the cache is copied.
//!
//! **Same bits.** The result of a token depends on the tokens of its own sequence up to it and on
//! nothing else. Not on how the sequence was cut into steps, not on its neighbours, not on the
//! number of threads and not on the instruction set: keys are reduced in tiles that are counted
//! from position 0, in one fixed order.

mod attention;
mod cache;
mod error;
mod kernel;
mod plan;
mod rotary;
mod rows;
mod work;

pub use attention::{Attention, Rotary, RotaryTables};
pub use cache::{KvLayout, LayerCache};
pub use error::AttentionError;
pub use plan::{AttentionPlan, Span};
pub use rows::Qkv;
