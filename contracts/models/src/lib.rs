//! Base models and LoRA adapters: provenance, prices, splits.

pub mod msg;
pub mod split;
