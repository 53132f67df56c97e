//! The multi-LoRA transformation: every site `y = x W` becomes `y = x W + s B (A x)`, with the
//! matrices of the adapter in the slot of the row.
//!
//! [`LoraForm`] says how: in standard operators, whose slots are graph inputs, or as one custom
//! operator per site, whose slots the caller keeps. Slot 0 is reserved for "no adapter" in both.

mod operator;
mod standard;

use std::collections::HashMap;

use crate::{
    GraphError, LinearSite, Model, Sites,
    build::{Dim, value_info},
    domain::import_domain,
    element,
    proto::NodeProto,
    sites::refuse,
};

pub use operator::{LORA_DELTA, PART_WIDTHS, SITE};

/// Name of the graph input that gives each row its slot: int64 [batch].
pub const ROW_SLOTS: &str = "lora.row_slots";

/// Whether a graph input is one that this transformation adds.
pub(crate) fn is_lora_input(name: &str) -> bool {
    name == ROW_SLOTS || name.starts_with(standard::SLOT_PREFIX)
}

/// How the low-rank products are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoraForm {
    /// Gather and MatMul over slot tensors that are graph inputs. Runs wherever ONNX runs.
    Standard,
    /// One `openlora.LoraDelta` per site. Whoever runs the graph provides the operator.
    Operator,
}

/// The graph inputs that hold one module's slots in the standard form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotInputs {
    /// Graph input [slots, in_features, rank].
    pub a: String,
    /// Graph input [slots, rank, out_features].
    pub b: String,
}

/// One module of one layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoraSite {
    /// Index of the decoder layer.
    pub layer: usize,
    /// Module name as PEFT writes it, for example `q_proj`.
    pub module: String,
    /// Where its slots are put in; `None` in the operator form.
    pub slot_inputs: Option<SlotInputs>,
    /// Width of the module's input.
    pub in_features: usize,
    /// Width of the module's output.
    pub out_features: usize,
    /// ONNX element type of the activations, and of the slot inputs. Around a quantised weight the
    /// delta is computed and added in this type.
    pub data_type: i32,
}

/// Adds the LoRA path after every site and returns the modules in graph order. The index of a
/// module in this list is the number by which the operator form refers to it.
///
/// # Errors
/// [`GraphError::NoSites`] without sites; [`GraphError::Site`] when a site is not a node of this
/// graph, its activations are no floats, or the model already has values with our names.
pub fn inject_lora(model: &mut Model, sites: &Sites, form: LoraForm) -> Result<Vec<LoraSite>, GraphError> {
    if sites.linear.is_empty() {
        return Err(GraphError::NoSites);
    }
    let mut by_node: HashMap<&str, &LinearSite> = sites.linear.iter().map(|site| (site.node.as_str(), site)).collect();
    let mut changed = model.clone();
    let graph = changed.graph_mut();
    let mut added = Vec::new();
    let mut nodes = Vec::with_capacity(graph.node.len());
    for base in std::mem::take(&mut graph.node) {
        match by_node.remove(base.name()) {
            Some(site) => attach(base, site, form, &mut nodes, &mut added)?,
            None => nodes.push(base),
        }
    }
    if let Some(name) = by_node.keys().next() {
        return Err(refuse(name, "the graph has no such node".to_owned()));
    }
    graph.node = nodes;
    graph.input.push(value_info(ROW_SLOTS, element::INT64, &[Dim::Named("batch_size")]));
    match form {
        LoraForm::Standard => standard::declare_inputs(graph, &added),
        LoraForm::Operator => import_domain(&mut changed, model, LORA_DELTA)?,
    }
    changed.check()?;
    *model = changed;
    Ok(added)
}

/// The product of a site, whose output has been renamed, and what the delta must be added to it as.
struct Product<'s> {
    site: &'s LinearSite,
    /// The site's input.
    x: String,
    /// The base's product.
    product: String,
    /// The name that readers of the site's output use.
    y: String,
}

fn attach(
    mut base: NodeProto,
    site: &LinearSite,
    form: LoraForm,
    nodes: &mut Vec<NodeProto>,
    added: &mut Vec<LoraSite>,
) -> Result<(), GraphError> {
    let floats = [element::FLOAT, element::FLOAT16, element::BFLOAT16];
    if !floats.contains(&site.data_type) {
        return Err(refuse(&site.node, format!("activations of element type {} are no floats", site.data_type)));
    }
    let (Some(x), Some(y)) = (base.input.first().cloned(), base.output.first().cloned()) else {
        return Err(refuse(&site.node, "the node has no input or output".to_owned()));
    };
    // The sum takes over the name of the product, so no reader of it changes.
    let product = format!("{y}/lora_base");
    base.output = vec![product.clone()];
    nodes.push(base);
    let at = Product { site, x, product, y };
    let first = added.len();
    added.extend(site.parts.iter().map(|part| LoraSite {
        layer: site.layer,
        module: part.module.clone(),
        slot_inputs: (form == LoraForm::Standard).then(|| standard::slot_inputs(site.layer, &part.module)),
        in_features: site.in_features,
        out_features: part.columns.len(),
        data_type: site.data_type,
    }));
    match form {
        LoraForm::Standard => standard::attach(&at, nodes),
        LoraForm::Operator => nodes.push(operator::delta(&at, first)?),
    }
    Ok(())
}
