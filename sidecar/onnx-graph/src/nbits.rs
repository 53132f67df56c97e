//! `com.microsoft.MatMulNBits`: a product with a matrix whose columns are stored in blocks of small integers.
//!
//! Finding LoRA sites and rewriting the operator for gradients both read a node here, so that whatever one of
//! them accepts the other accepts too.

use crate::{
    grad::attributes,
    proto::{NodeProto, TensorProto},
    validate::plain_domain,
};

/// Index of the packed matrix among the inputs.
pub(crate) const PACKED: usize = 1;
/// Index of the scales among the inputs.
pub(crate) const SCALES: usize = 2;
/// Index of the zero points among the inputs.
pub(crate) const ZERO_POINTS: usize = 3;
/// Index of the order of the groups among the inputs.
const GROUP_ORDER: usize = 4;
/// Index of the bias among the inputs.
pub(crate) const BIAS: usize = 5;

/// Sizes of the packed matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Packing {
    /// Rows of the matrix: width of the product's input.
    pub k: i64,
    /// Columns of the matrix: width of the product.
    pub n: i64,
    /// Bits of one number: 4 or 8.
    pub bits: i64,
    /// Numbers that share a scale.
    pub block: i64,
    /// Blocks of one column.
    pub blocks: i64,
}

/// Whether a node is one.
pub(crate) fn is_quantised(node: &NodeProto) -> bool {
    node.op_type() == "MatMulNBits" && plain_domain(node.domain()) == "com.microsoft"
}

/// Reads the sizes of a node.
///
/// # Errors
/// What about it is not covered, to follow the node's name.
pub(crate) fn packing(node: &NodeProto) -> Result<Packing, &'static str> {
    if node.input.get(GROUP_ORDER).is_some_and(|name| !name.is_empty()) {
        return Err("is supported without reordered groups; quantise without g_idx");
    }
    // Such bytes have the layout of one generation of GPUs; a CPU would take them for the plain one.
    if attributes::int(node, "weight_prepacked").is_some_and(|layout| layout != 0) {
        return Err("is supported with plain weights; export with matmulnbits_weights_prepacked=0");
    }
    let size = |name: &str| attributes::int(node, name).filter(|&size| size > 0);
    let bits = attributes::int(node, "bits").unwrap_or(4);
    match (size("K"), size("N"), bits, size("block_size")) {
        (Some(k), Some(n), 4 | 8, Some(block)) => {
            Ok(Packing { k, n, bits, block, blocks: k / block + i64::from(k % block != 0) })
        }
        _ => Err("is supported with 4 or 8 bits and known sizes; quantise it that way"),
    }
}

/// Checks that constants have as many elements as the sizes ask for.
///
/// # Errors
/// The disagreement.
pub(crate) fn check_constants(sizes: &Packing, packed: &TensorProto, scales: &TensorProto) -> Result<(), String> {
    let elements = |tensor: &TensorProto| tensor.dims.iter().try_fold(1_i64, |product, &dim| product.checked_mul(dim));
    let scale_count = sizes.n.checked_mul(sizes.blocks);
    let byte_count = sizes.block.checked_mul(sizes.bits).map(|bits| bits / 8).zip(scale_count);
    let byte_count = byte_count.and_then(|(bytes, count)| bytes.checked_mul(count));
    for (what, tensor, expected) in [("packed weights", packed, byte_count), ("scales", scales, scale_count)] {
        let found = elements(tensor);
        if found.is_none() || found != expected {
            return Err(format!("its {what} have shape {:?}, which does not follow from {sizes:?}", tensor.dims));
        }
    }
    Ok(())
}
