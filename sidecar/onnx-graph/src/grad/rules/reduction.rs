//! Sums and means along axes.

use super::Call;
use crate::{
    build::int_attribute,
    grad::{GradError, attributes, graph::GraphBuilder},
};

/// `ReduceSum`, `ReduceMean` and `ReduceSumSquare`: the adjoint is repeated along the reduced axes.
pub(super) fn reduce(graph: &mut GraphBuilder, call: &Call<'_>) -> Result<Vec<Option<String>>, GradError> {
    let x = call.input(0)?;
    let kept = with_reduced_axes(graph, call)?;
    let result = match call.node.op_type() {
        "ReduceSumSquare" => {
            let two = graph.scalar_like(2.0, x)?;
            let doubled = graph.op("Mul", &[&kept, &two])?;
            graph.op("Mul", &[x, &doubled])?
        }
        "ReduceMean" => {
            let count = reduced_count(graph, x, call.output())?;
            let share = graph.op("Div", &[&kept, &count])?;
            repeat_like(graph, &share, x)?
        }
        _ => repeat_like(graph, &kept, x)?,
    };
    Ok(call.first(result))
}

fn repeat_like(graph: &mut GraphBuilder, value: &str, like: &str) -> Result<String, GradError> {
    let shape = graph.op("Shape", &[like])?;
    graph.op("Expand", &[value, &shape])
}

/// The adjoint with reduced axes of size one, so that it broadcasts over the input.
fn with_reduced_axes(graph: &mut GraphBuilder, call: &Call<'_>) -> Result<String, GradError> {
    let adjoint = call.adjoint()?.to_owned();
    if attributes::int(call.node, "keepdims").unwrap_or(1) != 0 {
        return Ok(adjoint);
    }
    let axes = match attributes::ints(call.node, "axes") {
        Some(axes) => graph.int_vector(axes),
        None => match call.node.input.get(1).filter(|name| !name.is_empty()) {
            Some(axes) => axes.clone(),
            // Everything was reduced to one number, which broadcasts as it is.
            None => return Ok(adjoint),
        },
    };
    if graph.ints(&axes).is_some_and(|axes| axes.is_empty()) {
        return Ok(adjoint);
    }
    graph.op("Unsqueeze", &[&adjoint, &axes])
}

/// How many elements became one, as a scalar of the input's type.
fn reduced_count(graph: &mut GraphBuilder, x: &str, y: &str) -> Result<String, GradError> {
    let data_type = graph.float_type(x)?;
    let (before, after) = (graph.op("Size", &[x])?, graph.op("Size", &[y])?);
    // An empty batch has no elements at all; dividing by zero would end the process.
    let one = graph.int_scalar(1);
    let after = graph.op("Max", &[&after, &one])?;
    let count = graph.op("Div", &[&before, &after])?;
    graph.op_with("Cast", &[&count], vec![int_attribute("to", i64::from(data_type))])
}
