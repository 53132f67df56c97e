//! Why a graph cannot be differentiated, each with what to do about it.

use crate::GraphError;

/// A refusal of the gradient compiler. The model that was given is never changed.
#[derive(Debug, thiserror::Error)]
pub enum GradError {
    /// The operator set is too old or too new for what the compiler writes.
    #[error("ONNX operator set {version} is not in {min}..={max}; export the model with another opset")]
    Opset {
        /// The version found, 0 when the model imports none.
        version: i64,
        /// Lowest supported.
        min: i64,
        /// Highest supported.
        max: i64,
    },
    /// The graph has no input or value of a name that the options give.
    #[error("the graph has no {what} {name:?}; take the name from the model's configuration")]
    NoSuchValue {
        /// What was looked for, for example `input`.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A value has a type or shape that the compiler does not take in this place.
    #[error("value {name:?}: {reason}")]
    Value {
        /// The value.
        name: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A gradient would have to pass through an operator without a rule.
    #[error(
        "node {node:?}: operator {op:?} has no gradient rule; export the decoder with the onnxruntime-genai builder in fp32"
    )]
    NoRule {
        /// The node.
        node: String,
        /// Its operator, with the domain unless it is the standard one.
        op: String,
    },
    /// An operator with a rule is used in a way the rule does not cover.
    #[error("node {node:?}: operator {op:?} {reason}")]
    Node {
        /// The node.
        node: String,
        /// Its operator.
        op: String,
        /// What is not covered and what to do.
        reason: String,
    },
    /// The differentiated output does not depend on an input it is to be differentiated by.
    #[error("{output:?} does not depend on {input:?}; check that the LoRA sites belong to this model")]
    Independent {
        /// The output.
        output: String,
        /// The input.
        input: String,
    },
    /// No LoRA site was given, so there is nothing to differentiate by.
    #[error("there is no LoRA site to differentiate by; find the sites of this model first")]
    NoSites,
    /// The graph would become larger than the bound.
    #[error("the gradient graph would have more than {limit} nodes; use a smaller model")]
    TooManyNodes {
        /// The bound.
        limit: usize,
    },
    /// The model that results is not whole.
    #[error(transparent)]
    Graph(#[from] GraphError),
}
