//! Rotary position embedding: pairs of a head's elements turned by an angle that grows with the position.

use super::{Unfuse, optional, output, rename, required};
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

/// What is turned, and how its pairs lie.
pub(super) struct Rotation<'a> {
    /// Cosines, shaped to broadcast over `x` without its last axis, which has half the rotated width.
    pub cos: &'a str,
    /// Sines, shaped the same.
    pub sin: &'a str,
    /// Half the rotated width.
    pub half: i64,
    /// Width of the last axis of `x`; what is past the rotated width stays.
    pub width: i64,
    /// Pairs are neighbours instead of the two halves.
    pub interleaved: bool,
}

/// `x` of rank 4 with its last axis rotated.
pub(super) fn rotate(graph: &mut GraphBuilder, x: &str, turn: &Rotation<'_>) -> Result<String, GradError> {
    let Rotation { half, width, .. } = *turn;
    let rotated = half.saturating_mul(2);
    let rest = width - rotated;
    let (mut front, mut tail) = (x.to_owned(), None);
    if rest > 0 {
        let parts = split_last(graph, x, &[rotated, rest])?;
        let mut parts = parts.into_iter();
        front = parts.next().unwrap_or_default();
        tail = parts.next();
    }
    let turned = if turn.interleaved {
        // [.., half, 2]: the pair is the last axis.
        let pairs = graph.reshape(&front, &[0, 0, 0, half, 2])?;
        let parts = split_last(graph, &pairs, &[1, 1])?;
        let (left, right) = two(&parts);
        let (left, right) = (graph.reshape(left, &[0, 0, 0, half])?, graph.reshape(right, &[0, 0, 0, half])?);
        let (a, b) = turn_pair(graph, &left, &right, turn)?;
        let (a, b) = (graph.reshape(&a, &[0, 0, 0, half, 1])?, graph.reshape(&b, &[0, 0, 0, half, 1])?);
        let pairs = concat_last(graph, &[&a, &b])?;
        graph.reshape(&pairs, &[0, 0, 0, rotated])?
    } else {
        let parts = split_last(graph, &front, &[half, half])?;
        let (left, right) = two(&parts);
        let (a, b) = turn_pair(graph, left, right, turn)?;
        concat_last(graph, &[&a, &b])?
    };
    match tail {
        Some(tail) => concat_last(graph, &[&turned, &tail]),
        None => Ok(turned),
    }
}

fn turn_pair(
    graph: &mut GraphBuilder,
    left: &str,
    right: &str,
    turn: &Rotation<'_>,
) -> Result<(String, String), GradError> {
    let left_cos = graph.op("Mul", &[left, turn.cos])?;
    let right_sin = graph.op("Mul", &[right, turn.sin])?;
    let right_cos = graph.op("Mul", &[right, turn.cos])?;
    let left_sin = graph.op("Mul", &[left, turn.sin])?;
    Ok((graph.op("Sub", &[&left_cos, &right_sin])?, graph.op("Add", &[&right_cos, &left_sin])?))
}

fn two(parts: &[String]) -> (&str, &str) {
    match parts {
        [first, second, ..] => (first, second),
        _ => ("", ""),
    }
}

fn concat_last(graph: &mut GraphBuilder, parts: &[&str]) -> Result<String, GradError> {
    graph.op_with("Concat", parts, vec![int_attribute("axis", -1)])
}

/// Cuts the last axis into parts of the given sizes.
pub(super) fn split_last(graph: &mut GraphBuilder, x: &str, sizes: &[i64]) -> Result<Vec<String>, GradError> {
    let parts: Vec<String> = sizes.iter().map(|_| graph.fresh("Split")).collect();
    let sizes = graph.int_vector(sizes);
    let outputs: Vec<&str> = parts.iter().map(String::as_str).collect();
    graph.op_named("Split", &[x, &sizes], vec![int_attribute("axis", -1)], &outputs)?;
    Ok(parts)
}

/// Half the rotated width: the width of the table of cosines [positions, half].
///
/// # Errors
/// [`GradError::Node`] when it is not known or does not fit into a head.
pub(super) fn half_width(graph: &GraphBuilder, node: &NodeProto, cos: &str, width: i64) -> Result<i64, GradError> {
    match graph.shape(cos).map(Vec::as_slice) {
        Some([_, Axis::Fixed(half)]) if *half > 0 && *half <= width / 2 => Ok(*half),
        _ => Err(refuse(node, "needs a table of cosines [positions, width] that fits into a head")),
    }
}

/// `com.microsoft.RotaryEmbedding`.
///
/// `x` is [batch, tokens, heads · width] or [batch, heads, tokens, width]; `position_ids` [batch, tokens] or
/// [1], the position of the first token.
pub(super) fn embedding(graph: &mut GraphBuilder, node: &NodeProto, _: &Unfuse) -> Result<(), GradError> {
    let (x, positions) = (required(node, 0)?.to_owned(), required(node, 1)?.to_owned());
    let (cos_table, sin_table) = (required(node, 2)?.to_owned(), required(node, 3)?.to_owned());
    let Some(y) = output(node, 0) else { return Ok(()) };
    let flag = |name: &str| attributes::int(node, name).unwrap_or(0);
    if flag("is_packed_batching") != 0 || optional(node, 4).is_some() {
        return Err(refuse(node, "is supported without packed batching; export for CPU"));
    }
    let scale = attributes::float(node, "scale").unwrap_or(1.0);
    if (scale - 1.0).abs() > f32::EPSILON {
        return Err(refuse(node, "is supported with scale 1; export with the scale in the tables"));
    }
    let rank = graph.rank(&x)?;
    let last = graph.shape(&x).and_then(|shape| shape.last().cloned());
    let Some(Axis::Fixed(last)) = last else {
        return Err(refuse(node, "needs an input whose last axis has a known size"));
    };
    let (heads_first, width) = match (rank, flag("num_heads")) {
        (4, _) => (true, last),
        // Without a number of heads the table's width decides.
        (3, 0) => (false, half_width(graph, node, &cos_table, last)?.saturating_mul(2)),
        (3, heads) if heads > 0 && last % heads == 0 => (false, last / heads),
        _ => return Err(refuse(node, "needs an input of 3 or 4 axes with whole heads")),
    };
    let half = half_width(graph, node, &cos_table, width)?;
    let token_axis: i64 = if heads_first { 2 } else { 1 };
    let same_for_all_rows = graph.rank(&positions)? == 1;
    let positions = match graph.rank(&positions)? {
        1 => {
            let shape = graph.op("Shape", &[&x])?;
            let axis = graph.int_scalar(token_axis);
            let tokens = graph.op_with("Gather", &[&shape, &axis], vec![int_attribute("axis", 0)])?;
            let (zero, one) = (graph.int_scalar(0), graph.int_scalar(1));
            let count = graph.op("Range", &[&zero, &tokens, &one])?;
            graph.op("Add", &[&count, &positions])?
        }
        _ => positions,
    };
    // Room for the heads' axis: [.., 1, tokens, half] or [.., tokens, 1, half].
    let room = graph.int_vector(&[if heads_first { -3 } else { -2 }]);
    let mut tables = Vec::with_capacity(2);
    for table in [&cos_table, &sin_table] {
        let rows = graph.op_with("Gather", &[table, &positions], vec![int_attribute("axis", 0)])?;
        let angles = graph.op("Unsqueeze", &[&rows, &room])?;
        let axis = |at: usize| graph.shape(&x).and_then(|shape| shape.get(at)).cloned().unwrap_or(Axis::Unknown);
        let (one, half) = (Axis::Fixed(1), Axis::Fixed(half));
        let mut shape = if heads_first { vec![axis(0), one, axis(2), half] } else { vec![axis(0), axis(1), one, half] };
        if same_for_all_rows {
            shape.remove(0);
        }
        graph.refine(&angles, &Fact::new(0, Some(shape)));
        tables.push(angles);
    }
    let (cos, sin) = two(&tables);
    let turn = Rotation { cos, sin, half, width, interleaved: flag("interleaved") != 0 };
    if heads_first {
        let turned = rotate(graph, &x, &turn)?;
        return rename(graph, &turned, y);
    }
    let heads = graph.reshape(&x, &[0, 0, -1, width])?;
    let turned = rotate(graph, &heads, &turn)?;
    let flat = graph.reshape(&turned, &[0, 0, last])?;
    rename(graph, &flat, y)
}
