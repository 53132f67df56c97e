//! The objective: weighted log-probability of the target tokens, and where its gradient starts.

use super::{GradError, graph::GraphBuilder, reverse::Seed, rules::transpose_last};
use crate::{build::int_attribute, element};

/// What the objective is computed from.
pub(super) struct Source<'a> {
    /// The logits, or what the head makes them from: [batch, tokens, width].
    pub value: &'a str,
    /// The head's weight [width, vocabulary], when `value` is not yet multiplied with it.
    pub head: Option<&'a str>,
    /// Input with the target of each position, int64 [batch, tokens].
    pub targets: &'a str,
    /// Input with the weight of each position, float32 [batch, tokens].
    pub weights: &'a str,
    /// Input with the number that draws each position's target, float32 [batch, tokens]; negative to keep its own.
    pub draws: Option<&'a str>,
}

/// Values of the objective in the graph.
pub(super) struct Objective {
    /// Log-probability of each target token in nats, [batch, tokens].
    pub log_probs: String,
    /// Σ weight · log-probability of each row, [batch].
    pub log_likelihood: String,
    /// The source's value and the gradient of the sum over rows by it.
    pub seed: Seed,
}

/// Adds the objective.
///
/// Positions of weight zero, prompt and padding, are left out before the head: its product is the widest of
/// the graph, and neither their targets nor values that are not finite can reach another position.
///
/// The derivative by the logits is written down in closed form, `weight · (onehot(target) - softmax(logits))`:
/// it needs three passes over them, where differentiating `LogSoftmax` would need six.
///
/// # Errors
/// [`GradError::Value`] when the source is no tensor of 32-bit or 64-bit floats with three axes.
pub(super) fn add(graph: &mut GraphBuilder, source: &Source<'_>) -> Result<Objective, GradError> {
    graph.enter("objective");
    let x = source.value;
    if graph.rank(x)? != 3 {
        let reason = "it must be [batch, tokens, width]; take the name of the logits from the model's configuration";
        return Err(GradError::Value { name: x.to_owned(), reason: reason.to_owned() });
    }
    let (all, last, column) = (graph.int_vector(&[-1]), graph.int_vector(&[-1]), graph.int_vector(&[-1, 1]));
    // Positions that count, as a vector and as a column.
    let flat_weights = graph.op("Reshape", &[source.weights, &all])?;
    let zero = graph.scalar_like(0.0, source.weights)?;
    let silent = graph.op("Equal", &[&flat_weights, &zero])?;
    let counted = graph.op("Not", &[&silent])?;
    let found = graph.op("NonZero", &[&counted])?;
    let (chosen, places) = (graph.op("Reshape", &[&found, &all])?, graph.op("Reshape", &[&found, &column])?);
    let weights = pick(graph, &flat_weights, &chosen)?;
    let weights = graph.op("Unsqueeze", &[&weights, &last])?;
    let flat_targets = graph.op("Reshape", &[source.targets, &all])?;
    let targets = pick(graph, &flat_targets, &chosen)?;
    let targets = graph.op("Unsqueeze", &[&targets, &last])?;
    let flat = flat_rows(graph, x)?;
    let rows = pick(graph, &flat, &chosen)?;
    let logits = match source.head {
        Some(weight) => graph.op("MatMul", &[&rows, weight])?,
        None => rows,
    };
    let table = graph.op_with("LogSoftmax", &[&logits], vec![int_attribute("axis", -1)])?;
    let targets = match source.draws {
        Some(draws) => {
            let draws = graph.op("Reshape", &[draws, &all])?;
            let draws = pick(graph, &draws, &chosen)?;
            let draws = graph.op("Unsqueeze", &[&draws, &last])?;
            drawn(graph, &table, &draws, &targets)?
        }
        None => targets,
    };
    let log_probs = graph.op_with("GatherElements", &[&table, &targets], vec![int_attribute("axis", -1)])?;
    let by_logits = by_logits(graph, &table, &log_probs, &targets, &weights)?;
    let by_rows = match source.head {
        Some(weight) => {
            let turned = transpose_last(graph, weight)?;
            graph.op("MatMul", &[&by_logits, &turned])?
        }
        None => by_logits,
    };
    let adjoint = place(graph, &flat, &places, &by_rows)?;
    let adjoint = graph.reshape_like(&adjoint, x)?;
    let fact = graph.fact(x);
    graph.refine(&adjoint, &fact);
    let log_probs = graph.op("Squeeze", &[&log_probs, &last])?;
    let log_probs = place(graph, &flat_weights, &places, &log_probs)?;
    let log_probs = graph.reshape_like(&log_probs, source.weights)?;
    let weighted = graph.op("Mul", &[&log_probs, source.weights])?;
    let log_likelihood = graph.reduce_sum(&weighted, &[-1], false)?;
    Ok(Objective { log_probs, log_likelihood, seed: Seed { value: x.to_owned(), adjoint } })
}

/// Targets with those replaced that have a number: by the token at which the cumulative probability passes it, the last
/// one when rounding keeps it below. All [positions, 1], the table [positions, vocabulary].
fn drawn(graph: &mut GraphBuilder, table: &str, draws: &str, targets: &str) -> Result<String, GradError> {
    let probabilities = graph.op("Exp", &[table])?;
    let axis = graph.int_scalar(1);
    let cumulative = graph.op("CumSum", &[&probabilities, &axis])?;
    let passed = graph.op("LessOrEqual", &[&cumulative, draws])?;
    let counted = graph.op_with("Cast", &[&passed], vec![int_attribute("to", element::INT64.into())])?;
    let token = graph.reduce_sum(&counted, &[-1], true)?;
    let shape = graph.op("Shape", &[table])?;
    let (at, one, start) = (graph.int_vector(&[1]), graph.int_scalar(1), graph.int_scalar(0));
    let width = graph.op_with("Gather", &[&shape, &at], vec![int_attribute("axis", 0)])?;
    let highest = graph.op("Sub", &[&width, &one])?;
    let token = graph.op("Min", &[&token, &highest])?;
    let token = graph.op("Max", &[&token, &start])?;
    let zero = graph.scalar_like(0.0, draws)?;
    let own = graph.op("Less", &[draws, &zero])?;
    graph.op("Where", &[&own, targets, &token])
}

/// `weight · (onehot(target) - softmax)`, all [positions, vocabulary] or [positions, 1].
fn by_logits(
    graph: &mut GraphBuilder,
    table: &str,
    log_probs: &str,
    targets: &str,
    weights: &str,
) -> Result<String, GradError> {
    let probabilities = graph.op("Exp", &[table])?;
    let negative = graph.op("Neg", &[weights])?;
    let others = graph.op("Mul", &[&probabilities, &negative])?;
    let probability = graph.op("Exp", &[log_probs])?;
    let one = graph.scalar_like(1.0, table)?;
    let missing = graph.op("Sub", &[&one, &probability])?;
    let own = graph.op("Mul", &[&missing, weights])?;
    graph.op_with("ScatterElements", &[&others, targets, &own], vec![int_attribute("axis", -1)])
}

/// [batch, tokens, width] as [batch · tokens, width].
fn flat_rows(graph: &mut GraphBuilder, x: &str) -> Result<String, GradError> {
    let shape = graph.op("Shape", &[x])?;
    let width = graph.int_vector(&[2]);
    let width = graph.op_with("Gather", &[&shape, &width], vec![int_attribute("axis", 0)])?;
    let all = graph.int_vector(&[-1]);
    let shape = graph.op_with("Concat", &[&all, &width], vec![int_attribute("axis", 0)])?;
    graph.op("Reshape", &[x, &shape])
}

fn pick(graph: &mut GraphBuilder, value: &str, rows: &str) -> Result<String, GradError> {
    graph.op_with("Gather", &[value, rows], vec![int_attribute("axis", 0)])
}

/// Zeros like `like` with `rows` at the given places of its first axis.
fn place(graph: &mut GraphBuilder, like: &str, places: &str, rows: &str) -> Result<String, GradError> {
    let zeros = graph.zeros_like(like)?;
    graph.op("ScatterND", &[&zeros, places, rows])
}
