//! The walk back: adjoints of a graph's values along the paths from an output to the chosen inputs.

use std::collections::{HashMap, HashSet};

use super::{
    GradError,
    dims::Fact,
    graph::GraphBuilder,
    prune::reads,
    rules::{Call, apply, is_piecewise_constant, no_rule, refuse},
};
use crate::proto::NodeProto;

/// Where the walk starts: a value and its adjoint, which must have the value's shape.
pub(crate) struct Seed {
    /// The differentiated value.
    pub value: String,
    /// What one unit of change in each of its elements is worth.
    pub adjoint: String,
}

/// Adds the nodes that compute the adjoint of every input in `by`; returns their names in that order, and then those of the
/// adjoints of the `watched` outputs of nodes.
///
/// Only the nodes before `forward` are walked: the seed's own computation is not differentiated. Weights,
/// masks and positions get no adjoint, because none of `by` reaches them.
///
/// # Errors
/// [`GradError::Independent`] when an input does not reach the seed, and what the rules refuse.
pub(crate) fn reverse(
    graph: &mut GraphBuilder,
    forward: usize,
    seed: &Seed,
    by: &[String],
    watched: &[String],
) -> Result<(Vec<String>, Vec<String>), GradError> {
    for input in by {
        graph.float_type(input)?;
    }
    let nodes: Vec<NodeProto> = graph.nodes.iter().take(forward).cloned().collect();
    let active = active_values(graph, &nodes, by);
    let mut adjoints = Adjoints::default();
    let mut seen: HashMap<&str, String> = HashMap::new();
    adjoints.add(&seed.value, seed.adjoint.clone());
    for node in nodes.iter().rev() {
        if !node.output.iter().any(|output| adjoints.has(output) && active.contains(output)) {
            continue;
        }
        let wanted: Vec<bool> = node.input.iter().map(|input| active.contains(input)).collect();
        if !wanted.contains(&true) {
            // The output is active, so it is a nested graph that reads an active value.
            return Err(no_rule(node));
        }
        graph.enter(&format!("{}/grad", node.name()));
        let outputs = node.output.iter().map(|output| adjoints.take(graph, output));
        let outputs: Vec<Option<String>> = outputs.collect::<Result<_, _>>()?;
        for (output, adjoint) in node.output.iter().zip(&outputs) {
            if let (Some(name), Some(adjoint)) = (watched.iter().find(|name| *name == output), adjoint) {
                seen.insert(name, adjoint.clone());
            }
        }
        let inputs = apply(graph, &Call { node, adjoints: &outputs, wanted: &wanted })?;
        let mut inputs = inputs.into_iter();
        for (input, wanted) in node.input.iter().zip(wanted) {
            let adjoint = inputs.next().flatten();
            if wanted {
                // A dropped gradient would look like a correct one.
                let adjoint = adjoint.ok_or_else(|| refuse(node, "has no gradient by one of its changing inputs"))?;
                adjoints.add(input, adjoint);
            }
        }
    }
    let independent = |input: &String| GradError::Independent { output: seed.value.clone(), input: input.to_owned() };
    let found = by.iter().map(|input| adjoints.take(graph, input)?.ok_or_else(|| independent(input)));
    let found = found.collect::<Result<_, _>>()?;
    let seen = watched.iter().map(|name| seen.remove(name.as_str()).ok_or_else(|| independent(name)));
    Ok((found, seen.collect::<Result<_, _>>()?))
}

/// Float values that change when one of `by` does.
fn active_values(graph: &GraphBuilder, nodes: &[NodeProto], by: &[String]) -> HashSet<String> {
    let mut active: HashSet<String> = by.iter().cloned().collect();
    for node in nodes {
        if is_piecewise_constant(node) || !reads(node).iter().any(|v| active.contains(*v)) {
            continue;
        }
        for output in node.output.iter().filter(|output| !output.is_empty()) {
            let fact = graph.fact(output);
            // A value of unknown type is taken for a float: then the rules refuse it by name.
            if fact.data_type == 0 || fact.is_float() {
                active.insert(output.clone());
            }
        }
    }
    active
}

/// Contributions to the adjoint of each value.
#[derive(Default)]
struct Adjoints {
    parts: HashMap<String, Vec<String>>,
}

impl Adjoints {
    fn has(&self, value: &str) -> bool {
        self.parts.contains_key(value)
    }

    fn add(&mut self, value: &str, adjoint: String) {
        self.parts.entry(value.to_owned()).or_default().push(adjoint);
    }

    /// The sum of all contributions: all readers of the value were visited before.
    fn take(&mut self, graph: &mut GraphBuilder, value: &str) -> Result<Option<String>, GradError> {
        let Some(parts) = self.parts.remove(value) else { return Ok(None) };
        let mut parts = parts.into_iter();
        let Some(mut sum) = parts.next() else { return Ok(None) };
        for part in parts {
            sum = graph.op("Add", &[&sum, &part])?;
        }
        let fact = graph.fact(value);
        graph.refine(&sum, &Fact::new(fact.data_type, fact.shape));
        Ok(Some(sum))
    }
}
