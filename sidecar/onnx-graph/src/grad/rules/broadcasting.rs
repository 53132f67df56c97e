//! Undoing the broadcasting of an operator's inputs: what was repeated is summed.

use super::super::{
    GradError,
    attributes::with_ints,
    dims::{Axis, Shape},
    graph::GraphBuilder,
};
use crate::{build::int_attribute, element};

/// What must be done to come back from the broadcast shape.
#[derive(Debug, PartialEq, Eq)]
enum Plan {
    /// Nothing: both shapes are certainly the same.
    Keep,
    /// Sum over these axes of the adjoint; the first `leading` of them vanish.
    Sum { axes: Vec<i64>, leading: usize },
    /// Only the running graph knows.
    AtRunTime,
}

fn plan(from: Option<&Shape>, to: Option<&Shape>) -> Plan {
    let (Some(from), Some(to)) = (from, to) else { return Plan::AtRunTime };
    let Some(leading) = from.len().checked_sub(to.len()) else { return Plan::AtRunTime };
    let mut axes: Vec<usize> = (0..leading).collect();
    for (at, (wide, narrow)) in from.iter().skip(leading).zip(to).enumerate() {
        match (wide, narrow) {
            (wide, narrow) if wide.same(narrow) => {}
            (_, Axis::Fixed(1)) => axes.push(leading + at),
            // An input axis of another known size is never repeated.
            (_, Axis::Fixed(_)) => {}
            _ => return Plan::AtRunTime,
        }
    }
    if axes.is_empty() {
        return Plan::Keep;
    }
    Plan::Sum { axes: axes.into_iter().filter_map(|axis| i64::try_from(axis).ok()).collect(), leading }
}

/// The adjoint of `input` from an adjoint with the shape that `input` was broadcast to.
///
/// # Errors
/// [`GradError::TooManyNodes`].
pub(super) fn undo(graph: &mut GraphBuilder, adjoint: &str, input: &str) -> Result<String, GradError> {
    match plan(graph.shape(adjoint), graph.shape(input)) {
        Plan::Keep => Ok(adjoint.to_owned()),
        Plan::Sum { axes, leading } => {
            let summed = graph.reduce_sum(adjoint, &axes, true)?;
            if leading == 0 {
                return Ok(summed);
            }
            let gone: Vec<i64> = axes.into_iter().take(leading).collect();
            let gone = graph.int_vector(&gone);
            graph.op("Squeeze", &[&summed, &gone])
        }
        Plan::AtRunTime => at_run_time(graph, adjoint, input),
    }
}

/// Pads the input's shape with ones on the left and sums wherever it is one and the adjoint's is not.
fn at_run_time(graph: &mut GraphBuilder, adjoint: &str, input: &str) -> Result<String, GradError> {
    let (wide, narrow) = (graph.op("Shape", &[adjoint])?, graph.op("Shape", &[input])?);
    let (wide_rank, narrow_rank) = (graph.op("Shape", &[&wide])?, graph.op("Shape", &[&narrow])?);
    let missing = graph.op("Sub", &[&wide_rank, &narrow_rank])?;
    let one = graph.int_vector(&[1]);
    let ones = graph.op("Expand", &[&one, &missing])?;
    let padded = graph.op_with("Concat", &[&ones, &narrow], vec![int_attribute("axis", 0)])?;
    let is_one = graph.op("Equal", &[&padded, &one])?;
    let already = graph.op("Equal", &[&wide, &one])?;
    let larger = graph.op("Not", &[&already])?;
    let repeated = graph.op("And", &[&is_one, &larger])?;
    let flags = graph.op_with("Cast", &[&repeated], vec![int_attribute("to", i64::from(element::INT64))])?;
    let found = graph.op("NonZero", &[&flags])?;
    let all = graph.int_vector(&[-1]);
    let axes = graph.op("Reshape", &[&found, &all])?;
    let attributes = vec![int_attribute("keepdims", 1), int_attribute("noop_with_empty_axes", 1)];
    let summed = graph.op_with("ReduceSum", &[adjoint, &axes], attributes)?;
    graph.reshape_like(&summed, input)
}

/// Inserts axes of size one.
///
/// # Errors
/// [`GradError::TooManyNodes`].
pub(super) fn unsqueeze(graph: &mut GraphBuilder, value: &str, axes: &[i64]) -> Result<String, GradError> {
    let axes = graph.int_vector(axes);
    graph.op("Unsqueeze", &[value, &axes])
}

/// Swaps the last two axes.
///
/// # Errors
/// [`GradError::Value`] for a rank that is unknown or below two.
pub(crate) fn transpose_last(graph: &mut GraphBuilder, value: &str) -> Result<String, GradError> {
    let rank = graph.rank(value)?;
    let mut perm: Vec<i64> = (0_i64..).take(rank).collect();
    let [.., left, right] = perm.as_mut_slice() else {
        let reason = "it has no two axes to swap; the file is damaged, export it again".to_owned();
        return Err(GradError::Value { name: value.to_owned(), reason });
    };
    std::mem::swap(left, right);
    graph.op_with("Transpose", &[value], vec![with_ints("perm", &perm)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Axis {
        Axis::named(name)
    }

    #[test]
    fn equal_names_are_kept_and_ones_are_summed() {
        let wide = vec![named("batch"), named("tokens"), Axis::Fixed(4)];
        assert_eq!(plan(Some(&wide), Some(&wide)), Plan::Keep);
        let bias = vec![Axis::Fixed(4)];
        assert_eq!(plan(Some(&wide), Some(&bias)), Plan::Sum { axes: vec![0, 1], leading: 2 });
        // An input axis of a size other than one was not repeated, whatever is known of the result.
        assert_eq!(plan(Some(&vec![Axis::Unknown]), Some(&bias)), Plan::Keep);
        let column = vec![named("batch"), Axis::Fixed(1), Axis::Fixed(4)];
        assert_eq!(plan(Some(&wide), Some(&column)), Plan::Sum { axes: vec![1], leading: 0 });
    }

    #[test]
    fn sizes_that_may_differ_are_left_to_the_running_graph() {
        let wide = vec![named("batch"), Axis::Unknown];
        assert_eq!(plan(Some(&wide), Some(&wide)), Plan::AtRunTime);
        assert_eq!(plan(Some(&wide), Some(&vec![named("rows"), Axis::Fixed(3)])), Plan::AtRunTime);
        assert_eq!(plan(None, Some(&wide)), Plan::AtRunTime);
    }
}
