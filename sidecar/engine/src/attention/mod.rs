//! The paged attention on CPU: an operator of ONNX Runtime around `openledger-attention`.
//!
//! The graph holds one `openlora.PagedAttention` per layer. Keys and values are no tensors of the
//! graph: they stay in [`KvCache`], one part per layer, and the plan of the step says which of its
//! blocks belong to which rows.

mod cache;
mod operator;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

pub(crate) use cache::KvCache;
pub(crate) use operator::operators;
