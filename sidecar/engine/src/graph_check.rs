//! What a decoder graph may not have, because serving it would fail later or answer wrongly.
//!
//! A batch mixes rows of different lengths and its cache grows with them. Some exports are made for
//! one sequence in a buffer of fixed size: each of their habits is refused here by name, with the
//! option of the builder that avoids it.

use openledger_onnx_graph::{
    Model,
    proto::{
        AttributeProto, NodeProto, ValueInfoProto,
        tensor_shape_proto::{Dimension, dimension},
        type_proto,
    },
};

use crate::{EngineError, interface::unsupported, model_config::DecoderConfig};

/// Widths of heads that the operator rotates are multiples of this.
const ROTATED_HEAD_SIZES: i64 = 16;
/// Index of the rotary cosines among the inputs of grouped attention.
const COSINES: usize = 7;
/// Index of what is added to its scores.
const SCORE_BIAS: usize = 10;
/// Axes of positions: rows and tokens.
const POSITION_AXES: usize = 2;

/// Checks a graph before anything else is asked of it.
///
/// # Errors
/// [`EngineError::ModelUnsupported`] naming the first thing that is not served.
pub(crate) fn check(model: &Model, decoder: &DecoderConfig) -> Result<(), EngineError> {
    let graph = model.graph();
    for node in &graph.node {
        match node.op_type() {
            "GroupQueryAttention" => attention(model, node, decoder)?,
            "PagedAttention" => return Err(refused(node, "paged attention", "without use_paged_attention")),
            _ => {}
        }
    }
    let positions = graph.input.iter().find(|input| input.name() == decoder.inputs.position_ids);
    let axes = positions.and_then(axes).map_or(POSITION_AXES, <[Dimension]>::len);
    if axes != POSITION_AXES {
        return Err(unsupported(format!(
            "its positions have {axes} axes, as those of pictures and time have; export a text-only decoder"
        )));
    }
    let logits = graph.output.iter().find(|output| output.name() == decoder.outputs.logits);
    // Such a graph takes the last column, which is padding in rows that are shorter than others.
    if logits.and_then(second_dimension) == Some(1) {
        return Err(unsupported("it has logits for the last token only; export with prune_lm_head=false".to_owned()));
    }
    Ok(())
}

fn attention(model: &Model, node: &NodeProto, decoder: &DecoderConfig) -> Result<(), EngineError> {
    let set = |name: &str| integer(node, name).is_some_and(|value| value != 0);
    if set("sliding_window_cache") {
        return Err(refused(node, "a cache of fixed size (sliding_window_cache)", "with windowed_kv_cache=false"));
    }
    for name in ["k_quant_type", "v_quant_type"] {
        if text(node, name).is_some_and(|kind| kind != b"NONE") {
            return Err(refused(node, &format!("a quantised cache ({name})"), "with kv_cache_quant_scheme=none"));
        }
    }
    // It is made for the longest row of a batch; what it means for the others is the model's own affair.
    if node.input.get(SCORE_BIAS).is_some_and(|name| !name.is_empty()) {
        return Err(refused(node, "scores with an addition of its own (attention_bias)", "a model without it"));
    }
    if set("do_rotary") {
        let size = i64::try_from(decoder.head_size).unwrap_or(i64::MAX);
        if size % ROTATED_HEAD_SIZES != 0 {
            let what = format!("heads of {size} numbers, no multiple of {ROTATED_HEAD_SIZES}, with rotary positions");
            return Err(refused(node, &what, "a model with other heads"));
        }
        // Chosen at run time, by the longest row of a batch: the others would get its rotation.
        if let Some(cosines) = node.input.get(COSINES).filter(|name| !name.is_empty()) {
            let constant = model.graph().initializer.iter().any(|tensor| tensor.name() == cosines)
                || model.graph().node.iter().any(|node| node.op_type() == "Constant" && node.output.contains(cosines));
            if !constant {
                let what = "rotations that depend on the length of the batch (LongRoPE)";
                return Err(refused(node, what, "a variant of the model with one range of lengths"));
            }
        }
    }
    Ok(())
}

fn refused(node: &NodeProto, what: &str, instead: &str) -> EngineError {
    unsupported(format!("{:?} has {what}; export {instead}", node.name()))
}

fn attribute<'n>(node: &'n NodeProto, name: &str) -> Option<&'n AttributeProto> {
    node.attribute.iter().find(|attribute| attribute.name() == name)
}

fn integer(node: &NodeProto, name: &str) -> Option<i64> {
    attribute(node, name)?.i
}

fn text<'n>(node: &'n NodeProto, name: &str) -> Option<&'n [u8]> {
    attribute(node, name)?.s.as_deref()
}

fn axes(value: &ValueInfoProto) -> Option<&[Dimension]> {
    let type_proto::Value::TensorType(tensor) = value.r#type.as_ref()?.value.as_ref()? else {
        return None;
    };
    Some(&tensor.shape.as_ref()?.dim)
}

fn second_dimension(value: &ValueInfoProto) -> Option<i64> {
    match axes(value)?.get(1)?.value.as_ref()? {
        dimension::Value::DimValue(size) => Some(*size),
        dimension::Value::DimParam(_) => None,
    }
}
