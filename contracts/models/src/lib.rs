//! Base models and LoRA adapters: provenance, prices, splits.
