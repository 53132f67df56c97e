//! Operators that only move elements or change how they are counted.

use super::{Call, broadcasting::undo};
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
    Ok(call.first(graph.transpose(call.adjoint()?, &inverse)?))
}

/// `Expand`: repeated elements are summed.
pub(super) fn expand(graph: &mut GraphBuilder, call: &Call<'_>) -> Result<Vec<Option<String>>, GradError> {
    let back = undo(graph, call.adjoint()?, call.input(0)?)?;
    Ok(call.first(back))
}
