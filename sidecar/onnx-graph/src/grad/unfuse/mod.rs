//! Contrib operators rewritten in standard ones, so that every node has a gradient rule and any ONNX
//! Runtime runs the result.
//!
//! One file per family of operators. An operator that is not known here passes unchanged: it is refused
//! later if a gradient has to pass through it, and kept if it only computes masks or positions.

mod activation;
mod attention;
mod norm;
mod quantised;
mod rotary;

use super::{GradError, graph::GraphBuilder};
use crate::{proto::NodeProto, validate::plain_domain};

/// Rewrites node after node.
#[derive(Debug, Default)]
pub(crate) struct Unfuse {
    /// Cache inputs that hold nothing: the graph runs whole sequences.
    pub empty_past: Vec<String>,
    /// A value whose second axis is the tokens: all layers then share what depends on their number only.
    pub token_ids: Option<String>,
}

impl Unfuse {
    /// Adds a node, rewritten if it is fused. Outputs keep their names.
    ///
    /// # Errors
    /// [`GradError::Node`] for a use of a fused operator that is not covered.
    pub fn push(&self, graph: &mut GraphBuilder, node: &NodeProto) -> Result<(), GradError> {
        graph.enter(&format!("{}/unfused", node.name()));
        match rewriting(node) {
            Some(rewrite) => rewrite(graph, node, self),
            None => graph.push(node.clone()),
        }
    }
}

type Rewriting = fn(&mut GraphBuilder, &NodeProto, &Unfuse) -> Result<(), GradError>;

fn rewriting(node: &NodeProto) -> Option<Rewriting> {
    Some(match (plain_domain(node.domain()), node.op_type()) {
        // The runtime registers this one under the standard domain.
        ("" | "com.microsoft", "SimplifiedLayerNormalization") | ("", "RMSNormalization") => norm::rms,
        ("com.microsoft", "SkipSimplifiedLayerNormalization") => norm::skip_rms,
        ("", "LayerNormalization") => norm::layer,
        ("com.microsoft", "SkipLayerNormalization") => norm::skip_layer,
        ("" | "com.microsoft", "Gelu") => activation::gelu,
        ("com.microsoft", "FastGelu") => activation::fast_gelu,
        ("com.microsoft", "QuickGelu") => activation::quick_gelu,
        ("com.microsoft", "RotaryEmbedding") => rotary::embedding,
        ("com.microsoft", "MatMulNBits") => quantised::product,
        ("com.microsoft", "GroupQueryAttention") => attention::grouped,
        _ => return None,
    })
}

/// Whether a node is a fused one that is rewritten.
pub(crate) fn is_fused(node: &NodeProto) -> bool {
    rewriting(node).is_some()
}

/// Name of an input, unless it is left out.
fn optional(node: &NodeProto, index: usize) -> Option<&str> {
    node.input.get(index).map(String::as_str).filter(|name| !name.is_empty())
}

/// Name of an output, unless it is left out.
fn output(node: &NodeProto, index: usize) -> Option<&str> {
    node.output.get(index).map(String::as_str).filter(|name| !name.is_empty())
}

/// Name of an input that must be there.
fn required(node: &NodeProto, index: usize) -> Result<&str, GradError> {
    optional(node, index).ok_or_else(|| {
        super::rules::refuse(node, &format!("lacks input {index}; the file is damaged, export it again"))
    })
}

/// Gives a value the name that readers of the fused node know.
fn rename(graph: &mut GraphBuilder, value: &str, name: &str) -> Result<(), GradError> {
    graph.op_named("Identity", &[value], Vec::new(), &[name])
}
