//! Matrix products.

use super::{
    Call,
    broadcasting::{transpose_last, undo, unsqueeze},
};
use crate::grad::{GradError, attributes, graph::GraphBuilder};

/// `MatMul`: `dA = dY Bᵀ`, `dB = Aᵀ dY`, summed over batch axes that were repeated.
///
/// A vector on the left is a row, one on the right a column; the missing axis is put in for the product
/// and taken out again.
pub(super) fn product(graph: &mut GraphBuilder, call: &Call<'_>) -> Result<Vec<Option<String>>, GradError> {
    let (a, b) = (call.input(0)?, call.input(1)?);
    let (row, column) = (graph.rank(a)? == 1, graph.rank(b)? == 1);
    let mut adjoint = call.adjoint()?.to_owned();
    // The column's axis is the last one, so it goes in first.
    if column {
        adjoint = unsqueeze(graph, &adjoint, &[-1])?;
    }
    if row {
        adjoint = unsqueeze(graph, &adjoint, &[-2])?;
    }
    let left = if row { unsqueeze(graph, a, &[0])? } else { a.to_owned() };
    let right = if column { unsqueeze(graph, b, &[1])? } else { b.to_owned() };
    let mut all = vec![None, None];
    if let (Some(slot), true) = (all.get_mut(0), call.wants(0)) {
        let turned = transpose_last(graph, &right)?;
        let raw = graph.op("MatMul", &[&adjoint, &turned])?;
        let summed = undo(graph, &raw, &left)?;
        *slot = Some(if row { graph.reshape_like(&summed, a)? } else { summed });
    }
    if let (Some(slot), true) = (all.get_mut(1), call.wants(1)) {
        let turned = transpose_last(graph, &left)?;
        let raw = graph.op("MatMul", &[&turned, &adjoint])?;
        let summed = undo(graph, &raw, &right)?;
        *slot = Some(if column { graph.reshape_like(&summed, b)? } else { summed });
    }
    Ok(all)
}

/// `Gemm`: `Y = alpha A' B' + beta C`, where a prime is a transposition that a flag asks for.
pub(super) fn gemm(graph: &mut GraphBuilder, call: &Call<'_>) -> Result<Vec<Option<String>>, GradError> {
    let (a, b, adjoint) = (call.input(0)?, call.input(1)?, call.adjoint()?);
    let flag = |name: &str| attributes::int(call.node, name).unwrap_or(0) != 0;
    let (turned_a, turned_b) = (flag("transA"), flag("transB"));
    let mut all = vec![None; call.node.input.len()];
    let scaled = |graph: &mut GraphBuilder, value: &str, name: &str| {
        let factor = attributes::float(call.node, name).unwrap_or(1.0);
        if (factor - 1.0).abs() < f32::EPSILON {
            return Ok(value.to_owned());
        }
        let factor = graph.scalar_like(f64::from(factor), value)?;
        graph.op("Mul", &[value, &factor])
    };
    let wanted = (call.wants(0), call.wants(1));
    if wanted.0 || wanted.1 {
        let adjoint = scaled(graph, adjoint, "alpha")?;
        if let (Some(slot), true) = (all.get_mut(0), wanted.0) {
            let right = if turned_b { b.to_owned() } else { transpose_last(graph, b)? };
            let product = graph.op("MatMul", &[&adjoint, &right])?;
            *slot = Some(if turned_a { transpose_last(graph, &product)? } else { product });
        }
        if let (Some(slot), true) = (all.get_mut(1), wanted.1) {
            let left = if turned_a { a.to_owned() } else { transpose_last(graph, a)? };
            let product = graph.op("MatMul", &[&left, &adjoint])?;
            *slot = Some(if turned_b { transpose_last(graph, &product)? } else { product });
        }
    }
    if let (Some(slot), true) = (all.get_mut(2), call.wants(2)) {
        let adjoint = scaled(graph, adjoint, "beta")?;
        *slot = Some(undo(graph, &adjoint, call.input(2)?)?);
    }
    Ok(all)
}
