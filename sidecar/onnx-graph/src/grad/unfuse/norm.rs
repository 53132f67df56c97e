//! Root-mean-square normalisation: `y = x / sqrt(mean(x²) + ε) · weight` along the last axis.

use super::{Unfuse, optional, output, rename, required};
use crate::{
    build::int_attribute,
    grad::{GradError, attributes, dims::Axis, graph::GraphBuilder, rules::refuse},
    proto::NodeProto,
};

const DEFAULT_EPSILON: f32 = 1e-5;

/// `SimplifiedLayerNormalization` and `RMSNormalization`.
pub(super) fn rms(graph: &mut GraphBuilder, node: &NodeProto, _: &Unfuse) -> Result<(), GradError> {
    let (x, weight) = (required(node, 0)?.to_owned(), required(node, 1)?.to_owned());
    let axis = graph.axis(&x, attributes::int(node, "axis").unwrap_or(-1))?;
    if axis + 1 != graph.rank(&x)? || output(node, 1).is_some() {
        return Err(refuse(node, "is supported along the last axis with one output; export it that way"));
    }
    normalise(graph, node, &x, &weight)
}

/// `SkipSimplifiedLayerNormalization`: the sum with the residual, then the norm of it.
pub(super) fn skip_rms(graph: &mut GraphBuilder, node: &NodeProto, _: &Unfuse) -> Result<(), GradError> {
    let (x, skip, weight) = (required(node, 0)?, required(node, 1)?, required(node, 2)?.to_owned());
    if output(node, 1).is_some() || output(node, 2).is_some() {
        return Err(refuse(node, "is supported without its statistics as outputs; export for inference"));
    }
    let mut sum = graph.op("Add", &[x, skip])?;
    if let Some(bias) = optional(node, 3) {
        sum = graph.op("Add", &[&sum, bias])?;
    }
    if let Some(name) = output(node, 3) {
        rename(graph, &sum, name)?;
        name.clone_into(&mut sum);
    }
    normalise(graph, node, &sum, &weight)
}

fn normalise(graph: &mut GraphBuilder, node: &NodeProto, x: &str, weight: &str) -> Result<(), GradError> {
    let Some(y) = output(node, 0) else { return Ok(()) };
    let Some([Axis::Fixed(width)]) = graph.shape(weight).map(Vec::as_slice) else {
        return Err(refuse(node, "needs a weight of one axis with known size; export with constant weights"));
    };
    #[allow(clippy::cast_precision_loss)]
    let share = 1.0 / (*width).max(1) as f64;
    let epsilon = f64::from(attributes::float(node, "epsilon").unwrap_or(DEFAULT_EPSILON));
    let (share, epsilon) = (graph.scalar_like(share, x)?, graph.scalar_like(epsilon, x)?);
    // A sum of squares has a gradient that needs no repeated tensor, unlike the mean of a power.
    let squares = last_axis_squares(graph, x)?;
    let mean = graph.op("Mul", &[&squares, &share])?;
    let shifted = graph.op("Add", &[&mean, &epsilon])?;
    let root = graph.op("Sqrt", &[&shifted])?;
    let scale = graph.op("Reciprocal", &[&root])?;
    let normal = graph.op("Mul", &[x, &scale])?;
    graph.op_named("Mul", &[&normal, weight], Vec::new(), &[y])
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
