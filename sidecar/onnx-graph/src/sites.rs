//! Finding the linear layers that LoRA adapters attach to, by node name.

use std::{collections::HashMap, ops::Range};

use crate::{
    GraphError, Model, nbits,
    proto::{NodeProto, TensorProto},
};

/// Modules of the attention block, below `attn` or `self_attn`.
const ATTENTION: [&str; 4] = ["q_proj", "k_proj", "v_proj", "o_proj"];
/// Modules of the feed-forward block, below `mlp`.
const FEED_FORWARD: [&str; 3] = ["gate_proj", "up_proj", "down_proj"];
/// The builder's fused query, key and value projection.
const PACKED_ATTENTION: &str = "qkv_proj";
/// The builder's fused gate and up projection (`fuse_mlp_gate_up`).
const PACKED_FEED_FORWARD: &str = "gate_up_proj";

/// Head counts, needed to cut a packed projection into its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttentionShape {
    /// Query heads.
    pub heads: usize,
    /// Key and value heads.
    pub kv_heads: usize,
    /// Width of one head.
    pub head_size: usize,
}

/// One module as a PEFT adapter names it, and the output columns it owns in its node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SitePart {
    /// `q_proj`, `k_proj`, `v_proj`, `o_proj`, `gate_proj`, `up_proj` or `down_proj`.
    pub module: String,
    /// Output columns of the node that belong to this module.
    pub columns: Range<usize>,
}

/// One linear layer `y = x W` with `x` [.., in_features] and `W` [in_features, out_features].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinearSite {
    /// Node name, unique in the graph.
    pub node: String,
    /// Index of the decoder layer.
    pub layer: usize,
    /// ONNX element type of `x` and `y`. A plain weight has it too; a quantised weight is of small
    /// integers, but its product takes and gives this type.
    pub data_type: i32,
    /// Width of `x`.
    pub in_features: usize,
    /// Width of `y`.
    pub out_features: usize,
    /// One part, or q, k and v, or gate and up, in this order when packed.
    pub parts: Vec<SitePart>,
}

/// What the search found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sites {
    /// Linear layers in graph order.
    pub linear: Vec<LinearSite>,
    /// Names of layer-level matrix products with a constant weight that are no known module.
    /// Adapters that target them must be refused.
    pub unmatched: Vec<String>,
}

/// Finds every linear layer of the decoder blocks.
///
/// # Errors
/// [`GraphError::Site`] for a layer of another operator than `MatMul` or `MatMulNBits` of 4 or 8
/// bits, a weight that is not a constant of the shape it should have, a packed projection whose
/// width does not follow from `attention`, or one module found twice.
pub fn find_sites(model: &Model, attention: &AttentionShape) -> Result<Sites, GraphError> {
    let graph = model.graph();
    let weights: HashMap<&str, &TensorProto> = graph.initializer.iter().map(|tensor| (tensor.name(), tensor)).collect();
    let mut sites = Sites::default();
    let mut seen: HashMap<(usize, String), String> = HashMap::new();
    for node in &graph.node {
        if !matches!(node.op_type(), "MatMul" | "MatMulNBits" | "Gemm") {
            continue;
        }
        let Some((layer, module)) = module_of(node.name()) else {
            continue;
        };
        let Some(module) = module else {
            if node.input.get(1).is_some_and(|w| weights.contains_key(w.as_str())) {
                sites.unmatched.push(node.name().to_owned());
            }
            continue;
        };
        let site = linear_site(node, layer, module, &weights, attention)?;
        for part in &site.parts {
            let key = (layer, part.module.clone());
            if let Some(first) = seen.insert(key, site.node.clone()) {
                return Err(refuse(
                    &site.node,
                    format!("{} of layer {layer} was already found at {first:?}", part.module),
                ));
            }
        }
        sites.linear.push(site);
    }
    Ok(sites)
}

/// Layer and, when it is a known one, module of a node name such as
/// `/model/layers.3/self_attn/q_proj/MatMul`. `None` outside of decoder layers.
fn module_of(name: &str) -> Option<(usize, Option<&'static str>)> {
    let segments: Vec<&str> = name.split('/').collect();
    let at = segments.iter().position(|s| s.starts_with("layers."))?;
    let layer = segments.get(at)?.strip_prefix("layers.")?.parse().ok()?;
    let module = match segments.get(at + 1..)? {
        ["attn" | "self_attn", module, _op] => {
            ATTENTION.into_iter().chain([PACKED_ATTENTION]).find(|known| known == module)
        }
        ["mlp", module, _op] => FEED_FORWARD.into_iter().chain([PACKED_FEED_FORWARD]).find(|known| known == module),
        _ => None,
    };
    Some((layer, module))
}

fn linear_site(
    node: &NodeProto,
    layer: usize,
    module: &'static str,
    weights: &HashMap<&str, &TensorProto>,
    attention: &AttentionShape,
) -> Result<LinearSite, GraphError> {
    let name = node.name();
    let (data_type, [in_features, out_features]) = match node.op_type() {
        "MatMul" => plain(node, weights),
        _ if nbits::is_quantised(node) => quantised(node, weights),
        other => Err(format!("operator {other} is not supported; export with MatMul or MatMulNBits layers")),
    }
    .map_err(|reason| refuse(name, reason))?;
    Ok(LinearSite {
        node: name.to_owned(),
        layer,
        data_type,
        in_features,
        out_features,
        parts: parts(name, module, out_features, attention)?,
    })
}

/// Element type and widths of a `MatMul` with a constant.
fn plain(node: &NodeProto, weights: &HashMap<&str, &TensorProto>) -> Result<(i32, [usize; 2]), String> {
    if node.input.len() != 2 || node.output.len() != 1 {
        return Err("a MatMul has two inputs and one output".to_owned());
    }
    let weight =
        constant(node, 1, weights).ok_or("its weight is not a constant of the graph; export with use_qdq=false")?;
    let wrong = || format!("its weight has shape {:?}", weight.dims);
    let &[k, n] = weight.dims.as_slice() else {
        return Err(wrong());
    };
    Ok((weight.data_type(), widths(k, n).ok_or_else(wrong)?))
}

/// Element type and widths of a `MatMulNBits`, whose scales have the type of its activations.
fn quantised(node: &NodeProto, weights: &HashMap<&str, &TensorProto>) -> Result<(i32, [usize; 2]), String> {
    if node.output.len() != 1 {
        return Err("a MatMulNBits has one output".to_owned());
    }
    let sizes = nbits::packing(node).map_err(|reason| format!("MatMulNBits {reason}"))?;
    let packed = constant(node, nbits::PACKED, weights).ok_or("its weight is not a constant of the graph")?;
    let scales = constant(node, nbits::SCALES, weights).ok_or("its scales are not a constant of the graph")?;
    nbits::check_constants(&sizes, packed, scales)?;
    let widths = widths(sizes.k, sizes.n).ok_or_else(|| format!("its sizes are {sizes:?}"))?;
    Ok((scales.data_type(), widths))
}

fn constant<'g>(node: &NodeProto, index: usize, weights: &HashMap<&str, &'g TensorProto>) -> Option<&'g TensorProto> {
    weights.get(node.input.get(index)?.as_str()).copied()
}

fn widths(k: i64, n: i64) -> Option<[usize; 2]> {
    Some([usize::try_from(k).ok()?, usize::try_from(n).ok()?])
}

fn parts(
    node: &str,
    module: &'static str,
    out_features: usize,
    attention: &AttentionShape,
) -> Result<Vec<SitePart>, GraphError> {
    let part = |module: &str, columns: Range<usize>| SitePart { module: module.to_owned(), columns };
    match module {
        PACKED_ATTENTION => {
            let (q, k, v) = packed_attention(out_features, attention).ok_or_else(|| {
                refuse(
                    node,
                    format!("{out_features} columns do not follow from {attention:?}; check genai_config.json"),
                )
            })?;
            Ok(vec![part("q_proj", 0..q), part("k_proj", q..k), part("v_proj", k..v)])
        }
        PACKED_FEED_FORWARD => {
            let half = out_features / 2;
            if out_features == 0 || !out_features.is_multiple_of(2) {
                return Err(refuse(node, format!("{out_features} columns are not those of two projections")));
            }
            Ok(vec![part("gate_proj", 0..half), part("up_proj", half..out_features)])
        }
        single => Ok(vec![part(single, 0..out_features)]),
    }
}

/// Where the columns of q, k and v end.
fn packed_attention(out_features: usize, attention: &AttentionShape) -> Option<(usize, usize, usize)> {
    let width = |heads: usize| heads.checked_mul(attention.head_size);
    let q = width(attention.heads)?;
    let k = q.checked_add(width(attention.kv_heads)?)?;
    let v = k.checked_add(width(attention.kv_heads)?)?;
    (v == out_features && q > 0 && k > q).then_some((q, k, v))
}

pub(crate) fn refuse(node: &str, reason: String) -> GraphError {
    GraphError::Site { node: node.to_owned(), reason }
}
