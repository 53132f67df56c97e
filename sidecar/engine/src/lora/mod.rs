//! The LoRA path on CPU: an operator of ONNX Runtime around `openledger-lora`.
//!
//! The graph holds one `openlora.LoraDelta` per linear layer. Before a run the engine leaves the
//! plan of the step in [`CurrentStep`]; the operators read it there, so that rows are sorted once
//! per step and adapters are no inputs of the graph.

mod operator;
mod step;
#[cfg(test)]
mod tests;

pub(crate) use operator::operators;
pub(crate) use step::{CurrentStep, Plans};
