//! Whether a step of one row gives the row the bits that it has among others.

use std::collections::HashSet;

use openledger_onnx_graph::proto::{GraphProto, NodeProto};

/// Rows below which ONNX Runtime multiplies in another order, for some products of this graph.
///
/// It packs constant matrices in advance and multiplies by them in one way, whatever the number of rows; so it does with 4 and 8
/// bits when it computes in integers. Any other product of one row goes through another kernel (`products` tests both).
pub(super) fn fewest_rows(graph: &GraphProto) -> usize {
    let constants: HashSet<&str> = graph.initializer.iter().map(|tensor| tensor.name()).collect();
    let steady = |node: &NodeProto| match node.op_type() {
        "MatMul" | "Gemm" => node.input.get(1).is_some_and(|weight| constants.contains(weight.as_str())),
        "MatMulNBits" => accuracy_level(node) == INTEGERS,
        other => !other.contains("MatMul") && !other.contains("Gemm"),
    };
    if graph.node.iter().all(steady) { 1 } else { 2 }
}

/// `accuracy_level` of products that round their input to 8 bits.
const INTEGERS: i64 = 4;

fn accuracy_level(node: &NodeProto) -> i64 {
    node.attribute.iter().find(|attribute| attribute.name() == "accuracy_level").map_or(0, |attribute| attribute.i())
}
