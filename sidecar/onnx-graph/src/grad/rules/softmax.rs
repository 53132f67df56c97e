//! Softmax and its logarithm.

use super::Call;
use crate::{
    grad::{GradError, attributes, graph::GraphBuilder},
    proto::NodeProto,
};

/// `Softmax`: `dx = y (dy - Σ dy y)`. `LogSoftmax`: `dx = dy - exp(y) Σ dy`.
///
/// Exports that mask with infinity repair rows without any visible key by `Where(IsNaN(y), 0, y)`. The rule
/// then reads the repaired value: not-a-number times an adjoint of zero would spoil every other position.
pub(super) fn normalised(graph: &mut GraphBuilder, call: &Call<'_>) -> Result<Vec<Option<String>>, GradError> {
    let (y, adjoint) = (call.output(), call.adjoint()?);
    let axis = attributes::int(call.node, "axis").unwrap_or(-1);
    let result = if call.node.op_type() == "Softmax" {
        let y = repaired(graph, y).unwrap_or_else(|| y.to_owned());
        let weighted = graph.op("Mul", &[adjoint, &y])?;
        let total = graph.reduce_sum(&weighted, &[axis], true)?;
        let centred = graph.op("Sub", &[adjoint, &total])?;
        graph.op("Mul", &[&centred, &y])?
    } else {
        let total = graph.reduce_sum(adjoint, &[axis], true)?;
        let probabilities = graph.op("Exp", &[y])?;
        let spread = graph.op("Mul", &[&probabilities, &total])?;
        graph.op("Sub", &[adjoint, &spread])?
    };
    Ok(vec![Some(result)])
}

/// The value in which zeros replaced what is not a number in `y`, if the graph computes it.
fn repaired(graph: &GraphBuilder, y: &str) -> Option<String> {
    let reads = |node: &NodeProto, index: usize, name: &str| node.input.get(index).is_some_and(|input| input == name);
    let tests = graph.nodes.iter().filter(|node| node.op_type() == "IsNaN" && reads(node, 0, y));
    let flags: Vec<&str> = tests.filter_map(|node| node.output.first().map(String::as_str)).collect();
    let repairs = |node: &&NodeProto| {
        node.op_type() == "Where"
            && flags.iter().any(|flag| reads(node, 0, flag))
            && reads(node, 2, y)
            && node.input.get(1).is_some_and(|zero| graph.constant_scalar(zero) == Some(0.0))
    };
    graph.nodes.iter().find(repairs)?.output.first().cloned()
}
