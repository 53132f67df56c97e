//! Softmax and its logarithm.

use super::Call;
use crate::grad::{GradError, attributes, graph::GraphBuilder};

/// `Softmax`: `dx = y (dy - Σ dy y)`. `LogSoftmax`: `dx = dy - exp(y) Σ dy`.
pub(super) fn normalised(graph: &mut GraphBuilder, call: &Call<'_>) -> Result<Vec<Option<String>>, GradError> {
    let (y, adjoint) = (call.output(), call.adjoint()?);
    let axis = attributes::int(call.node, "axis").unwrap_or(-1);
    let result = if call.node.op_type() == "Softmax" {
        let weighted = graph.op("Mul", &[adjoint, y])?;
        let total = graph.reduce_sum(&weighted, &[axis], true)?;
        let centred = graph.op("Sub", &[adjoint, &total])?;
        graph.op("Mul", &[&centred, y])?
    } else {
        let total = graph.reduce_sum(adjoint, &[axis], true)?;
        let probabilities = graph.op("Exp", &[y])?;
        let spread = graph.op("Mul", &[&probabilities, &total])?;
        graph.op("Sub", &[adjoint, &spread])?
    };
    Ok(vec![Some(result)])
}
