//! A decoder's gradient graph: the parts of the compiler in their order.

use std::collections::HashSet;

use super::{
    GradError, cache,
    dims::Fact,
    factors::{Attachment, End, FactorAxis},
    graph::GraphBuilder,
    head,
    objective::{self, Source},
    paths, prune, reverse, unfuse,
    vjp::{self, gradient_name},
};
use crate::{
    AttentionShape, LinearSite, Model, Sites,
    build::tensor_info,
    element,
    proto::{GraphProto, NodeProto, ValueInfoProto, tensor_shape_proto::dimension, type_proto},
};

/// Input: the token that each position is to predict, int64 [batch, tokens].
pub const TARGETS: &str = "targets";
/// Input: weight of each position in the row's sum, float32 [batch, tokens].
pub const TARGET_WEIGHTS: &str = "target_weights";
/// Input of [`curvature_graph`]: of each position 2 · [`signs_side`] numbers 1 or −1, or zeros, float32
/// [batch, tokens, 2 · side].
pub const TARGET_SIGNS: &str = "target_signs";
/// Output: log-probability of each target in nats, float32 [batch, tokens].
pub const LOG_PROBS: &str = "log_probs";
/// Output: weighted sum of a row's log-probabilities, float32 `[batch]`.
pub const LOG_LIKELIHOOD: &str = "log_likelihood";

/// What the compiler has to know about a decoder.
#[derive(Debug, Clone)]
pub struct GradientOptions {
    /// Name of the token input, int64 [batch, tokens].
    pub input_ids: String,
    /// Name of the output with the logits, [batch, tokens, vocabulary].
    pub logits: String,
    /// Names of the cache inputs, which the gradient graph does without.
    pub past: Vec<String>,
    /// Head counts of the cache.
    pub attention: AttentionShape,
    /// Linear layers that get LoRA factors; see [`crate::find_sites`].
    pub sites: Sites,
}

/// Compiles a decoder into its gradient graph. See the [module](super) for inputs and outputs;
/// [`lora_factors`](super::lora_factors) lists the names of the factors and their gradients.
///
/// The same model and options always give the same bytes. External weights stay where they are.
///
/// # Errors
/// [`GradError::NoSites`] without LoRA sites, [`GradError::NoSuchValue`] for a name in the options that the
/// graph lacks, [`GradError::NoRule`] and [`GradError::Node`] for an operator that cannot be differentiated,
/// [`GradError::Opset`] outside of ONNX 14 to 26, and [`GradError::Value`] for a type or shape that does not fit.
pub fn gradient_graph(model: &Model, options: &GradientOptions) -> Result<Model, GradError> {
    compile(model, options, FactorAxis::Row, Extras::None)
}

/// As [`gradient_graph`], for rows that share adapters: the first axis of the factors and their gradients is
/// G groups instead of the batch. Of B rows, `g · B/G .. (g + 1) · B/G` use factors `g`, and a gradient is the
/// sum over the rows of its group. G divides B; a run with other shapes fails. G = 1 is one adapter for all rows.
///
/// # Errors
/// As [`gradient_graph`].
pub fn grouped_gradient_graph(model: &Model, options: &GradientOptions) -> Result<Model, GradError> {
    compile(model, options, FactorAxis::Group, Extras::None)
}

/// As [`grouped_gradient_graph`], with what the curvature of the loss is estimated from.
///
/// A position that has signs instead of zeros in [`TARGET_SIGNS`] is not scored on its target: its gradient starts at `S ξ` by the
/// logits, where ξ are signs of all tokens, pairwise independent, and `S Sᵀ = diag(p) - p pᵀ` is the curvature of the log-loss there. Token
/// `v` has the product of sign `v / side` and sign `side + v % side`. Outer products of the gradients of such rows are, in the mean over random signs, the generalised
/// Gauss-Newton matrix of the loss, which is the true Fisher information (Martens, *New Insights and Perspectives on the Natural
/// Gradient Method*, 2020). Where the model is sure of a token, tokens drawn from its distribution would nearly always be that one and
/// say nothing, and sometimes another and say far too much; signs always say the same.
///
/// [`weight_gradient`] names one more output per site: the gradient of all rows' sum by the frozen weight, \[out, in\] as
/// PEFT counts. The product of two factors bends the loss even where its Gauss-Newton matrix is flat; that part is this matrix.
///
/// # Errors
/// As [`gradient_graph`].
pub fn curvature_graph(model: &Model, options: &GradientOptions) -> Result<Model, GradError> {
    compile(model, options, FactorAxis::Group, Extras::Curvature)
}

/// Side of the square of signs for a vocabulary of so many tokens: the smallest whose square has room for all.
#[must_use]
pub fn signs_side(vocabulary: usize) -> usize {
    let root = vocabulary.isqrt();
    if root.saturating_mul(root) < vocabulary { root.saturating_add(1) } else { root }
}

/// Output of [`curvature_graph`] for a site's weight, its parts one below the other.
#[must_use]
pub fn weight_gradient(site: &LinearSite) -> String {
    gradient_name(&format!("weight.{}", site.node))
}

/// What a graph computes besides gradients by factors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extras {
    None,
    Curvature,
}

fn compile(model: &Model, options: &GradientOptions, axis: FactorAxis, extras: Extras) -> Result<Model, GradError> {
    if options.sites.linear.is_empty() {
        return Err(GradError::NoSites);
    }
    let opset = vjp::opset(model)?;
    let source = model.graph();
    let tokens = token_axes(model, &options.input_ids)?;
    if !source.output.iter().any(|output| output.name() == options.logits) {
        return Err(GradError::NoSuchValue { what: "output", name: options.logits.clone() });
    }
    let mut graph = GraphBuilder::new(&without(source, &options.past)?, opset);
    for past in source.input.iter().filter(|input| options.past.iter().any(|name| name == input.name())) {
        cache::empty_past(&mut graph, past, &options.input_ids, &options.attention)?;
    }
    let nodes = prune::needed(&source.node, [options.logits.as_str()]);
    let at_sites = |node: &&NodeProto| options.sites.linear.iter().any(|site| site.node == node.name());
    let sources = nodes.iter().copied().filter(at_sites).filter_map(|node| node.output.first().map(String::as_str));
    paths::refuse_unknown(nodes.iter().copied(), sources)?;
    let unfuse = unfuse::Unfuse { empty_past: options.past.clone(), token_ids: Some(options.input_ids.clone()) };
    let mut attachment = Attachment::new(&options.sites, tokens.first().cloned().flatten(), axis);
    let head = head::find(&nodes, &source.node, &options.logits, &options.sites);
    for node in nodes {
        match attachment.take(node) {
            Some(site) => attachment.attach(&mut graph, &unfuse, node, site)?,
            // The head comes back in the objective, for the positions that count.
            None if head.is_some_and(|head| std::ptr::eq(head, node) && head::weight(&graph, head).is_some()) => {}
            None => unfuse.push(&mut graph, node)?,
        }
    }
    attachment.finished()?;
    let forward = graph.nodes.len();
    let curvature = extras == Extras::Curvature;
    let signs = tokens.iter().cloned().chain([None]).collect();
    let signs = curvature.then_some((TARGET_SIGNS, element::FLOAT, signs));
    let targets = (TARGETS, element::INT64, tokens.clone());
    let weights = (TARGET_WEIGHTS, element::FLOAT, tokens.clone());
    for (name, data_type, axes) in [targets, weights].into_iter().chain(signs) {
        if graph.is_taken(name) {
            return Err(vjp::taken(name));
        }
        graph.add_input(tensor_info(name, data_type, axes));
    }
    let hidden = head.and_then(|head| Some((head.input.first()?.as_str(), head::weight(&graph, head)?)));
    let (value, head) = hidden.map_or((options.logits.as_str(), None), |(value, head)| (value, Some(head)));
    let signs = curvature.then_some(TARGET_SIGNS);
    let source = Source { value, head, targets: TARGETS, weights: TARGET_WEIGHTS, signs };
    let objective = objective::add(&mut graph, &source)?;
    let names: Vec<String> = attachment.inputs.iter().map(|input| input.name().to_owned()).collect();
    let sums: Vec<String> = attachment.ends.iter().map(|end| end.output.clone()).collect();
    let watched = if curvature { sums.as_slice() } else { &[] };
    let (gradients, adjoints) = reverse::reverse(&mut graph, forward, &objective.seed, &names, watched)?;
    let row = tokens.iter().take(1).cloned().collect();
    let mut outputs = Vec::with_capacity(gradients.len() + 2);
    for (name, value, axes) in
        [(LOG_PROBS, &objective.log_probs, tokens.clone()), (LOG_LIKELIHOOD, &objective.log_likelihood, row)]
    {
        if graph.is_taken(name) {
            return Err(vjp::taken(name));
        }
        graph.op_named("Identity", &[value], Vec::new(), &[name])?;
        outputs.push(tensor_info(name, element::FLOAT, axes));
    }
    for (input, gradient) in attachment.inputs.into_iter().zip(gradients) {
        outputs.push(vjp::name_output(&mut graph, input, &gradient)?);
    }
    for (end, adjoint) in attachment.ends.iter().zip(adjoints) {
        outputs.push(by_weight(&mut graph, end, &adjoint)?);
    }
    vjp::finish(model, graph, outputs, &HashSet::new())
}

/// Adds the gradient by a site's frozen weight as an output: Σ over all tokens of adjoint times input.
fn by_weight(graph: &mut GraphBuilder, end: &End<'_>, adjoint: &str) -> Result<ValueInfoProto, GradError> {
    graph.enter(&format!("{}/weight", end.site.node));
    let name = weight_gradient(end.site);
    if graph.is_taken(&name) {
        return Err(vjp::taken(&name));
    }
    let size = |width: usize| i64::try_from(width).unwrap_or(i64::MAX);
    let (wide, long) = (size(end.site.out_features), size(end.site.in_features));
    let adjoints = graph.reshape(adjoint, &[-1, wide])?;
    let inputs = graph.reshape(&end.input, &[-1, long])?;
    let turned = graph.transpose(&adjoints, &[1, 0])?;
    graph.op_named("MatMul", &[&turned, &inputs], Vec::new(), &[&name])?;
    let axes = [wide, long].map(|size| Some(dimension::Value::DimValue(size)));
    Ok(tensor_info(&name, element::FLOAT, axes.to_vec()))
}

/// Batch and token axis as the model declares them.
fn token_axes(model: &Model, input_ids: &str) -> Result<Vec<Option<dimension::Value>>, GradError> {
    let source = model.graph();
    let fact: Fact = vjp::declared_fact(source, input_ids)?;
    let wrong = || GradError::Value {
        name: input_ids.to_owned(),
        reason: "token ids must be int64 [batch, tokens]; take the name from the model's configuration".to_owned(),
    };
    if fact.data_type != element::INT64 || fact.shape.is_none_or(|shape| shape.len() != 2) {
        return Err(wrong());
    }
    let shape = |input: &ValueInfoProto| match input.r#type.as_ref()?.value.as_ref()? {
        type_proto::Value::TensorType(tensor) => {
            Some(tensor.shape.as_ref()?.dim.iter().map(|dim| dim.value.clone()).collect())
        }
        _ => None,
    };
    source.input.iter().find(|input| input.name() == input_ids).and_then(shape).ok_or_else(wrong)
}

/// The graph without its cache inputs and without nodes, which are added one by one.
fn without(source: &GraphProto, past: &[String]) -> Result<GraphProto, GradError> {
    if let Some(name) = past.iter().find(|name| !source.input.iter().any(|input| input.name() == name.as_str())) {
        return Err(GradError::NoSuchValue { what: "cache input", name: name.clone() });
    }
    let mut changed = source.clone();
    changed.input.retain(|input| !past.iter().any(|name| name == input.name()));
    Ok(changed)
}
