//! Reverse mode: from a decoder's graph to one graph that also returns its gradients.
//!
//! [`gradient_graph`] takes a decoder as it was exported and returns one graph in standard ONNX operators that
//! any ONNX Runtime runs, no training build needed. It computes the log-probabilities of given tokens and the
//! gradients of their weighted sum by LoRA factors that every row of the batch brings along. One backward pass
//! gives the gradients of every row by its own factors.
//!
//! # Inputs of the gradient graph
//!
//! | name | type | shape | what |
//! |---|---|---|---|
//! | the model's own token inputs | as exported | as exported | `input_ids` [batch, tokens]; mask and positions where the graph still reads them |
//! | [`TARGETS`] | int64 | [batch, tokens] | the token that each position is to predict: `input_ids` moved by one |
//! | [`TARGET_WEIGHTS`] | float32 | [batch, tokens] | 0 for prompt and padding, 1 for an answer's tokens |
//! | [`LoraFactors::a_input`] | float32 | [batch, rank, in] | A of each row, as PEFT stores it |
//! | [`LoraFactors::b_input`] | float32 | [batch, out, rank] | B of each row, times the adapter's scale |
//!
//! Cache inputs are gone: gradients are of whole sequences. Inputs that nothing reads any more are gone too: a
//! graph with `GroupQueryAttention` keeps `input_ids` only, because a causal mask hides padding **on the right**.
//! Exports with an explicit attention mask keep it and take padding on either side.
//!
//! # Outputs
//!
//! | name | type | shape | what |
//! |---|---|---|---|
//! | [`LOG_PROBS`] | float32 | [batch, tokens] | log-probability of each target in nats; 0 where the weight is 0 |
//! | [`LOG_LIKELIHOOD`] | float32 | \[batch\] | Σ weight · log-probability of the row |
//! | [`LoraFactors::a_gradient`], [`LoraFactors::b_gradient`] | float32 | as the inputs | gradient of the row's log-likelihood |
//!
//! Where neighbouring rows share an adapter, as in training, [`grouped_gradient_graph`] takes factors of groups of rows.
//! [`curvature_graph`] also returns what the curvature of a training's loss is estimated from.
//!
//! The gradient is of the log-likelihood; a loss to be minimised is its negative.
//!
//! # Example
//!
//! ```no_run
//! use openledger_onnx_graph::{AttentionShape, LoadLimits, Model, find_sites};
//! use openledger_onnx_graph::grad::{GradientOptions, gradient_graph, lora_factors};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let model = Model::load("examples/model/model.onnx".as_ref(), &LoadLimits::default())?;
//! let attention = AttentionShape { heads: 4, kv_heads: 2, head_size: 32 };
//! let sites = find_sites(&model, &attention)?;
//! let past = (0..4).flat_map(|i| ["key", "value"].map(|kind| format!("past_key_values.{i}.{kind}"))).collect();
//! let factors = lora_factors(&sites);
//! let (input_ids, logits) = ("input_ids".to_owned(), "logits".to_owned());
//! let graph = gradient_graph(&model, &GradientOptions { input_ids, logits, past, attention, sites })?;
//! // External weights keep their file names: write the graph beside them.
//! std::fs::write("examples/model/gradient.onnx", graph.to_bytes())?;
//! println!("feed {} and read {}", factors[0].a_input, factors[0].a_gradient);
//! # Ok(())
//! # }
//! ```
//!
//! # How it works
//!
//! Fused operators are rewritten in standard ones, LoRA paths are added, and the graph is walked back from the
//! logits along the paths that LoRA factors reach; frozen weights get no gradient. Positions without a weight are
//! left out before the head, the widest product. Batch and length stay symbolic: where a shape matters and is not
//! known, the graph asks itself with `Shape`. Quantised matrices are restored in 32 bits, once, when a runtime loads the
//! graph. An operator without a rule is refused by name.
//! [`vector_jacobian_product`] does the walk for any graph.
//!
//! The method is plain reverse-mode differentiation (Griewank and Walther, *Evaluating Derivatives*). The
//! product form of per-example gradients of linear layers is Goodfellow's (*Efficient Per-Example Gradient
//! Computations*, 2015). Operator semantics are those of the ONNX specification and of the contrib operator
//! documentation of ONNX Runtime.

pub(crate) mod attributes;
mod cache;
mod decoder;
mod dims;
mod emit;
mod error;
mod factors;
mod graph;
mod head;
mod infer;
mod objective;
mod paths;
pub(crate) mod prune;
mod reverse;
mod rules;
mod unfuse;
mod values;
mod vjp;

pub use decoder::{
    GradientOptions, LOG_LIKELIHOOD, LOG_PROBS, TARGET_SIGNS, TARGET_WEIGHTS, TARGETS, curvature_graph, gradient_graph,
    grouped_gradient_graph, signs_side, weight_gradient,
};
pub use error::GradError;
pub use factors::{LoraFactors, lora_factors};
pub use vjp::{adjoint_name, gradient_name, vector_jacobian_product};
