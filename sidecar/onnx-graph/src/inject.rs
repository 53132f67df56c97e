//! The multi-LoRA transformation in standard operators.
//!
//! Every site `y = x W` becomes `y = x W + (x A[s]) B[s]` where `s` is the slot of the row:
//!
//! ```text
//! row_slots [batch] --+--> Gather(A [slots, in, rank])  -> [batch, in, rank]
//!                     +--> Gather(B [slots, rank, out]) -> [batch, rank, out]
//! x [batch, seq, in] -> MatMul -> [batch, seq, rank] -> MatMul -> [batch, seq, out] -> Add
//! ```
//!
//! A and B are graph inputs, so adapters come and go without touching the session. Slot 0 is
//! reserved for "no adapter" and must hold zeros: then the sum is the base's own value. The
//! adapter's scale is folded into B by whoever fills the slots; ranks below the widest are padded
//! with zeros. A packed projection gets one pair per part, joined along the columns.

use std::collections::HashMap;

use crate::{
    GraphError, LinearSite, Model, Sites,
    build::{Dim, int_attribute, node, value_info},
    element,
    proto::NodeProto,
    sites::refuse,
};

/// Name of the graph input that gives each row its slot: int64 [batch].
pub const ROW_SLOTS: &str = "lora.row_slots";

/// One module of one layer with the graph inputs that hold its slots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoraSite {
    /// Index of the decoder layer.
    pub layer: usize,
    /// Module name as PEFT writes it, for example `q_proj`.
    pub module: String,
    /// Graph input [slots, in_features, rank].
    pub a_input: String,
    /// Graph input [slots, rank, out_features].
    pub b_input: String,
    /// Width of the module's input.
    pub in_features: usize,
    /// Width of the module's output.
    pub out_features: usize,
    /// ONNX element type of both inputs: that of the base weight.
    pub data_type: i32,
}

/// Adds the LoRA path after every site and returns the inputs it added, in graph order.
///
/// # Errors
/// [`GraphError::NoSites`] without sites; [`GraphError::Site`] when a site is not a node of this
/// graph, its weight is no float, or the model already has values with our names.
pub fn inject_lora(model: &mut Model, sites: &Sites) -> Result<Vec<LoraSite>, GraphError> {
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
            Some(site) => attach(base, site, &mut nodes, &mut added)?,
            None => nodes.push(base),
        }
    }
    if let Some(name) = by_node.keys().next() {
        return Err(refuse(name, "the graph has no such node".to_owned()));
    }
    graph.node = nodes;
    graph.input.push(value_info(ROW_SLOTS, element::INT64, &[Dim::Named("batch_size")]));
    let slots = Dim::Named("lora_slots");
    for site in &added {
        let rank = Dim::Named("lora_rank");
        let a = [slots, Dim::Fixed(site.in_features), rank];
        let b = [slots, rank, Dim::Fixed(site.out_features)];
        graph.input.push(value_info(&site.a_input, site.data_type, &a));
        graph.input.push(value_info(&site.b_input, site.data_type, &b));
    }
    changed.check()?;
    *model = changed;
    Ok(added)
}

fn attach(
    mut base: NodeProto,
    site: &LinearSite,
    nodes: &mut Vec<NodeProto>,
    added: &mut Vec<LoraSite>,
) -> Result<(), GraphError> {
    let floats = [element::FLOAT, element::FLOAT16, element::BFLOAT16];
    if !floats.contains(&site.data_type) {
        return Err(refuse(&site.node, format!("weights of element type {} are no floats", site.data_type)));
    }
    let (Some(x), Some(y)) = (base.input.first().cloned(), base.output.first().cloned()) else {
        return Err(refuse(&site.node, "the node has no input or output".to_owned()));
    };
    // The sum takes over the name of the product, so no reader of it changes.
    let product = format!("{y}/lora_base");
    base.output = vec![product.clone()];
    nodes.push(base);
    let mut deltas = Vec::new();
    for part in &site.parts {
        let own = format!("{}/lora/{}", site.node, part.module);
        let input = |matrix: &str| format!("lora.layers.{}.{}.{matrix}", site.layer, part.module);
        let lora = LoraSite {
            layer: site.layer,
            module: part.module.clone(),
            a_input: input("A"),
            b_input: input("B"),
            in_features: site.in_features,
            out_features: part.columns.len(),
            data_type: site.data_type,
        };
        let (rows_a, rows_b) = (format!("{own}/A"), format!("{own}/B"));
        let (hidden, delta) = (format!("{own}/hidden"), format!("{own}/delta"));
        nodes.push(gather(&rows_a, &lora.a_input));
        nodes.push(gather(&rows_b, &lora.b_input));
        nodes.push(node("MatMul", &hidden, &[&x, &rows_a], &hidden));
        nodes.push(node("MatMul", &delta, &[&hidden, &rows_b], &delta));
        deltas.push(delta);
        added.push(lora);
    }
    let delta = match deltas.as_slice() {
        [only] => only.clone(),
        several => {
            let joined = format!("{}/lora/delta", site.node);
            let inputs: Vec<&str> = several.iter().map(String::as_str).collect();
            let mut concat = node("Concat", &joined, &inputs, &joined);
            concat.attribute.push(int_attribute("axis", -1));
            nodes.push(concat);
            joined
        }
    };
    let sum = format!("{}/lora/Add", site.node);
    nodes.push(node("Add", &sum, &[&product, &delta], &y));
    Ok(())
}

/// Rows of a slot tensor, one per batch row; the node is named like its output.
fn gather(output: &str, slots: &str) -> NodeProto {
    let mut gather = node("Gather", output, &[slots, ROW_SLOTS], output);
    gather.attribute.push(int_attribute("axis", 0));
    gather
}
