//! Elements picked by index.

use super::Call;
use crate::{
    build::int_attribute,
    grad::{GradError, attributes, attributes::with_text, graph::GraphBuilder},
};

/// First operator set whose `ScatterElements` can add.
const ADDING_SCATTER: i64 = 16;

/// `Gather`: adjoints of elements that were picked several times add up.
pub(super) fn gather(graph: &mut GraphBuilder, call: &Call<'_>) -> Result<Vec<Option<String>>, GradError> {
    let (data, indices, adjoint) = (call.input(0)?, call.input(1)?, call.adjoint()?);
    let axis = graph.axis(data, attributes::int(call.node, "axis").unwrap_or(0))?;
    if graph.opset < ADDING_SCATTER {
        return Err(call.refuse("needs operator set 16 or newer for its gradient; export with a newer one"));
    }
    // The axes of the indices become one: [before.., picked, after..].
    let all = graph.int_vector(&[-1]);
    let flat = graph.op("Reshape", &[indices, &all])?;
    let count = graph.op("Shape", &[&flat])?;
    let shape = graph.op("Shape", &[data])?;
    let axis = i64::try_from(axis).unwrap_or(i64::MAX);
    let (zero, at, next, end) = (
        graph.int_vector(&[0]),
        graph.int_vector(&[axis]),
        graph.int_vector(&[axis.saturating_add(1)]),
        graph.int_vector(&[i64::MAX]),
    );
    let before = graph.op("Slice", &[&shape, &zero, &at, &zero])?;
    let after = graph.op("Slice", &[&shape, &next, &end, &zero])?;
    let merged = graph.op_with("Concat", &[&before, &count, &after], vec![int_attribute("axis", 0)])?;
    let adjoint = graph.op_with("Reshape", &[adjoint, &merged], vec![int_attribute("allowzero", 1)])?;
    let back = scatter(graph, data, &flat, &adjoint, axis, true)?;
    Ok(call.first(back))
}

/// `GatherElements`: the same with an index per element.
pub(super) fn gather_elements(graph: &mut GraphBuilder, call: &Call<'_>) -> Result<Vec<Option<String>>, GradError> {
    if graph.opset < ADDING_SCATTER {
        return Err(call.refuse("needs operator set 16 or newer for its gradient; export with a newer one"));
    }
    let axis = attributes::int(call.node, "axis").unwrap_or(0);
    let zeros = graph.zeros_like(call.input(0)?)?;
    let attributes = vec![int_attribute("axis", axis), with_text("reduction", "add")];
    let back = graph.op_with("ScatterElements", &[&zeros, call.input(1)?, call.adjoint()?], attributes)?;
    Ok(call.first(back))
}

/// Zeros like `like` with `updates` at `positions` (a vector) along one axis.
///
/// # Errors
/// [`GradError::Value`] when the type of `like` is no float.
pub(super) fn scatter(
    graph: &mut GraphBuilder,
    like: &str,
    positions: &str,
    updates: &str,
    axis: i64,
    add: bool,
) -> Result<String, GradError> {
    let zeros = graph.zeros_like(like)?;
    let rank = i64::try_from(graph.rank(like)?).unwrap_or(i64::MAX);
    // Positions broadcast to the shape of the updates.
    let column: Vec<i64> = (0..rank).map(|at| if at == axis { -1 } else { 1 }).collect();
    let column = graph.reshape(positions, &column)?;
    let shape = graph.op("Shape", &[updates])?;
    let indices = graph.op("Expand", &[&column, &shape])?;
    let mut attributes = vec![int_attribute("axis", axis)];
    if add {
        attributes.push(with_text("reduction", "add"));
    }
    graph.op_with("ScatterElements", &[&zeros, &indices, updates], attributes)
}
