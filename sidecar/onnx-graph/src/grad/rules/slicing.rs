//! Joining tensors and taking parts of them.

use super::Call;
use crate::{
    build::int_attribute,
    grad::{GradError, attributes, dims::Axis, graph::GraphBuilder},
};

/// `Concat`: the adjoint is cut at the old seams.
pub(super) fn concat(graph: &mut GraphBuilder, call: &Call<'_>) -> Result<Vec<Option<String>>, GradError> {
    let axis = attributes::int(call.node, "axis").unwrap_or(0);
    let first = call.input(0)?;
    let axis = i64::try_from(graph.axis(first, axis)?).unwrap_or(i64::MAX);
    let inputs: Vec<&str> = call.node.input.iter().map(String::as_str).collect();
    let sizes = sizes_along(graph, &inputs, axis)?;
    let parts: Vec<String> = inputs.iter().map(|_| graph.fresh("Split")).collect();
    let outputs: Vec<&str> = parts.iter().map(String::as_str).collect();
    graph.op_named("Split", &[call.adjoint()?, &sizes], vec![int_attribute("axis", axis)], &outputs)?;
    let pick = |(index, part): (usize, String)| call.wants(index).then_some(part);
    Ok(parts.into_iter().enumerate().map(pick).collect())
}

/// Sizes of several tensors along one axis: a vector of int64.
fn sizes_along(graph: &mut GraphBuilder, inputs: &[&str], axis: i64) -> Result<String, GradError> {
    let at = usize::try_from(axis).unwrap_or(usize::MAX);
    let known = |graph: &GraphBuilder, input: &str| match graph.shape(input)?.get(at)? {
        Axis::Fixed(size) => Some(*size),
        _ => None,
    };
    let all: Option<Vec<i64>> = inputs.iter().map(|input| known(graph, input)).collect();
    if let Some(sizes) = all {
        return Ok(graph.int_vector(&sizes));
    }
    let index = graph.int_vector(&[axis]);
    let mut sizes = Vec::with_capacity(inputs.len());
    for input in inputs {
        let shape = graph.op("Shape", &[input])?;
        sizes.push(graph.op_with("Gather", &[&shape, &index], vec![int_attribute("axis", 0)])?);
    }
    let sizes: Vec<&str> = sizes.iter().map(String::as_str).collect();
    graph.op_with("Concat", &sizes, vec![int_attribute("axis", 0)])
}

/// `Split`: the adjoints of the parts are joined; a part that nothing depends on counts as zeros.
pub(super) fn split(graph: &mut GraphBuilder, call: &Call<'_>) -> Result<Vec<Option<String>>, GradError> {
    let axis = attributes::int(call.node, "axis").unwrap_or(0);
    let mut parts = Vec::with_capacity(call.adjoints.len());
    for (output, adjoint) in call.node.output.iter().zip(call.adjoints) {
        parts.push(match adjoint {
            Some(adjoint) => adjoint.clone(),
            None => graph.zeros_like(output)?,
        });
    }
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let joined = graph.op_with("Concat", &parts, vec![int_attribute("axis", axis)])?;
    Ok(call.first(joined))
}

/// `Slice`: zeros everywhere else.
///
/// With constant bounds and step one that is a `Pad`. Otherwise the positions that the slice took are
/// found by slicing 0, 1, 2, ... the same way, and the adjoint is scattered to them: right for every
/// sign of start, end and step.
pub(super) fn slice(graph: &mut GraphBuilder, call: &Call<'_>) -> Result<Vec<Option<String>>, GradError> {
    let x = call.input(0)?;
    if let Some(pads) = constant_pads(graph, call)? {
        let pads = graph.int_vector(&pads);
        let padded = graph.op("Pad", &[call.adjoint()?, &pads])?;
        return Ok(call.first(padded));
    }
    let count = slice_axes(graph, call)?;
    // One axis after the other, undone from the last: `partial` are the forward slices in between.
    let mut partial = vec![x.to_owned()];
    let mut bounds = Vec::new();
    for (index, &axis) in count.iter().enumerate() {
        let at = i64::try_from(index).unwrap_or(i64::MAX);
        let one = |graph: &mut GraphBuilder, input: usize| -> Result<String, GradError> {
            let position = graph.int_vector(&[at]);
            graph.op_with("Gather", &[call.input(input)?, &position], vec![int_attribute("axis", 0)])
        };
        let (start, end) = (one(graph, 1)?, one(graph, 2)?);
        let step = if call.node.input.len() > 4 { one(graph, 4)? } else { graph.int_vector(&[1]) };
        let axis = i64::try_from(axis).unwrap_or(i64::MAX);
        let axes = graph.int_vector(&[axis]);
        let from = partial.last().cloned().unwrap_or_default();
        partial.push(graph.op("Slice", &[&from, &start, &end, &axes, &step])?);
        bounds.push((axis, start, end, step));
    }
    let mut adjoint = call.adjoint()?.to_owned();
    for ((axis, start, end, step), from) in bounds.iter().zip(&partial).rev() {
        let position = graph.int_scalar(*axis);
        let shape = graph.op("Shape", &[from])?;
        let size = graph.op_with("Gather", &[&shape, &position], vec![int_attribute("axis", 0)])?;
        let (zero, one) = (graph.int_scalar(0), graph.int_scalar(1));
        let all = graph.op("Range", &[&zero, &size, &one])?;
        let first = graph.int_vector(&[0]);
        let taken = graph.op("Slice", &[&all, start, end, &first, step])?;
        adjoint = super::gathering::scatter(graph, from, &taken, &adjoint, *axis, false)?;
    }
    Ok(call.first(adjoint))
}

/// Axes of a slice, from the front.
fn slice_axes(graph: &GraphBuilder, call: &Call<'_>) -> Result<Vec<usize>, GradError> {
    let x = call.input(0)?;
    let unknown = || call.refuse("has axes that are known only at run time; export with constant axes");
    let given = match call.node.input.get(3).filter(|name| !name.is_empty()) {
        Some(axes) => graph.ints(axes).ok_or_else(unknown)?,
        None => {
            let starts = graph.shape(call.input(1)?).and_then(|shape| shape.first().cloned());
            let Some(Axis::Fixed(count)) = starts else { return Err(unknown()) };
            (0..count).collect()
        }
    };
    given.into_iter().map(|axis| graph.axis(x, axis)).collect()
}

/// Padding before and after every axis, when all of it is constant.
fn constant_pads(graph: &GraphBuilder, call: &Call<'_>) -> Result<Option<Vec<i64>>, GradError> {
    let x = call.input(0)?;
    let (Some(starts), Some(ends)) = (graph.ints(call.input(1)?), graph.ints(call.input(2)?)) else {
        return Ok(None);
    };
    let steps = call.node.input.get(4).filter(|name| !name.is_empty());
    if steps.is_some_and(|steps| !graph.ints(steps).is_some_and(|steps| steps.iter().all(|&step| step == 1))) {
        return Ok(None);
    }
    let axes = slice_axes(graph, call)?;
    let Some(shape) = graph.shape(x) else { return Ok(None) };
    let (mut before, mut after) = (vec![0; shape.len()], vec![0; shape.len()]);
    for ((axis, &start), &end) in axes.into_iter().zip(&starts).zip(&ends) {
        let Some(Axis::Fixed(size)) = shape.get(axis) else { return Ok(None) };
        let clamp = |value: i64| (if value < 0 { value.saturating_add(*size) } else { value }).clamp(0, *size);
        let (start, end) = (clamp(start), clamp(end));
        if let (Some(before), Some(after)) = (before.get_mut(axis), after.get_mut(axis)) {
            *before = start;
            *after = size - end.max(start);
        }
    }
    before.append(&mut after);
    Ok(Some(before))
}
