//! Activations that runtimes fuse: the Gaussian error linear unit in its three spellings.

use super::{Unfuse, optional, output, required};
use crate::{
    grad::{GradError, attributes, graph::GraphBuilder, rules::refuse},
    proto::NodeProto,
};

/// Weight of the cube in the tanh form, as its inventors fitted it.
const CUBE: f64 = 0.044_715;

/// `Gelu`: `x Φ(x)`, exact by the error function or approximated by the hyperbolic tangent.
pub(super) fn gelu(graph: &mut GraphBuilder, node: &NodeProto, _: &Unfuse) -> Result<(), GradError> {
    let x = required(node, 0)?;
    match attributes::text(node, "approximate") {
        None | Some(b"none") => exact(graph, node, x),
        Some(b"tanh") => tangent(graph, node, x),
        Some(_) => Err(refuse(node, "is supported exactly or with its tanh form; export it that way")),
    }
}

/// `FastGelu`: the tanh form, of the sum with a bias.
pub(super) fn fast_gelu(graph: &mut GraphBuilder, node: &NodeProto, _: &Unfuse) -> Result<(), GradError> {
    let x = required(node, 0)?;
    match optional(node, 1) {
        Some(bias) => {
            let sum = graph.op("Add", &[x, bias])?;
            tangent(graph, node, &sum)
        }
        None => tangent(graph, node, x),
    }
}

/// `QuickGelu`: `x σ(α x)`.
pub(super) fn quick_gelu(graph: &mut GraphBuilder, node: &NodeProto, _: &Unfuse) -> Result<(), GradError> {
    let x = required(node, 0)?;
    let alpha = graph.scalar_like(f64::from(attributes::float(node, "alpha").unwrap_or(1.702)), x)?;
    let scaled = graph.op("Mul", &[x, &alpha])?;
    let gate = graph.op("Sigmoid", &[&scaled])?;
    finish(graph, node, &[x, &gate])
}

fn exact(graph: &mut GraphBuilder, node: &NodeProto, x: &str) -> Result<(), GradError> {
    let scale = graph.scalar_like(std::f64::consts::FRAC_1_SQRT_2, x)?;
    let scaled = graph.op("Mul", &[x, &scale])?;
    let odd = graph.op("Erf", &[&scaled])?;
    half_of(graph, node, x, &odd)
}

fn tangent(graph: &mut GraphBuilder, node: &NodeProto, x: &str) -> Result<(), GradError> {
    let (cube, one) = (graph.scalar_like(CUBE, x)?, graph.scalar_like(1.0, x)?);
    let slope = graph.scalar_like(std::f64::consts::FRAC_2_SQRT_PI * std::f64::consts::FRAC_1_SQRT_2, x)?;
    let square = graph.op("Mul", &[x, x])?;
    let bent = graph.op("Mul", &[&square, &cube])?;
    let factor = graph.op("Add", &[&bent, &one])?;
    let inner = graph.op("Mul", &[x, &factor])?;
    let scaled = graph.op("Mul", &[&inner, &slope])?;
    let odd = graph.op("Tanh", &[&scaled])?;
    half_of(graph, node, x, &odd)
}

/// `x (1 + odd) / 2`.
fn half_of(graph: &mut GraphBuilder, node: &NodeProto, x: &str, odd: &str) -> Result<(), GradError> {
    let (half, one) = (graph.scalar_like(0.5, x)?, graph.scalar_like(1.0, x)?);
    let shifted = graph.op("Add", &[odd, &one])?;
    let share = graph.op("Mul", &[&shifted, &half])?;
    finish(graph, node, &[x, &share])
}

fn finish(graph: &mut GraphBuilder, node: &NodeProto, factors: &[&str]) -> Result<(), GradError> {
    match output(node, 0) {
        Some(y) => graph.op_named("Mul", factors, Vec::new(), &[y]),
        None => Ok(()),
    }
}
