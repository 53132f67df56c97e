//! Integers that can be read off the graph: shapes, axes and the arithmetic between them.
//!
//! Exporters compute the target of a `Reshape` from pieces of other shapes. Following that
//! arithmetic with symbolic sizes keeps ranks and equal sizes known past the node.

use super::{
    attributes::{int, tensor},
    dims::{Axis, Fact},
};
use crate::{
    element,
    proto::{NodeProto, TensorProto, tensor_proto::DataLocation},
};

/// Longest integer tensor that is followed.
const MAX_FOLLOWED: usize = 64;

/// Elements of a scalar or vector of int64.
pub(crate) type Values = Vec<Axis>;

/// Elements of a constant, or `None` when it is no short int64 scalar or vector inside the model.
pub(crate) fn of_tensor(tensor: &TensorProto) -> Option<Values> {
    if tensor.data_type() != element::INT64 || tensor.dims.len() > 1 || tensor.data_location() == DataLocation::External
    {
        return None;
    }
    let elements: Vec<i64> = match &tensor.raw_data {
        Some(raw) => raw.chunks_exact(8).filter_map(|eight| eight.try_into().ok().map(i64::from_le_bytes)).collect(),
        None => tensor.int64_data.clone(),
    };
    (elements.len() <= MAX_FOLLOWED).then(|| elements.into_iter().map(Axis::Fixed).collect())
}

/// Elements of a node's output where they follow from those of its inputs.
///
/// `inputs` holds for every input its elements, if known; `facts` what else is known.
pub(crate) fn of_node(node: &NodeProto, inputs: &[Option<&Values>], facts: &[&Fact]) -> Option<Values> {
    let first = inputs.first().copied().flatten();
    match node.op_type() {
        "Constant" => of_tensor(tensor(node, "value")?),
        "Shape" => {
            let shape = facts.first()?.shape.as_ref()?;
            let rank = i64::try_from(shape.len()).ok()?;
            let clamp = |at: i64| usize::try_from((if at < 0 { at + rank } else { at }).clamp(0, rank)).ok();
            let (start, end) = (clamp(int(node, "start").unwrap_or(0))?, clamp(int(node, "end").unwrap_or(rank))?);
            Some(shape.get(start..end.max(start))?.to_vec())
        }
        "Identity" | "Squeeze" | "Unsqueeze" => first.cloned(),
        "Cast" => (int(node, "to") == Some(i64::from(element::INT64))).then(|| first.cloned()).flatten(),
        "Reshape" => first.filter(|values| values.len() == 1).cloned(),
        "Gather" => {
            let (from, at) = (first?, inputs.get(1).copied().flatten()?);
            let pick = |index: &Axis| match index {
                Axis::Fixed(index) => from.get(super::dims::axis_of(*index, from.len())?).cloned(),
                _ => None,
            };
            at.iter().map(pick).collect()
        }
        "Concat" => {
            let mut all = Values::new();
            for part in inputs {
                all.extend_from_slice((*part)?);
            }
            (all.len() <= MAX_FOLLOWED).then_some(all)
        }
        "Add" | "Sub" | "Mul" | "Div" => {
            let (left, right) = (first?, inputs.get(1).copied().flatten()?);
            let ([left], [right]) = (left.as_slice(), right.as_slice()) else { return None };
            arithmetic(node.op_type(), left, right).map(|value| vec![value])
        }
        _ => None,
    }
}

fn arithmetic(op: &str, left: &Axis, right: &Axis) -> Option<Axis> {
    match (op, left, right) {
        ("Mul", Axis::Fixed(1), value) | ("Mul" | "Div", value, Axis::Fixed(1)) => Some(value.clone()),
        ("Add", Axis::Fixed(0), value) | ("Add" | "Sub", value, Axis::Fixed(0)) => Some(value.clone()),
        (_, Axis::Fixed(left), Axis::Fixed(right)) => match op {
            "Add" => left.checked_add(*right),
            "Sub" => left.checked_sub(*right),
            "Mul" => left.checked_mul(*right),
            // ONNX rounds towards zero, as Rust does.
            _ => left.checked_div(*right),
        }
        .map(Axis::Fixed),
        _ => Some(Axis::Unknown),
    }
}
