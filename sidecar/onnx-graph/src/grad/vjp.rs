//! Vector-Jacobian products of any graph of supported operators.

use std::collections::HashSet;

use super::{
    GradError,
    dims::Fact,
    graph::GraphBuilder,
    paths::refuse_unknown,
    prune::{needed, prune},
    reverse::{Seed, reverse},
    unfuse,
};
use crate::{
    Model,
    proto::{GraphProto, ModelProto, OperatorSetIdProto, ValueInfoProto},
};

/// Oldest operator set: `Reshape` can tell a size of zero from "copy", reductions take axes as input.
const OPSET_MIN: i64 = 14;
/// Newest operator set this crate reads.
const OPSET_MAX: i64 = 26;

/// Name of the input that [`vector_jacobian_product`] adds: the adjoint of the output.
#[must_use]
pub fn adjoint_name(output: &str) -> String {
    format!("adjoint.{output}")
}

/// Name of a gradient output.
#[must_use]
pub fn gradient_name(input: &str) -> String {
    format!("gradient.{input}")
}

/// The graph that returns `output` and, for an adjoint of it, the gradient by every input in `by`.
///
/// Inputs of the result: those of the model that the output needs, and [`adjoint_name`] with the type and
/// shape of `output`. Outputs: `output`, then [`gradient_name`] of each `by`, with that input's type and
/// shape: `Σ adjoint · ∂output/∂input`. Only standard operators are written.
///
/// # Errors
/// [`GradError`]; the model is not changed.
pub fn vector_jacobian_product(model: &Model, output: &str, by: &[&str]) -> Result<Model, GradError> {
    let source = model.graph();
    let opset = opset(model)?;
    let declared = source
        .output
        .iter()
        .find(|value| value.name() == output)
        .ok_or_else(|| GradError::NoSuchValue { what: "output", name: output.to_owned() })?;
    let mut graph = GraphBuilder::new(source, opset);
    let inputs: Vec<ValueInfoProto> = by.iter().map(|name| find_input(source, name)).collect::<Result<_, _>>()?;
    let nodes = needed(&source.node, [output]);
    refuse_unknown(nodes.iter().copied(), by.iter().copied())?;
    let unfuse = unfuse::Unfuse::default();
    for node in nodes {
        unfuse.push(&mut graph, node)?;
    }
    let forward = graph.nodes.len();
    let mut adjoint = declared.clone();
    adjoint.name = Some(adjoint_name(output));
    if graph.is_taken(adjoint.name()) {
        return Err(taken(adjoint.name()));
    }
    let seed = Seed { value: output.to_owned(), adjoint: adjoint.name().to_owned() };
    graph.add_input(adjoint);
    let fact = graph.fact(output);
    graph.refine(&seed.adjoint, &fact);
    let names: Vec<String> = by.iter().map(|&name| name.to_owned()).collect();
    let (gradients, _) = reverse(&mut graph, forward, &seed, &names, &[])?;
    let mut outputs = vec![declared.clone()];
    for (input, gradient) in inputs.into_iter().zip(gradients) {
        outputs.push(name_output(&mut graph, input, &gradient)?);
    }
    finish(model, graph, outputs, &HashSet::from([seed.adjoint]))
}

fn find_input(source: &GraphProto, name: &str) -> Result<ValueInfoProto, GradError> {
    let missing = || GradError::NoSuchValue { what: "input", name: name.to_owned() };
    source.input.iter().find(|value| value.name() == name).cloned().ok_or_else(missing)
}

/// A name of ours that the model already uses.
pub(super) fn taken(name: &str) -> GradError {
    GradError::Value {
        name: name.to_owned(),
        reason: "the model already has a value of this name; take the model as it was exported".to_owned(),
    }
}

/// Gives the gradient of an input its output name.
pub(super) fn name_output(
    graph: &mut GraphBuilder,
    mut input: ValueInfoProto,
    gradient: &str,
) -> Result<ValueInfoProto, GradError> {
    let name = gradient_name(input.name());
    if graph.is_taken(&name) {
        return Err(taken(&name));
    }
    graph.op_named("Identity", &[gradient], Vec::new(), &[&name])?;
    input.name = Some(name);
    Ok(input)
}

/// The version of the standard operator set, when it is one the compiler writes.
pub(super) fn opset(model: &Model) -> Result<i64, GradError> {
    let version = model.opset("").unwrap_or(0);
    if !(OPSET_MIN..=OPSET_MAX).contains(&version) {
        return Err(GradError::Opset { version, min: OPSET_MIN, max: OPSET_MAX });
    }
    Ok(version)
}

/// The finished graph as a model that keeps the source's weights.
pub(super) fn finish(
    model: &Model,
    graph: GraphBuilder,
    outputs: Vec<ValueInfoProto>,
    keep: &HashSet<String>,
) -> Result<Model, GradError> {
    let mut result = GraphProto {
        node: graph.nodes,
        name: Some("gradient".to_owned()),
        initializer: graph.initializers,
        sparse_initializer: model.graph().sparse_initializer.clone(),
        input: graph.inputs,
        output: outputs,
        value_info: model.graph().value_info.clone(),
        ..GraphProto::default()
    };
    prune(&mut result, keep);
    // Un-fused graphs need the standard operators only; what else is imported is used by frozen parts.
    let used: HashSet<&str> = result.node.iter().map(|node| crate::validate::plain_domain(node.domain())).collect();
    let import = |set: &&OperatorSetIdProto| {
        let domain = crate::validate::plain_domain(set.domain());
        domain.is_empty() || used.contains(domain) || !model.proto().functions.is_empty()
    };
    let proto = ModelProto {
        opset_import: model.proto().opset_import.iter().filter(import).cloned().collect(),
        graph: Some(result),
        ..model.proto().clone()
    };
    Ok(model.replaced(proto)?)
}

/// What is known about a declared input.
pub(super) fn declared_fact(source: &GraphProto, name: &str) -> Result<Fact, GradError> {
    find_input(source, name).map(|value| Fact::declared(&value))
}
