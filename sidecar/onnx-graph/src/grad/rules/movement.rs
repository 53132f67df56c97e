//! Operators that only move elements or change how they are counted.

use super::{
    Call,
    broadcasting::{transpose_last, undo},
};
use crate::{
    build::int_attribute,
    grad::{GradError, attributes, graph::GraphBuilder},
};

/// `Reshape`, `Flatten`, `Squeeze`, `Unsqueeze`: the same elements in the old shape.
pub(super) fn relabelled(graph: &mut GraphBuilder, call: &Call<'_>) -> Result<Vec<Option<String>>, GradError> {
    let back = graph.reshape_like(call.adjoint()?, call.input(0)?)?;
    Ok(call.first(back))
}

/// `Identity`.
pub(super) fn identity(_: &mut GraphBuilder, call: &Call<'_>) -> Result<Vec<Option<String>>, GradError> {
    Ok(call.first(call.adjoint()?.to_owned()))
}

/// `Cast` between floats.
pub(super) fn cast(graph: &mut GraphBuilder, call: &Call<'_>) -> Result<Vec<Option<String>>, GradError> {
    let to = graph.float_type(call.input(0)?)?;
    let back = graph.op_with("Cast", &[call.adjoint()?], vec![int_attribute("to", i64::from(to))])?;
    Ok(call.first(back))
}

/// `Transpose`: the inverse permutation.
pub(super) fn transpose(graph: &mut GraphBuilder, call: &Call<'_>) -> Result<Vec<Option<String>>, GradError> {
    let Some(perm) = attributes::ints(call.node, "perm") else {
        // Reversal of all axes is its own inverse.
        return Ok(call.first(graph.op("Transpose", &[call.adjoint()?])?));
    };
    let mut inverse = vec![0_i64; perm.len()];
    for (to, &from) in perm.iter().enumerate() {
        let from = graph.axis(call.input(0)?, from)?;
        let to = i64::try_from(to).unwrap_or(i64::MAX);
        *inverse.get_mut(from).ok_or_else(|| call.refuse("has an impossible permutation"))? = to;
    }
    let adjoint = call.adjoint()?;
    match turned_product(graph, adjoint, &inverse)? {
        Some(product) => Ok(call.first(product)),
        None => Ok(call.first(graph.transpose(adjoint, &inverse)?)),
    }
}

/// `(Pᵀ Q)ᵀ` as `Qᵀ P`: runtimes take a transposed factor for free, but not a transposed product.
///
/// `None` when the permutation is another one than of the last two axes or no factor is transposed.
fn turned_product(graph: &mut GraphBuilder, value: &str, perm: &[i64]) -> Result<Option<String>, GradError> {
    let swap = swap_of_last(perm.len());
    let Some(product) = graph.producer(value).filter(|node| node.op_type() == "MatMul" && perm == swap) else {
        return Ok(None);
    };
    let [left, right] = product.input.as_slice() else { return Ok(None) };
    let (left, right) = (left.clone(), right.clone());
    let plain = |graph: &GraphBuilder, factor: &str| {
        let node = graph.producer(factor).filter(|node| node.op_type() == "Transpose")?;
        attributes::ints(node, "perm").filter(|perm| *perm == swap).and(node.input.first().cloned())
    };
    let of_full_rank = |factor: &str| graph.shape(factor).is_some_and(|shape| shape.len() == perm.len());
    let (turned_left, turned_right) = (plain(graph, &left), plain(graph, &right));
    if !(of_full_rank(&left) && of_full_rank(&right)) || (turned_left.is_none() && turned_right.is_none()) {
        return Ok(None);
    }
    let turned_left = turned_left.map_or_else(|| transpose_last(graph, &left), Ok)?;
    let turned_right = turned_right.map_or_else(|| transpose_last(graph, &right), Ok)?;
    graph.op("MatMul", &[&turned_right, &turned_left]).map(Some)
}

fn swap_of_last(rank: usize) -> Vec<i64> {
    let mut perm: Vec<i64> = (0_i64..).take(rank).collect();
    if let [.., left, right] = perm.as_mut_slice() {
        std::mem::swap(left, right);
    }
    perm
}

/// `Expand`: repeated elements are summed.
pub(super) fn expand(graph: &mut GraphBuilder, call: &Call<'_>) -> Result<Vec<Option<String>>, GradError> {
    let back = undo(graph, call.adjoint()?, call.input(0)?)?;
    Ok(call.first(back))
}
