//! Whether a step of one row gives the row the bits that it has among others.

use std::collections::HashSet;

use openledger_onnx_graph::proto::{GraphProto, NodeProto};

/// Rows below which ONNX Runtime multiplies in another order, for some products of this graph.
///
/// It packs constant matrices in advance and multiplies by them in one way, whatever the number of rows; so it does with 4 and 8
/// bits when it computes in integers and the processor has `integer_dots`. Any other product of one row goes through another
/// kernel (`products` tests both).
pub(super) fn fewest_rows(graph: &GraphProto, integer_dots: bool) -> usize {
    let constants: HashSet<&str> = graph.initializer.iter().map(|tensor| tensor.name()).collect();
    let steady = |node: &NodeProto| match node.op_type() {
        "MatMul" | "Gemm" => node.input.get(1).is_some_and(|weight| constants.contains(weight.as_str())),
        "MatMulNBits" => integer_dots && accuracy_level(node) == INTEGERS,
        other => !other.contains("MatMul") && !other.contains("Gemm"),
    };
    if graph.node.iter().all(steady) { 1 } else { 2 }
}

/// Whether this processor has instructions for dot products of 8-bit integers over 512 bits. ONNX Runtime's kernels for them
/// treat all rows alike; those of AVX2 do not, and of others it is not known.
pub(super) fn has_integer_dots() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        std::arch::is_x86_feature_detected!("avx512vnni")
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        false
    }
}

/// `accuracy_level` of products that round their input to 8 bits.
const INTEGERS: i64 = 4;

fn accuracy_level(node: &NodeProto) -> i64 {
    node.attribute.iter().find(|attribute| attribute.name() == "accuracy_level").map_or(0, |attribute| attribute.i())
}
