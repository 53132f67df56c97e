//! The low-rank products in standard operators.
//!
//! ```text
//! row_slots [batch] --+--> Gather(A [slots, in, rank])  -> [batch, in, rank]
//!                     +--> Gather(B [slots, rank, out]) -> [batch, rank, out]
//! x [batch, seq, in] -> MatMul -> [batch, seq, rank] -> MatMul -> [batch, seq, out] -> Add
//! ```
//!
//! A and B are graph inputs, so adapters come and go without touching the session. Slot 0 must
//! hold zeros: then the sum is the base's own value. The adapter's scale is folded into B by
//! whoever fills the slots; ranks below the widest are padded with zeros. A packed projection
//! gets one pair per part, joined along the columns.

use super::{LoraSite, Product, ROW_SLOTS, SlotInputs};
use crate::{
    build::{Dim, int_attribute, node, value_info},
    proto::{GraphProto, NodeProto},
};

/// What the names of slot inputs begin with.
pub(super) const SLOT_PREFIX: &str = "lora.layers.";

/// Names of the graph inputs of one module.
pub(super) fn slot_inputs(layer: usize, module: &str) -> SlotInputs {
    let input = |matrix: &str| format!("{SLOT_PREFIX}{layer}.{module}.{matrix}");
    SlotInputs { a: input("A"), b: input("B") }
}

/// Declares the slot tensors of all modules.
pub(super) fn declare_inputs(graph: &mut GraphProto, added: &[LoraSite]) {
    let slots = Dim::Named("lora_slots");
    for site in added {
        let Some(inputs) = &site.slot_inputs else {
            continue;
        };
        let rank = Dim::Named("lora_rank");
        let a = [slots, Dim::Fixed(site.in_features), rank];
        let b = [slots, rank, Dim::Fixed(site.out_features)];
        graph.input.push(value_info(&inputs.a, site.data_type, &a));
        graph.input.push(value_info(&inputs.b, site.data_type, &b));
    }
}

/// Appends the nodes behind one product.
pub(super) fn attach(at: &Product<'_>, nodes: &mut Vec<NodeProto>) {
    let site = at.site;
    let mut deltas = Vec::new();
    for part in &site.parts {
        let own = format!("{}/lora/{}", site.node, part.module);
        let slots = slot_inputs(site.layer, &part.module);
        let (rows_a, rows_b) = (format!("{own}/A"), format!("{own}/B"));
        let (hidden, delta) = (format!("{own}/hidden"), format!("{own}/delta"));
        nodes.push(gather(&rows_a, &slots.a));
        nodes.push(gather(&rows_b, &slots.b));
        nodes.push(node("MatMul", &hidden, &[&at.x, &rows_a], &hidden));
        nodes.push(node("MatMul", &delta, &[&hidden, &rows_b], &delta));
        deltas.push(delta);
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
    nodes.push(node("Add", &sum, &[&at.product, &delta], &at.y));
}

/// Rows of a slot tensor, one per batch row; the node is named like its output.
fn gather(output: &str, slots: &str) -> NodeProto {
    let mut gather = node("Gather", output, &[slots, ROW_SLOTS], output);
    gather.attribute.push(int_attribute("axis", 0));
    gather
}
