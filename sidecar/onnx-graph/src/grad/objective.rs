//! The objective: weighted log-probability of the target tokens, and where its gradient starts.

use super::{GradError, graph::GraphBuilder, reverse::Seed, rules::transpose_last};
use crate::build::int_attribute;

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
    /// Input with the signs of each position, float32 [batch, tokens, 2 · side]; zeros to score its target.
    pub signs: Option<&'a str>,
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
    let log_probs = graph.op_with("GatherElements", &[&table, &targets], vec![int_attribute("axis", -1)])?;
    let mut by_logits = by_logits(graph, &table, &log_probs, &targets, &weights)?;
    if let Some(signs) = source.signs {
        let signs = flat_rows(graph, signs)?;
        let signs = pick(graph, &signs, &chosen)?;
        by_logits = or_root(graph, &table, &signs, &weights, &by_logits)?;
    }
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

/// `by_logits`, but `weight · S ξ` for positions that have signs ξ, where `S Sᵀ = diag(p) - p pᵀ` is the curvature of the log-loss
/// by the logits: `S ξ = √p ∘ ξ - p (√p · ξ)`. Signs [positions, 2 · side] are two vectors; token `v` has the product of
/// element `v / side` of the first and `v % side` of the second, so any two tokens have independent ones.
fn or_root(
    graph: &mut GraphBuilder,
    table: &str,
    signs: &str,
    weights: &str,
    by_logits: &str,
) -> Result<String, GradError> {
    let (halves, flat) = (graph.int_vector(&[0, 2, -1]), graph.int_vector(&[0, -1]));
    let (first, second, start) = (graph.int_scalar(0), graph.int_scalar(1), graph.int_vector(&[0]));
    let (one, two) = (graph.int_vector(&[1]), graph.int_vector(&[2]));
    let along = |axis: i64| vec![int_attribute("axis", axis)];
    let halves = graph.op("Reshape", &[signs, &halves])?;
    let rows = graph.op_with("Gather", &[&halves, &first], along(1))?;
    let columns = graph.op_with("Gather", &[&halves, &second], along(1))?;
    let (tall, wide) = (graph.op("Unsqueeze", &[&rows, &two])?, graph.op("Unsqueeze", &[&columns, &one])?);
    let square = graph.op("Mul", &[&tall, &wide])?;
    let line = graph.op("Reshape", &[&square, &flat])?;
    let shape = graph.op("Shape", &[table])?;
    let vocabulary = graph.op_with("Gather", &[&shape, &one], along(0))?;
    let signs = graph.op("Slice", &[&line, &start, &vocabulary, &one])?;
    let half = graph.scalar_like(0.5, table)?;
    let halved = graph.op("Mul", &[table, &half])?;
    let root = graph.op("Exp", &[&halved])?;
    let signed = graph.op("Mul", &[&root, &signs])?;
    let sum = graph.reduce_sum(&signed, &[-1], true)?;
    let probabilities = graph.op("Exp", &[table])?;
    let along_all = graph.op("Mul", &[&probabilities, &sum])?;
    let drawn = graph.op("Sub", &[&signed, &along_all])?;
    let drawn = graph.op("Mul", &[&drawn, weights])?;
    let any = graph.op_with("Gather", &[&rows, &start], along(1))?;
    let zero = graph.scalar_like(0.0, table)?;
    let own = graph.op("Equal", &[&any, &zero])?;
    graph.op("Where", &[&own, by_logits, &drawn])
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
