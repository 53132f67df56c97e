//! Functions of one value: the adjoint times the slope.

use super::Call;
use crate::grad::{GradError, graph::GraphBuilder};

/// Two over the square root of pi, the slope of `Erf` at zero.
const ERF_SLOPE: f64 = std::f64::consts::FRAC_2_SQRT_PI;

/// One-input operators. Slopes are written with the output where that saves work.
pub(super) fn chain(graph: &mut GraphBuilder, call: &Call<'_>) -> Result<Vec<Option<String>>, GradError> {
    let (x, y, adjoint) = (call.input(0)?, call.output(), call.adjoint()?);
    let result = match call.node.op_type() {
        "Neg" => graph.op("Neg", &[adjoint])?,
        "Exp" => graph.op("Mul", &[adjoint, y])?,
        "Log" => graph.op("Div", &[adjoint, x])?,
        "Sqrt" => {
            let half = graph.scalar_like(0.5, x)?;
            let halved = graph.op("Mul", &[adjoint, &half])?;
            graph.op("Div", &[&halved, y])?
        }
        "Reciprocal" => {
            let squared = graph.op("Mul", &[y, y])?;
            let scaled = graph.op("Mul", &[adjoint, &squared])?;
            graph.op("Neg", &[&scaled])?
        }
        "Tanh" => {
            let one = graph.scalar_like(1.0, x)?;
            let squared = graph.op("Mul", &[y, y])?;
            let slope = graph.op("Sub", &[&one, &squared])?;
            graph.op("Mul", &[adjoint, &slope])?
        }
        "Sigmoid" => {
            let one = graph.scalar_like(1.0, x)?;
            let rest = graph.op("Sub", &[&one, y])?;
            let slope = graph.op("Mul", &[y, &rest])?;
            graph.op("Mul", &[adjoint, &slope])?
        }
        "Erf" => {
            let scale = graph.scalar_like(ERF_SLOPE, x)?;
            let squared = graph.op("Mul", &[x, x])?;
            let exponent = graph.op("Neg", &[&squared])?;
            let bell = graph.op("Exp", &[&exponent])?;
            let slope = graph.op("Mul", &[&bell, &scale])?;
            graph.op("Mul", &[adjoint, &slope])?
        }
        "Sin" => {
            let slope = graph.op("Cos", &[x])?;
            graph.op("Mul", &[adjoint, &slope])?
        }
        "Cos" => {
            let sine = graph.op("Sin", &[x])?;
            let scaled = graph.op("Mul", &[adjoint, &sine])?;
            graph.op("Neg", &[&scaled])?
        }
        "Abs" | "Relu" => {
            // The sign of the output of Relu is 0 or 1, its slope; at the kink both take 0.
            let slope = graph.op("Sign", &[if call.node.op_type() == "Abs" { x } else { y }])?;
            graph.op("Mul", &[adjoint, &slope])?
        }
        _ => return Err(call.refuse("has no slope here")),
    };
    Ok(vec![Some(result)])
}
