//! The paged form: attention over a cache that the graph does not know, and logits on request.
//!
//! ```text
//! (q [tokens, 1, ..], k, v, cos_cache, sin_cache) -> PagedAttention -> [tokens, 1, heads * head_size]
//! ```
//!
//! Every token of a step is a batch row of its own: `input_ids` is [tokens, 1]. Which sequence a
//! token belongs to, and where keys and values are, belongs to the operator's implementation; the
//! graph only numbers the layers. So prompts, parts of prompts and single tokens share a step, and
//! the past and present tensors and the attention mask go away. Whatever is computed per token
//! stays as it was, and a per-row slot of LoRA becomes one per token.

mod attention;

use std::collections::HashSet;

use crate::{
    AttentionShape, GraphError, Model,
    domain::import_domain,
    grad::prune,
    head::{self, LOGIT_ROWS},
    inject::is_lora_input,
    proto::GraphProto,
};

pub use attention::{
    ATTENTION_SCALE, ATTENTION_SOFTCAP, ATTENTION_WINDOW, DO_ROTARY, HEAD_SIZE, HEADS, KV_HEADS, LAYER,
    PAGED_ATTENTION, ROTARY_INTERLEAVED,
};

/// Names of the graph's interface, as its configuration gives them.
#[derive(Debug, Clone, Copy)]
pub struct PagedOptions<'a> {
    /// Token ids.
    pub input_ids: &'a str,
    /// Output with the logits.
    pub logits: &'a str,
    /// Past inputs of all layers.
    pub past: &'a [String],
    /// Present outputs of all layers.
    pub present: &'a [String],
    /// Input that goes away with the mask.
    pub attention_mask: &'a str,
    /// Head counts, which the nodes must agree with.
    pub attention: AttentionShape,
}

/// What the transformation made of a graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PagedGraph {
    /// Attention nodes, numbered from 0 in graph order by their attribute [`LAYER`].
    pub layers: usize,
    /// Inputs that remain beside `input_ids`, [`LOGIT_ROWS`] and those of LoRA, for example
    /// `position_ids` [tokens, 1] when rotation is no part of the attention nodes.
    pub other_inputs: Vec<String>,
}

/// Replaces every `GroupQueryAttention` by `openlora.PagedAttention` and gathers the rows of
/// [`LOGIT_ROWS`] before the head, whose result becomes [chosen, 1, vocabulary].
///
/// Composes with [`crate::inject_lora`] in either order.
///
/// # Errors
/// [`GraphError::Attention`] for a node whose meaning the operator does not have,
/// [`GraphError::NoAttention`] without nodes, [`GraphError::Paged`] when something else reads the
/// cache or the mask, [`GraphError::Head`] when no head is found. The model is unchanged then.
pub fn page_attention(model: &mut Model, options: &PagedOptions<'_>) -> Result<PagedGraph, GraphError> {
    let mut changed = model.clone();
    let graph = changed.graph_mut();
    if graph.input.iter().any(|input| input.name() == LOGIT_ROWS) {
        return Err(paged(format!("the graph has an input {LOGIT_ROWS:?} already; transform the original model")));
    }
    let layers = attention::replace_all(graph, options)?;
    graph.output.retain(|output| !options.present.iter().any(|name| name == output.name()));
    head::gather_before(graph, options.logits, head::Layout::Tokens)?;
    // The mask's subgraph has no reader any more.
    let lora = graph.input.iter().map(|input| input.name()).filter(|name| is_lora_input(name));
    let kept: HashSet<String> = lora.map(str::to_owned).collect();
    prune::prune(graph, &kept);
    let other_inputs = remaining(graph, options)?;
    import_domain(&mut changed, model, PAGED_ATTENTION)?;
    changed.check()?;
    *model = changed;
    Ok(PagedGraph { layers, other_inputs })
}

/// The inputs that are left, after checking that the cache and the mask are not among them.
fn remaining(graph: &GraphProto, options: &PagedOptions<'_>) -> Result<Vec<String>, GraphError> {
    let constants: HashSet<&str> = graph.initializer.iter().map(|tensor| tensor.name()).collect();
    let mut others = Vec::new();
    for name in graph.input.iter().map(|input| input.name()).filter(|name| !constants.contains(name)) {
        if name == options.attention_mask || options.past.iter().any(|past| past == name) {
            let reader = graph.node.iter().find(|node| prune::reads(node).contains(&name));
            let reader = reader.map_or("an output", |node| node.name());
            return Err(paged(format!(
                "{reader:?} reads {name:?} beside the attention nodes; export with the onnxruntime-genai builder for CPU"
            )));
        }
        if name != options.input_ids && name != LOGIT_ROWS && !is_lora_input(name) {
            others.push(name.to_owned());
        }
    }
    Ok(others)
}

fn paged(reason: String) -> GraphError {
    GraphError::Paged { reason }
}
