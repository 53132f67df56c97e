//! Operators that keep some elements and drop others.

use super::{Call, broadcasting::undo};
use crate::grad::{GradError, attributes, graph::GraphBuilder};

/// `Where`: each side gets the adjoint where it was chosen. An element that was not chosen gets an
/// exact zero, even where the adjoint is not a number.
pub(super) fn choose(graph: &mut GraphBuilder, call: &Call<'_>) -> Result<Vec<Option<String>>, GradError> {
    let (condition, adjoint) = (call.input(0)?, call.adjoint()?);
    let zero = graph.scalar_like(0.0, adjoint)?;
    let mut all = vec![None; call.node.input.len()];
    for (index, [yes, no]) in [(1, [adjoint, zero.as_str()]), (2, [zero.as_str(), adjoint])] {
        if let (Some(slot), true) = (all.get_mut(index), call.wants(index)) {
            let chosen = graph.op("Where", &[condition, yes, no])?;
            *slot = Some(undo(graph, &chosen, call.input(index)?)?);
        }
    }
    Ok(all)
}

/// `Trilu`: the same triangle of the adjoint.
pub(super) fn triangle(graph: &mut GraphBuilder, call: &Call<'_>) -> Result<Vec<Option<String>>, GradError> {
    let upper = crate::build::int_attribute("upper", attributes::int(call.node, "upper").unwrap_or(1));
    let mut inputs = vec![call.adjoint()?];
    inputs.extend(call.node.input.get(1).map(String::as_str).filter(|name| !name.is_empty()));
    let back = graph.op_with("Trilu", &inputs, vec![upper])?;
    Ok(call.first(back))
}
