//! `com.microsoft.GroupQueryAttention` over whole sequences, without a cache.
//!
//! Query heads that share a key head are stacked along the tokens, so that the products need no repeated
//! keys: scores are [batch, kv heads, group · tokens, tokens].
//!
//! The operator takes rows that are padded on the right. A causal mask hides the padding from every real
//! token, so the row lengths are not read; what stands at a padded position is undefined in both forms.

use super::{
    Unfuse, optional, output, rename, required,
    rotary::{Rotation, half_width, rotate, split_last},
};
use crate::{
    build::int_attribute,
    grad::{
        GradError, attributes,
        dims::{Axis, Fact},
        graph::GraphBuilder,
        rules::refuse,
    },
    proto::NodeProto,
};

/// Added to the score of a hidden key: far below every score, and finite in 32 bits, so that no
/// infinity meets a zero.
const HIDDEN: f64 = -1e30;

/// Sizes of one attention node.
struct Heads {
    query: i64,
    kv: i64,
    width: i64,
}

/// `GroupQueryAttention`.
pub(super) fn grouped(graph: &mut GraphBuilder, node: &NodeProto, all: &Unfuse) -> Result<(), GradError> {
    refuse_variants(node, &all.empty_past)?;
    let heads = sizes(graph, node)?;
    let [query, key, value] = split_heads(graph, node, &heads)?;
    let count = token_count(graph, all, &query)?;
    let (query, key) = match attributes::int(node, "do_rotary").unwrap_or(0) {
        0 => (query, key),
        _ => rotated(graph, node, &heads, [&query, &key], &count)?,
    };
    let scale = match attributes::float(node, "scale") {
        Some(scale) if scale != 0.0 => f64::from(scale),
        #[allow(clippy::cast_precision_loss)]
        _ => 1.0 / (heads.width as f64).sqrt(),
    };
    let scale = graph.scalar_like(scale, &query)?;
    let query = graph.op("Mul", &[&query, &scale])?;
    let group = heads.query / heads.kv;
    let axis = |at: usize| graph.shape(&query).and_then(|shape| shape.get(at)).cloned().unwrap_or(Axis::Unknown);
    let (batch, tokens) = (axis(0), axis(1));
    // [batch, tokens, heads, width] -> [batch, kv, group · tokens, width]
    let query = graph.transpose(&query, &[0, 2, 1, 3])?;
    let query = graph.reshape(&query, &[0, heads.kv, -1, heads.width])?;
    let stacked = tokens.times(group);
    let kv = Axis::Fixed(heads.kv);
    let shape = vec![batch.clone(), kv.clone(), stacked.clone(), Axis::Fixed(heads.width)];
    graph.refine(&query, &Fact::new(0, Some(shape)));
    let key = graph.transpose(&key, &[0, 2, 3, 1])?;
    let value = graph.transpose(&value, &[0, 2, 1, 3])?;
    let scores = graph.op("MatMul", &[&query, &key])?;
    // A zero copies the size at the same place: tokens.
    let mut scores = graph.reshape(&scores, &[0, 0, group, 0, -1])?;
    let shape = vec![batch.clone(), kv.clone(), Axis::Fixed(group), tokens.clone(), tokens.clone()];
    graph.refine(&scores, &Fact::new(0, Some(shape)));
    let softcap = attributes::float(node, "softcap").unwrap_or(0.0);
    if softcap > 0.0 {
        let cap = graph.scalar_like(f64::from(softcap), &scores)?;
        let shrunk = graph.op("Div", &[&scores, &cap])?;
        let bent = graph.op("Tanh", &[&shrunk])?;
        scores = graph.op("Mul", &[&bent, &cap])?;
    }
    let bias = causal_bias(graph, &scores, &count, attributes::int(node, "local_window_size").unwrap_or(-1))?;
    let masked = graph.op("Add", &[&scores, &bias])?;
    let fact = graph.fact(&scores);
    graph.refine(&masked, &fact);
    let weights = graph.op_with("Softmax", &[&masked], vec![int_attribute("axis", -1)])?;
    let weights = graph.reshape(&weights, &[0, 0, -1, 0])?;
    graph.refine(&weights, &Fact::new(0, Some(vec![batch.clone(), kv, stacked, tokens.clone()])));
    let mixed = graph.op("MatMul", &[&weights, &value])?;
    let mixed = graph.reshape(&mixed, &[0, heads.query, -1, heads.width])?;
    let shape = vec![batch, Axis::Fixed(heads.query), tokens, Axis::Fixed(heads.width)];
    graph.refine(&mixed, &Fact::new(0, Some(shape)));
    let mixed = graph.transpose(&mixed, &[0, 2, 1, 3])?;
    let mixed = graph.reshape(&mixed, &[0, 0, heads.query.saturating_mul(heads.width)])?;
    match output(node, 0) {
        Some(y) => rename(graph, &mixed, y),
        None => Ok(()),
    }
}

fn refuse_variants(node: &NodeProto, empty_past: &[String]) -> Result<(), GradError> {
    for past in [optional(node, 3), optional(node, 4)].into_iter().flatten() {
        if !empty_past.iter().any(|name| name == past) {
            return Err(refuse(node, "reads a cache that is not listed as past; name it in the options"));
        }
    }
    // What the runtime reads from them in a batch is not what the operator's description says.
    if optional(node, 9).is_some() {
        return Err(refuse(node, "is supported without positions of its own; export without position_ids"));
    }
    if node.input.iter().skip(10).any(|name| !name.is_empty()) {
        return Err(refuse(node, "is supported without bias, sinks, norms and quantised cache; export without them"));
    }
    let zeros = ["smooth_softmax", "qk_output"];
    if zeros.iter().any(|name| attributes::int(node, name).unwrap_or(0) != 0) {
        return Err(refuse(node, "is supported with plain softmax and without scores as output"));
    }
    for name in ["k_quant_type", "v_quant_type"] {
        if attributes::text(node, name).is_some_and(|kind| kind != b"NONE") {
            return Err(refuse(node, "is supported with a cache of floats; export without cache quantisation"));
        }
    }
    if output(node, 3).is_some() {
        return Err(refuse(node, "is supported without scores as output; export for inference"));
    }
    Ok(())
}

fn sizes(graph: &GraphBuilder, node: &NodeProto) -> Result<Heads, GradError> {
    let wrong = || refuse(node, "needs head counts that divide a known width; export with constant shapes");
    let count = |name: &str| attributes::int(node, name).filter(|&count| count > 0).ok_or_else(wrong);
    let (query, kv) = (count("num_heads")?, count("kv_num_heads")?);
    let packed = optional(node, 1).is_none();
    let all = if packed { kv.checked_mul(2).and_then(|kv| kv.checked_add(query)).ok_or_else(wrong)? } else { query };
    let shape = graph.shape(required(node, 0)?).filter(|shape| shape.len() == 3).ok_or_else(wrong)?;
    match shape.last() {
        Some(Axis::Fixed(last)) if query % kv == 0 && last % all == 0 && *last > 0 => {
            Ok(Heads { query, kv, width: last / all })
        }
        _ => Err(wrong()),
    }
}

/// Query, key and value as [batch, tokens, heads, width].
fn split_heads(graph: &mut GraphBuilder, node: &NodeProto, heads: &Heads) -> Result<[String; 3], GradError> {
    let first = required(node, 0)?;
    let counts = [heads.query, heads.kv, heads.kv];
    let parts: Vec<String> = match optional(node, 1) {
        Some(key) => vec![first.to_owned(), key.to_owned(), required(node, 2)?.to_owned()],
        None => split_last(graph, first, &counts.map(|count| count.saturating_mul(heads.width)))?,
    };
    let mut all: [String; 3] = Default::default();
    for ((slot, part), count) in all.iter_mut().zip(&parts).zip(counts) {
        *slot = graph.reshape(part, &[0, 0, count, heads.width])?;
    }
    Ok(all)
}

fn rotated(
    graph: &mut GraphBuilder,
    node: &NodeProto,
    heads: &Heads,
    [query, key]: [&str; 2],
    tokens: &str,
) -> Result<(String, String), GradError> {
    let (cos_table, sin_table) = (required(node, 7)?, required(node, 8)?);
    let half = half_width(graph, node, cos_table, heads.width)?;
    let mut tables = Vec::with_capacity(2);
    for table in [cos_table, sin_table] {
        // [tokens, 1, half]: room for the heads.
        let start = graph.int_vector(&[0]);
        let rows = graph.op("Slice", &[table, &start, tokens, &start])?;
        let room = graph.int_vector(&[-2]);
        let angles = graph.op("Unsqueeze", &[&rows, &room])?;
        let axis = graph.shape(query).and_then(|shape| shape.get(1)).cloned().unwrap_or(Axis::Unknown);
        graph.refine(&angles, &Fact::new(0, Some(vec![axis, Axis::Fixed(1), Axis::Fixed(half)])));
        tables.push(angles);
    }
    let [cos, sin] = tables.as_slice() else {
        return Err(refuse(node, "lacks its tables"));
    };
    let interleaved = attributes::int(node, "rotary_interleaved").unwrap_or(0) != 0;
    let turn = Rotation { cos, sin, half, width: heads.width, interleaved };
    Ok((rotate(graph, query, &turn)?, rotate(graph, key, &turn)?))
}

/// Number of tokens as a vector of one int64.
fn token_count(graph: &mut GraphBuilder, all: &Unfuse, query: &str) -> Result<String, GradError> {
    let tokens = |value: &str| graph.shape(value).and_then(|shape| shape.get(1));
    let same = |ids: &&String| tokens(ids).zip(tokens(query)).is_some_and(|(ids, query)| ids.same(query));
    let counted = all.token_ids.as_ref().filter(same).map_or(query, String::as_str).to_owned();
    let shape = graph.op("Shape", &[&counted])?;
    let axis = graph.int_vector(&[1]);
    graph.op_with("Gather", &[&shape, &axis], vec![int_attribute("axis", 0)])
}

/// What is added to scores [.., tokens, tokens]: 0 where query `i` sees key `j`, else [`HIDDEN`].
///
/// `i` sees `j` when `j <= i` and, with a window `w`, `j > i - w`.
fn causal_bias(graph: &mut GraphBuilder, scores: &str, tokens: &str, window: i64) -> Result<String, GradError> {
    let none = graph.int_vector(&[]);
    let count = graph.op("Reshape", &[tokens, &none])?;
    let (zero, one) = (graph.int_scalar(0), graph.int_scalar(1));
    let keys = graph.op("Range", &[&zero, &count, &one])?;
    let column = graph.int_vector(&[1]);
    let queries = graph.op("Unsqueeze", &[&keys, &column])?;
    let later = graph.op("Greater", &[&keys, &queries])?;
    let hidden = if window > 0 {
        let width = graph.int_scalar(window);
        let oldest = graph.op("Sub", &[&queries, &width])?;
        let gone = graph.op("LessOrEqual", &[&keys, &oldest])?;
        graph.op("Or", &[&later, &gone])?
    } else {
        later
    };
    let (masked, seen) = (graph.scalar_like(HIDDEN, scores)?, graph.scalar_like(0.0, scores)?);
    let bias = graph.op("Where", &[&hidden, &masked, &seen])?;
    let size = graph.shape(scores).and_then(|shape| shape.last().cloned()).unwrap_or(Axis::Unknown);
    graph.refine(&bias, &Fact::new(0, Some(vec![size.clone(), size])));
    Ok(bias)
}
