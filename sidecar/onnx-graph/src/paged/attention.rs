//! From `com.microsoft.GroupQueryAttention` to `openlora.PagedAttention`.

use super::PagedOptions;
use crate::{
    GraphError,
    build::{float_attribute, int_attribute, node},
    domain::OPERATOR_DOMAIN,
    grad::attributes,
    proto::{GraphProto, NodeProto},
};

/// Name of the operator.
pub const PAGED_ATTENTION: &str = "PagedAttention";
/// Attribute: number of the layer, from 0.
pub const LAYER: &str = "layer";
/// Attribute: query heads.
pub const HEADS: &str = "heads";
/// Attribute: key and value heads.
pub const KV_HEADS: &str = "kv_heads";
/// Attribute: width of a head.
pub const HEAD_SIZE: &str = "head_size";
/// Attribute: factor on the product of query and key; 0 stands for `1 / sqrt(head_size)`.
pub const ATTENTION_SCALE: &str = "scale";
/// Attribute: scores are bent to `softcap * tanh(score / softcap)`; 0 leaves them alone.
pub const ATTENTION_SOFTCAP: &str = "softcap";
/// Attribute: tokens that a token attends to, itself included; -1 for all.
pub const ATTENTION_WINDOW: &str = "window";
/// Attribute: 1 when queries and keys are rotated by their positions.
pub const DO_ROTARY: &str = "do_rotary";
/// Attribute: 1 when rotation pairs neighbours.
pub const ROTARY_INTERLEAVED: &str = "rotary_interleaved";

const REPLACED: &str = "GroupQueryAttention";
/// Attributes whose meaning the operator has.
const HONOURED: [&str; 7] =
    ["num_heads", "kv_num_heads", "scale", "softcap", "local_window_size", "do_rotary", "rotary_interleaved"];
/// Attributes that are honoured as long as they switch nothing on.
const OFF: [&str; 2] = ["smooth_softmax", "qk_output"];
/// Attributes that are honoured as long as the cache is not quantised.
const FLOATS: [&str; 2] = ["k_quant_type", "v_quant_type"];

/// Positions of the operator's inputs.
mod input {
    pub const QUERY: usize = 0;
    pub const KEY: usize = 1;
    pub const VALUE: usize = 2;
    pub const COS: usize = 7;
    pub const SIN: usize = 8;
    /// Whatever comes from here on.
    pub const OTHERS: [(usize, &str); 3] = [(9, "positions of its own"), (10, "a bias"), (11, "a sink")];
    pub const KNOWN: usize = 12;
}

/// Replaces all nodes and returns their number.
pub(super) fn replace_all(graph: &mut GraphProto, options: &PagedOptions<'_>) -> Result<usize, GraphError> {
    let mut layers = 0_usize;
    for place in &mut graph.node {
        if place.op_type() == REPLACED && place.domain() == "com.microsoft" {
            *place = replaced(place, layers, options)?;
            layers += 1;
        }
    }
    if layers == 0 {
        return Err(GraphError::NoAttention);
    }
    Ok(layers)
}

fn replaced(old: &NodeProto, layer: usize, options: &PagedOptions<'_>) -> Result<NodeProto, GraphError> {
    check(old, options)?;
    let given = |at: usize| old.input.get(at).map_or("", String::as_str);
    let int = |name: &str, default: i64| attributes::int(old, name).unwrap_or(default);
    let rotary = int("do_rotary", 0) != 0;
    let [cos, sin] = if rotary { [given(input::COS), given(input::SIN)] } else { ["", ""] };
    if rotary && (cos.is_empty() || sin.is_empty()) {
        return Err(refuse(old, "it rotates without tables; export the model again"));
    }
    if given(input::QUERY).is_empty() || given(input::KEY).is_empty() != given(input::VALUE).is_empty() {
        return Err(refuse(old, "it needs queries, and keys and values together; export the model again"));
    }
    let y = old.output.first().map_or("", String::as_str);
    let inputs = [given(input::QUERY), given(input::KEY), given(input::VALUE), cos, sin];
    let mut new = node(PAGED_ATTENTION, old.name(), &inputs, y);
    new.domain = Some(OPERATOR_DOMAIN.to_owned());
    let size = |size: usize| i64::try_from(size).map_err(|_| refuse(old, "its sizes are absurd"));
    let shape = &options.attention;
    new.attribute = vec![
        int_attribute(LAYER, size(layer)?),
        int_attribute(HEADS, size(shape.heads)?),
        int_attribute(KV_HEADS, size(shape.kv_heads)?),
        int_attribute(HEAD_SIZE, size(shape.head_size)?),
        float_attribute(ATTENTION_SCALE, attributes::float(old, "scale").unwrap_or(0.0)),
        float_attribute(ATTENTION_SOFTCAP, attributes::float(old, "softcap").unwrap_or(0.0)),
        int_attribute(ATTENTION_WINDOW, int("local_window_size", -1)),
        int_attribute(DO_ROTARY, i64::from(rotary)),
        int_attribute(ROTARY_INTERLEAVED, int("rotary_interleaved", 0)),
    ];
    Ok(new)
}

/// Refuses a node that means more than the operator can do.
fn check(node: &NodeProto, options: &PagedOptions<'_>) -> Result<(), GraphError> {
    let given = |at: usize| node.input.get(at).is_some_and(|name| !name.is_empty());
    for (at, what) in input::OTHERS {
        if given(at) {
            return Err(refuse(node, &format!("it has {what}, which the paged form lacks; export without")));
        }
    }
    if (input::KNOWN..node.input.len()).any(given) {
        return Err(refuse(node, "it has norms, scales or other inputs that the paged form lacks; export without"));
    }
    if node.output.iter().skip(3).any(|name| !name.is_empty()) {
        return Err(refuse(node, "it returns its scores; export for inference"));
    }
    for attribute in &node.attribute {
        let name = attribute.name();
        let honoured = HONOURED.contains(&name)
            || (OFF.contains(&name) && attribute.i() <= 0)
            || (FLOATS.contains(&name) && attribute.s() == b"NONE")
            || (name == "kv_cache_bit_width" && attribute.i() == 0);
        if !honoured {
            return Err(refuse(node, &format!("its attribute {name:?} is not supported; export without it")));
        }
    }
    let shape = &options.attention;
    for (name, expected) in [("num_heads", shape.heads), ("kv_num_heads", shape.kv_heads)] {
        if attributes::int(node, name).and_then(|count| usize::try_from(count).ok()) != Some(expected) {
            return Err(refuse(node, &format!("its {name} is not {expected}; check genai_config.json")));
        }
    }
    match attributes::int(node, "local_window_size").unwrap_or(-1) {
        -1 | 1.. => Ok(()),
        other => Err(refuse(node, &format!("its window of {other} tokens is none; export the model again"))),
    }
}

fn refuse(node: &NodeProto, reason: &str) -> GraphError {
    GraphError::Attention { node: node.name().to_owned(), reason: reason.to_owned() }
}
