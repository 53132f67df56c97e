//! LoRA factors as inputs of their own for every row of the batch.
//!
//! ```text
//! y [batch, tokens, N] = x W + (x Aᵀ) Bᵀ      A [batch, rank, K]   B [batch, N, rank]
//! ```
//!
//! Because every row brings its factors, the gradient by a factor is the gradient of that row alone: the
//! products over tokens are batched products, and no loop over examples is needed.
//!
//! Where neighbouring rows share an adapter, one product over all tokens of the group does the work of many
//! small ones, and the gradient comes out already summed over the group's rows: see `FactorAxis::Group`.

use std::collections::HashMap;

use super::{
    GradError,
    dims::{Axis, Fact},
    graph::GraphBuilder,
    unfuse::Unfuse,
    vjp::taken,
};
use crate::{
    GraphError, LinearSite, Sites,
    build::{int_attribute, tensor_info},
    element,
    proto::{NodeProto, ValueInfoProto, tensor_shape_proto::dimension},
    sites::refuse,
};

/// Symbol of the rank axis of one module's factors.
const RANK: &str = "lora_rank";
/// Symbol of the first axis of factors that groups of rows share.
const GROUPS: &str = "lora_groups";
/// Symbol of the tokens of one group, padding included.
const GROUP_TOKENS: &str = "lora_group_tokens";

/// Which rows share factors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FactorAxis {
    /// None: the first axis of the factors is the batch.
    Row,
    /// Neighbours: with G groups and B rows, rows `g · B/G ..  (g + 1) · B/G` use factors `g`. G is the size
    /// of the factors' first axis and divides B, or the running graph refuses the shapes.
    Group,
}

/// The factors of one module of one layer, and where their gradients come out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoraFactors {
    /// Index of the decoder layer.
    pub layer: usize,
    /// Module name as PEFT writes it, for example `q_proj`.
    pub module: String,
    /// Graph input [batch, rank, in_features]: PEFT's `lora_A.weight` of each row's adapter.
    pub a_input: String,
    /// Graph input [batch, out_features, rank]: PEFT's `lora_B.weight` times the adapter's scale.
    pub b_input: String,
    /// Graph output with the shape of `a_input`.
    pub a_gradient: String,
    /// Graph output with the shape of `b_input`: the gradient by the scaled B. Times the scale it is the
    /// gradient by PEFT's own B.
    pub b_gradient: String,
    /// Width of the module's input.
    pub in_features: usize,
    /// Width of the module's output.
    pub out_features: usize,
}

/// Names and widths of all factors of these sites, in the order of the sites and their parts.
#[must_use]
pub fn lora_factors(sites: &Sites) -> Vec<LoraFactors> {
    sites.linear.iter().flat_map(of_site).collect()
}

fn of_site(site: &LinearSite) -> Vec<LoraFactors> {
    let one = |(module, out_features): (&str, usize)| {
        let input = |matrix: &str| format!("lora.layers.{}.{module}.{matrix}", site.layer);
        let (a_input, b_input) = (input("A"), input("B"));
        LoraFactors {
            layer: site.layer,
            module: module.to_owned(),
            a_gradient: super::gradient_name(&a_input),
            b_gradient: super::gradient_name(&b_input),
            a_input,
            b_input,
            in_features: site.in_features,
            out_features,
        }
    };
    site.parts.iter().map(|part| one((&part.module, part.columns.len()))).collect()
}

/// Adds the low-rank path to the nodes of sites.
pub(super) struct Attachment<'s> {
    by_node: HashMap<&'s str, &'s LinearSite>,
    axis: FactorAxis,
    /// Size of the factors' first axis.
    first: Option<dimension::Value>,
    /// Declarations of the factors that were added, A then B of each module.
    pub inputs: Vec<ValueInfoProto>,
    /// Where the sites that were attached read and write.
    pub ends: Vec<End<'s>>,
}

/// Both ends of a site in the graph.
pub(super) struct End<'s> {
    pub site: &'s LinearSite,
    /// What the frozen weight is multiplied with, [batch, tokens, in].
    pub input: String,
    /// The product and the low-rank path together, [batch, tokens, out].
    pub output: String,
}

impl<'s> Attachment<'s> {
    /// `batch` is the size of the batch axis as the model declares it.
    pub fn new(sites: &'s Sites, batch: Option<dimension::Value>, axis: FactorAxis) -> Self {
        let first = match axis {
            FactorAxis::Row => batch,
            FactorAxis::Group => Some(dimension::Value::DimParam(GROUPS.to_owned())),
        };
        Self {
            by_node: sites.linear.iter().map(|site| (site.node.as_str(), site)).collect(),
            axis,
            first,
            inputs: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// The site of a node that has not been attached yet.
    pub fn take(&mut self, node: &NodeProto) -> Option<&'s LinearSite> {
        self.by_node.remove(node.name())
    }

    /// Refuses sites that no node of the graph belongs to.
    ///
    /// # Errors
    /// [`GradError::Graph`] with the name of one.
    pub fn finished(&self) -> Result<(), GradError> {
        match self.by_node.keys().min() {
            Some(name) => Err(refuse(name, "the graph computes its output without such a node".to_owned()).into()),
            None => Ok(()),
        }
    }

    /// Adds the node of a site and its low-rank path; the sum takes over the name of the product.
    ///
    /// # Errors
    /// [`GradError::Graph`] for a site that is no matrix product of floats with whole parts.
    pub fn attach(
        &mut self,
        graph: &mut GraphBuilder,
        unfuse: &Unfuse,
        node: &NodeProto,
        site: &'s LinearSite,
    ) -> Result<(), GradError> {
        if site.data_type != element::FLOAT {
            let reason =
                format!("gradients need 32-bit activations, not element type {}; export for CPU", site.data_type);
            return Err(refuse(&site.node, reason).into());
        }
        let (Some(x), [y]) = (node.input.first(), node.output.as_slice()) else {
            return Err(refuse(&site.node, "the node has no input or several outputs".to_owned()).into());
        };
        if !matches!(node.op_type(), "MatMul" | "MatMulNBits") {
            return Err(refuse(
                &site.node,
                "gradients need a MatMul or MatMulNBits; export with the builder".to_owned(),
            )
            .into());
        }
        contiguous(site)?;
        graph.enter(&format!("{}/lora", site.node));
        let product = graph.fresh("base");
        // The sum is named after the output that it takes over, which may be how the product was named.
        let renamed = NodeProto { name: Some(product.clone()), output: vec![product.clone()], ..node.clone() };
        unfuse.push(graph, &renamed)?;
        graph.enter(&format!("{}/lora", site.node));
        let mut deltas = Vec::new();
        for factors in of_site(site) {
            self.declare(graph, &factors)?;
            let a = graph.transpose(&factors.a_input, &[0, 2, 1])?;
            let b = graph.transpose(&factors.b_input, &[0, 2, 1])?;
            let rows = match self.axis {
                FactorAxis::Row => x.clone(),
                FactorAxis::Group => grouped(graph, x, &factors)?,
            };
            let hidden = graph.op("MatMul", &[&rows, &a])?;
            deltas.push(graph.op("MatMul", &[&hidden, &b])?);
        }
        let delta = match deltas.as_slice() {
            [only] => only.clone(),
            several => {
                let parts: Vec<&str> = several.iter().map(String::as_str).collect();
                graph.op_with("Concat", &parts, vec![int_attribute("axis", -1)])?
            }
        };
        let delta = match self.axis {
            FactorAxis::Row => delta,
            FactorAxis::Group => graph.reshape_like(&delta, &product)?,
        };
        self.ends.push(End { site, input: x.clone(), output: y.clone() });
        graph.op_named("Add", &[&product, &delta], Vec::new(), &[y])
    }

    fn declare(&mut self, graph: &mut GraphBuilder, factors: &LoraFactors) -> Result<(), GradError> {
        let fixed = |size: usize| Some(dimension::Value::DimValue(i64::try_from(size).unwrap_or(i64::MAX)));
        // Ranks may differ between modules: the symbol belongs to one.
        let rank = Some(dimension::Value::DimParam(format!("{RANK}.layers.{}.{}", factors.layer, factors.module)));
        let a = [self.first.clone(), rank.clone(), fixed(factors.in_features)];
        let b = [self.first.clone(), fixed(factors.out_features), rank];
        for (name, dims) in [(&factors.a_input, a), (&factors.b_input, b)] {
            if graph.is_taken(name) {
                return Err(taken(name));
            }
            let input = tensor_info(name, element::FLOAT, dims.to_vec());
            graph.add_input(input.clone());
            self.inputs.push(input);
        }
        Ok(())
    }
}

/// A site's input [batch, tokens, in] as [groups, rows · tokens, in].
fn grouped(graph: &mut GraphBuilder, x: &str, factors: &LoraFactors) -> Result<String, GradError> {
    let first = vec![int_attribute("start", 0), int_attribute("end", 1)];
    let groups = graph.op_with("Shape", &[&factors.a_input], first)?;
    let width = i64::try_from(factors.in_features).unwrap_or(i64::MAX);
    let rest = graph.int_vector(&[-1, width]);
    let target = graph.op_with("Concat", &[&groups, &rest], vec![int_attribute("axis", 0)])?;
    let rows = graph.op("Reshape", &[x, &target])?;
    // Equal tokens per group is more than sizes alone can tell the compiler; without a name for it, every
    // product on the way back would ask the running graph.
    let shape = vec![Axis::named(GROUPS), Axis::named(GROUP_TOKENS), Axis::Fixed(width)];
    graph.refine(&rows, &Fact::new(0, Some(shape)));
    Ok(rows)
}

/// Joined deltas are right only when the parts cover the columns in order.
fn contiguous(site: &LinearSite) -> Result<(), GraphError> {
    let mut next = 0;
    for part in &site.parts {
        if part.columns.start != next || part.columns.end < next {
            return Err(refuse(&site.node, "its parts do not cover its columns in order".to_owned()));
        }
        next = part.columns.end;
    }
    if next == site.out_features { Ok(()) } else { Err(refuse(&site.node, "its parts leave columns out".to_owned())) }
}
