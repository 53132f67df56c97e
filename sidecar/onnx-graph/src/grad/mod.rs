//! Reverse mode: from a decoder's graph to one graph that also returns its gradients.
//!
//! [`gradient_graph`] takes a decoder as it was exported and returns one graph in standard ONNX operators that
//! any ONNX Runtime runs, no training build needed. It computes the log-probabilities of given tokens and the
//! gradients of their weighted sum by LoRA factors that every row of the batch brings along. One backward pass
//! gives the gradients of every row by its own factors.
//!
//! # Inputs of the gradient graph
//!
//! | name | type | shape | what |
//! |---|---|---|---|
//! | the model's own token inputs | as exported | as exported | `input_ids` [batch, tokens]; mask and positions where the graph still reads them |
//! | [`TARGETS`] | int64 | [batch, tokens] | the token that each position is to predict: `input_ids` moved by one |
//! | [`TARGET_WEIGHTS`] | float32 | [batch, tokens] | 0 for prompt and padding, 1 for an answer's tokens |
//! | [`LoraFactors::a_input`] | float32 | [batch, rank, in] | A of each row, as PEFT stores it |
//! | [`LoraFactors::b_input`] | float32 | [batch, out, rank] | B of each row, times the adapter's scale |
//!
//! Cache inputs are gone: gradients are of whole sequences. Inputs that nothing reads any more are gone too: a
//! graph with `GroupQueryAttention` keeps `input_ids` only, because a causal mask hides padding **on the right**.
//! Exports with an explicit attention mask keep it and take padding on either side.
//!
//! # Outputs
//!
//! | name | type | shape | what |
//! |---|---|---|---|
//! | [`LOG_PROBS`] | float32 | [batch, tokens] | log-probability of each target in nats; 0 where the weight is 0 |
//! | [`LOG_LIKELIHOOD`] | float32 | \[batch\] | Σ weight · log-probability of the row |
//! | [`LoraFactors::a_gradient`], [`LoraFactors::b_gradient`] | float32 | as the inputs | gradient of the row's log-likelihood |
//!
//! The gradient is of the log-likelihood; a loss to be minimised is its negative.
//!
//! # Example
//!
//! ```no_run
//! use openledger_onnx_graph::{AttentionShape, LoadLimits, Model, find_sites};
//! use openledger_onnx_graph::grad::{GradientOptions, gradient_graph, lora_factors};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let model = Model::load("examples/model/model.onnx".as_ref(), &LoadLimits::default())?;
//! let attention = AttentionShape { heads: 4, kv_heads: 2, head_size: 32 };
//! let sites = find_sites(&model, &attention)?;
//! let past = (0..4).flat_map(|i| ["key", "value"].map(|kind| format!("past_key_values.{i}.{kind}"))).collect();
//! let factors = lora_factors(&sites);
//! let (input_ids, logits) = ("input_ids".to_owned(), "logits".to_owned());
//! let graph = gradient_graph(&model, &GradientOptions { input_ids, logits, past, attention, sites })?;
//! // External weights keep their file names: write the graph beside them.
//! std::fs::write("examples/model/gradient.onnx", graph.to_bytes())?;
//! println!("feed {} and read {}", factors[0].a_input, factors[0].a_gradient);
//! # Ok(())
//! # }
//! ```
//!
//! # How it works
//!
//! Fused operators are rewritten in standard ones, LoRA paths are added, and the graph is walked back from the
//! logits along the paths that LoRA factors reach; frozen weights get no gradient. Positions without a weight are
//! left out before the head, the widest product. Batch and length stay symbolic: where a shape matters and is not
//! known, the graph asks itself with `Shape`. An operator without a rule is refused by name.
//! [`vector_jacobian_product`] does the walk for any graph.
//!
//! The method is plain reverse-mode differentiation (Griewank and Walther, *Evaluating Derivatives*). The
//! product form of per-example gradients of linear layers is Goodfellow's (*Efficient Per-Example Gradient
//! Computations*, 2015). Operator semantics are those of the ONNX specification and of the contrib operator
//! documentation of ONNX Runtime.

mod attributes;
mod cache;
mod dims;
mod emit;
mod error;
mod factors;
mod graph;
mod head;
mod infer;
mod objective;
mod paths;
mod prune;
mod reverse;
mod rules;
mod unfuse;
mod values;
mod vjp;

use std::collections::HashSet;

pub use error::GradError;
pub use factors::{LoraFactors, lora_factors};
pub use vjp::{adjoint_name, gradient_name, vector_jacobian_product};

use crate::{
    AttentionShape, Model, Sites, element,
    proto::{NodeProto, ValueInfoProto, tensor_shape_proto::dimension, type_proto},
};
use dims::Fact;
use factors::{Attachment, tensor_info};
use graph::GraphBuilder;
use objective::Source;

/// Input: the token that each position is to predict, int64 [batch, tokens].
pub const TARGETS: &str = "targets";
/// Input: weight of each position in the row's sum, float32 [batch, tokens].
pub const TARGET_WEIGHTS: &str = "target_weights";
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

/// Compiles a decoder into its gradient graph. See the [module](self) for inputs and outputs;
/// [`lora_factors`] lists the names of the factors and their gradients.
///
/// The same model and options always give the same bytes. External weights stay where they are.
///
/// # Errors
/// [`GradError::NoSites`] without LoRA sites, [`GradError::NoSuchValue`] for a name in the options that the
/// graph lacks, [`GradError::NoRule`] and [`GradError::Node`] for an operator that cannot be differentiated,
/// [`GradError::Opset`] outside of ONNX 14 to 26, and [`GradError::Value`] for a type or shape that does not fit.
pub fn gradient_graph(model: &Model, options: &GradientOptions) -> Result<Model, GradError> {
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
    let mut attachment = Attachment::new(&options.sites, tokens.first().cloned().flatten());
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
    for (name, data_type) in [(TARGETS, element::INT64), (TARGET_WEIGHTS, element::FLOAT)] {
        if graph.is_taken(name) {
            return Err(vjp::taken(name));
        }
        graph.add_input(tensor_info(name, data_type, tokens.clone()));
    }
    let hidden = head.and_then(|head| Some((head.input.first()?.as_str(), head::weight(&graph, head)?)));
    let (value, head) = hidden.map_or((options.logits.as_str(), None), |(value, head)| (value, Some(head)));
    let objective = objective::add(&mut graph, &Source { value, head, targets: TARGETS, weights: TARGET_WEIGHTS })?;
    let names: Vec<String> = attachment.inputs.iter().map(|input| input.name().to_owned()).collect();
    let gradients = reverse::reverse(&mut graph, forward, &objective.seed, &names)?;
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
    vjp::finish(model, graph, outputs, &HashSet::new())
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
fn without(source: &crate::proto::GraphProto, past: &[String]) -> Result<crate::proto::GraphProto, GradError> {
    if let Some(name) = past.iter().find(|name| !source.input.iter().any(|input| input.name() == name.as_str())) {
        return Err(GradError::NoSuchValue { what: "cache input", name: name.clone() });
    }
    let mut changed = source.clone();
    changed.input.retain(|input| !past.iter().any(|name| name == input.name()));
    Ok(changed)
}
