//! Add, Sub, Sum, Mul, Div and Pow, each with broadcasting.

use super::{Call, broadcasting::undo};
use crate::grad::{GradError, graph::GraphBuilder};

/// `Add`, `Sub` and `Sum`: the adjoint goes to every term, negated where it is subtracted.
pub(super) fn sum(graph: &mut GraphBuilder, call: &Call<'_>) -> Result<Vec<Option<String>>, GradError> {
    let adjoint = call.adjoint()?;
    let mut all = Vec::with_capacity(call.node.input.len());
    for (index, input) in call.node.input.iter().enumerate() {
        all.push(match call.wants(index) {
            false => None,
            true => {
                let mine = undo(graph, adjoint, input)?;
                let negated = call.node.op_type() == "Sub" && index == 1;
                Some(if negated { graph.op("Neg", &[&mine])? } else { mine })
            }
        });
    }
    Ok(all)
}

/// `Mul`: each factor gets the adjoint times the other.
pub(super) fn product(graph: &mut GraphBuilder, call: &Call<'_>) -> Result<Vec<Option<String>>, GradError> {
    let (left, right, adjoint) = (call.input(0)?, call.input(1)?, call.adjoint()?);
    let mut all = vec![None, None];
    for ((index, (own, other)), slot) in [(left, right), (right, left)].into_iter().enumerate().zip(&mut all) {
        if call.wants(index) {
            let scaled = graph.op("Mul", &[adjoint, other])?;
            *slot = Some(undo(graph, &scaled, own)?);
        }
    }
    Ok(all)
}

/// `Div`: `y = a / b` gives `da = dy / b` and `db = -da y`.
pub(super) fn quotient(graph: &mut GraphBuilder, call: &Call<'_>) -> Result<Vec<Option<String>>, GradError> {
    let (above, below) = (call.input(0)?, call.input(1)?);
    let share = graph.op("Div", &[call.adjoint()?, below])?;
    let mut all = vec![None, None];
    if let (Some(slot), true) = (all.get_mut(0), call.wants(0)) {
        *slot = Some(undo(graph, &share, above)?);
    }
    if let (Some(slot), true) = (all.get_mut(1), call.wants(1)) {
        let scaled = graph.op("Mul", &[&share, call.output()])?;
        let summed = undo(graph, &scaled, below)?;
        *slot = Some(graph.op("Neg", &[&summed])?);
    }
    Ok(all)
}

/// `Pow`: `y = x^p` gives `dx = dy p x^(p-1)` and `dp = dy y ln x`.
pub(super) fn power(graph: &mut GraphBuilder, call: &Call<'_>) -> Result<Vec<Option<String>>, GradError> {
    let (base, exponent, adjoint) = (call.input(0)?, call.input(1)?, call.adjoint()?);
    let mut all = vec![None, None];
    if let (Some(slot), true) = (all.get_mut(0), call.wants(0)) {
        let known = graph.constant_scalar(exponent);
        let slope = if known == Some(2.0) {
            let two = graph.scalar_like(2.0, base)?;
            graph.op("Mul", &[base, &two])?
        } else {
            let one = graph.scalar_like(1.0, exponent)?;
            let lower = graph.op("Sub", &[exponent, &one])?;
            let power = graph.op("Pow", &[base, &lower])?;
            graph.op("Mul", &[&power, exponent])?
        };
        let scaled = graph.op("Mul", &[adjoint, &slope])?;
        *slot = Some(undo(graph, &scaled, base)?);
    }
    if let (Some(slot), true) = (all.get_mut(1), call.wants(1)) {
        let log = graph.op("Log", &[base])?;
        let slope = graph.op("Mul", &[call.output(), &log])?;
        let scaled = graph.op("Mul", &[adjoint, &slope])?;
        *slot = Some(undo(graph, &scaled, exponent)?);
    }
    Ok(all)
}
