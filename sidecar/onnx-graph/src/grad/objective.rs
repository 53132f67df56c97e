//! The objective: weighted log-probability of the target tokens, and where its gradient starts.

use super::{GradError, graph::GraphBuilder, reverse::Seed};
use crate::build::int_attribute;

/// Values of the objective in the graph.
pub(super) struct Objective {
    /// Log-probability of each target token in nats, [batch, tokens].
    pub log_probs: String,
    /// Σ weight · log-probability of each row, [batch].
    pub log_likelihood: String,
    /// The logits and the gradient of the sum over rows by them.
    pub seed: Seed,
}

/// Adds the objective over logits [batch, tokens, vocabulary].
///
/// The derivative is written down in closed form, `weight · (onehot(target) - softmax(logits))`: it needs
/// three passes over the logits, where differentiating `LogSoftmax` would need six.
///
/// The target of a position of weight zero is not read, so it may be any number.
///
/// # Errors
/// [`GradError::Value`] when the logits are no 32-bit or 64-bit floats.
pub(super) fn add(
    graph: &mut GraphBuilder,
    logits: &str,
    targets: &str,
    weights: &str,
) -> Result<Objective, GradError> {
    graph.enter("objective");
    let zero = graph.scalar_like(0.0, logits)?;
    let last = graph.int_vector(&[-1]);
    let unused = graph.op("Equal", &[weights, &zero])?;
    let first_token = graph.int_scalar(0);
    let targets = graph.op("Where", &[&unused, &first_token, targets])?;
    let targets = graph.op("Unsqueeze", &[&targets, &last])?;
    let column = graph.op("Unsqueeze", &[weights, &last])?;
    let skipped = graph.op("Unsqueeze", &[&unused, &last])?;
    let all = graph.op_with("LogSoftmax", &[logits], vec![int_attribute("axis", -1)])?;
    let chosen = graph.op_with("GatherElements", &[&all, &targets], vec![int_attribute("axis", -1)])?;
    let chosen = graph.op("Where", &[&skipped, &zero, &chosen])?;
    let log_probs = graph.op("Squeeze", &[&chosen, &last])?;
    let weighted = graph.op("Mul", &[&log_probs, weights])?;
    let log_likelihood = graph.reduce_sum(&weighted, &[-1], false)?;
    let probabilities = graph.op("Exp", &[&all])?;
    let negative = graph.op("Neg", &[&column])?;
    let others = graph.op("Mul", &[&probabilities, &negative])?;
    let probability = graph.op("Exp", &[&chosen])?;
    let one = graph.scalar_like(1.0, logits)?;
    let missing = graph.op("Sub", &[&one, &probability])?;
    let own = graph.op("Mul", &[&missing, &column])?;
    let adjoint = graph.op_with("ScatterElements", &[&others, &targets, &own], vec![int_attribute("axis", -1)])?;
    let fact = graph.fact(logits);
    graph.refine(&adjoint, &fact);
    Ok(Objective { log_probs, log_likelihood, seed: Seed { value: logits.to_owned(), adjoint } })
}
