//! Normalisation along the last axis: `y = x / sqrt(mean(x²) + ε) · weight + bias`, of `x` itself (root mean
//! square) or of what is left of it without its mean (layer normalisation).

use super::{Unfuse, optional, output, rename, required};
use crate::{
    build::int_attribute,
    grad::{GradError, attributes, dims::Axis, graph::GraphBuilder, rules::refuse},
    proto::NodeProto,
};

const DEFAULT_EPSILON: f32 = 1e-5;

/// `SimplifiedLayerNormalization` and `RMSNormalization`.
pub(super) fn rms(graph: &mut GraphBuilder, node: &NodeProto, _: &Unfuse) -> Result<(), GradError> {
    last_axis_only(graph, node)?;
    let (x, weight) = (required(node, 0)?, required(node, 1)?);
    normalise(graph, node, x, weight, None)
}

/// `LayerNormalization`.
pub(super) fn layer(graph: &mut GraphBuilder, node: &NodeProto, _: &Unfuse) -> Result<(), GradError> {
    last_axis_only(graph, node)?;
    let (x, weight) = (required(node, 0)?, required(node, 1)?);
    let centred = centre(graph, node, x, weight)?;
    normalise(graph, node, &centred, weight, optional(node, 2))
}

/// `SkipSimplifiedLayerNormalization`: the sum with the residual, then the norm of it.
pub(super) fn skip_rms(graph: &mut GraphBuilder, node: &NodeProto, _: &Unfuse) -> Result<(), GradError> {
    let sum = residual_sum(graph, node, optional(node, 3))?;
    normalise(graph, node, &sum, required(node, 2)?, None)
}

/// `SkipLayerNormalization`.
pub(super) fn skip_layer(graph: &mut GraphBuilder, node: &NodeProto, _: &Unfuse) -> Result<(), GradError> {
    let sum = residual_sum(graph, node, optional(node, 4))?;
    let weight = required(node, 2)?;
    let centred = centre(graph, node, &sum, weight)?;
    normalise(graph, node, &centred, weight, optional(node, 3))
}

fn last_axis_only(graph: &GraphBuilder, node: &NodeProto) -> Result<(), GradError> {
    let x = required(node, 0)?;
    let axis = graph.axis(x, attributes::int(node, "axis").unwrap_or(-1))?;
    if axis + 1 != graph.rank(x)? || output(node, 1).is_some() || output(node, 2).is_some() {
        return Err(refuse(node, "is supported along the last axis with one output; export it that way"));
    }
    Ok(())
}

/// The sum of both inputs and the bias, under the name of the output that returns it.
fn residual_sum(graph: &mut GraphBuilder, node: &NodeProto, bias: Option<&str>) -> Result<String, GradError> {
    if output(node, 1).is_some() || output(node, 2).is_some() {
        return Err(refuse(node, "is supported without its statistics as outputs; export for inference"));
    }
    let mut sum = graph.op("Add", &[required(node, 0)?, required(node, 1)?])?;
    if let Some(bias) = bias {
        sum = graph.op("Add", &[&sum, bias])?;
    }
    match output(node, 3) {
        Some(name) => {
            rename(graph, &sum, name)?;
            Ok(name.to_owned())
        }
        None => Ok(sum),
    }
}

/// One over the width, as a scalar of the type of `x`; the width is that of the weight.
fn share(graph: &mut GraphBuilder, node: &NodeProto, x: &str, weight: &str) -> Result<String, GradError> {
    let Some([Axis::Fixed(width)]) = graph.shape(weight).map(Vec::as_slice) else {
        return Err(refuse(node, "needs a weight of one axis with known size; export with constant weights"));
    };
    #[allow(clippy::cast_precision_loss)]
    let share = 1.0 / (*width).max(1) as f64;
    graph.scalar_like(share, x)
}

fn centre(graph: &mut GraphBuilder, node: &NodeProto, x: &str, weight: &str) -> Result<String, GradError> {
    let share = share(graph, node, x, weight)?;
    let sum = graph.reduce_sum(x, &[-1], true)?;
    let mean = graph.op("Mul", &[&sum, &share])?;
    graph.op("Sub", &[x, &mean])
}

fn normalise(
    graph: &mut GraphBuilder,
    node: &NodeProto,
    x: &str,
    weight: &str,
    bias: Option<&str>,
) -> Result<(), GradError> {
    let Some(y) = output(node, 0) else { return Ok(()) };
    let share = share(graph, node, x, weight)?;
    let epsilon = f64::from(attributes::float(node, "epsilon").unwrap_or(DEFAULT_EPSILON));
    let epsilon = graph.scalar_like(epsilon, x)?;
    // A sum of squares has a gradient that needs no repeated tensor, unlike the mean of a power.
    let squares = last_axis_squares(graph, x)?;
    let mean = graph.op("Mul", &[&squares, &share])?;
    let shifted = graph.op("Add", &[&mean, &epsilon])?;
    let root = graph.op("Sqrt", &[&shifted])?;
    let scale = graph.op("Reciprocal", &[&root])?;
    let normal = graph.op("Mul", &[x, &scale])?;
    let Some(bias) = bias else {
        return graph.op_named("Mul", &[&normal, weight], Vec::new(), &[y]);
    };
    let scaled = graph.op("Mul", &[&normal, weight])?;
    graph.op_named("Add", &[&scaled, bias], Vec::new(), &[y])
}

/// First operator set in which `ReduceSumSquare` takes its axes as an input.
const AXES_AS_INPUT: i64 = 18;

fn last_axis_squares(graph: &mut GraphBuilder, x: &str) -> Result<String, GradError> {
    let keep = int_attribute("keepdims", 1);
    if graph.opset >= AXES_AS_INPUT {
        let last = graph.int_vector(&[-1]);
        return graph.op_with("ReduceSumSquare", &[x, &last], vec![keep]);
    }
    graph.op_with("ReduceSumSquare", &[x], vec![keep, attributes::with_ints("axes", &[-1])])
}
