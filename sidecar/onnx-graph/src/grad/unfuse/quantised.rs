//! `com.microsoft.MatMulNBits`: a product with a matrix whose columns are stored in blocks of small integers.
//!
//! The matrix is restored by ordinary operators from the packed constants, `(q - zero point) · scale`, so the
//! packed bytes stay what they are in the file; a runtime folds the result when it loads the graph. It then holds
//! the matrix in 32 bits. A served graph may round its activations to 8 bits, this one does not: the gradient is
//! that of the exact product.

use super::{Unfuse, optional, output, required};
use crate::{
    build::int_attribute,
    element,
    grad::{GradError, graph::GraphBuilder, rules::refuse},
    nbits::{self, Packing},
    proto::NodeProto,
};

/// `MatMulNBits`.
pub(super) fn product(graph: &mut GraphBuilder, node: &NodeProto, _: &Unfuse) -> Result<(), GradError> {
    let Some(y) = output(node, 0) else { return Ok(()) };
    let sizes = nbits::packing(node).map_err(|reason| refuse(node, reason))?;
    let (x, packed) = (required(node, 0)?, required(node, nbits::PACKED)?);
    // Wider numbers than bytes would be scales of another layout.
    if graph.float_type(x)? != element::FLOAT || graph.float_type(required(node, nbits::SCALES)?)? != element::FLOAT {
        return Err(refuse(node, "is supported with scales in 32 bits; export for CPU"));
    }
    let numbers = unpack(graph, packed, &sizes)?;
    let numbers = graph.reshape(&numbers, &[sizes.n, sizes.blocks, sizes.block])?;
    let zero = zero_points(graph, node, &sizes)?;
    let centred = graph.op("Sub", &[&numbers, &zero])?;
    let scales = graph.reshape(required(node, nbits::SCALES)?, &[sizes.n, sizes.blocks, 1])?;
    let scaled = graph.op("Mul", &[&centred, &scales])?;
    let columns = graph.reshape(&scaled, &[sizes.n, -1])?;
    // The last block of a column may be padded.
    let columns = first_of_last_axis(graph, &columns, sizes.k)?;
    let matrix = graph.transpose(&columns, &[1, 0])?;
    match optional(node, nbits::BIAS) {
        None => graph.op_named("MatMul", &[x, &matrix], Vec::new(), &[y]),
        Some(bias) => {
            let product = graph.op("MatMul", &[x, &matrix])?;
            graph.op_named("Add", &[&product, bias], Vec::new(), &[y])
        }
    }
}

/// Bytes [.., count] as numbers [.., count · 8 / bits] in 32-bit floats, which hold them exactly.
fn unpack(graph: &mut GraphBuilder, bytes: &str, sizes: &Packing) -> Result<String, GradError> {
    let whole = graph.op_with("Cast", &[bytes], vec![int_attribute("to", i64::from(element::FLOAT))])?;
    if sizes.bits == 8 {
        return Ok(whole);
    }
    // The low half of a byte comes first.
    let sixteen = graph.scalar(16.0, element::FLOAT);
    let shifted = graph.op("Div", &[&whole, &sixteen])?;
    let high = graph.op("Floor", &[&shifted])?;
    let high_part = graph.op("Mul", &[&high, &sixteen])?;
    let low = graph.op("Sub", &[&whole, &high_part])?;
    let last = graph.int_vector(&[-1]);
    let (low, high) = (graph.op("Unsqueeze", &[&low, &last])?, graph.op("Unsqueeze", &[&high, &last])?);
    graph.op_with("Concat", &[&low, &high], vec![int_attribute("axis", -1)])
}

/// What is subtracted from the numbers: a scalar, or [n, blocks, 1].
fn zero_points(graph: &mut GraphBuilder, node: &NodeProto, sizes: &Packing) -> Result<String, GradError> {
    let Some(zero) = optional(node, nbits::ZERO_POINTS).map(str::to_owned) else {
        return Ok(graph.scalar(if sizes.bits == 4 { 8.0 } else { 128.0 }, element::FLOAT));
    };
    let numbers = if graph.fact(&zero).data_type == element::FLOAT {
        zero
    } else {
        // Every column starts with a byte of its own.
        let bytes = if sizes.bits == 4 { sizes.blocks / 2 + sizes.blocks % 2 } else { sizes.blocks };
        let rows = graph.reshape(&zero, &[sizes.n, bytes])?;
        let numbers = unpack(graph, &rows, sizes)?;
        let numbers = graph.reshape(&numbers, &[sizes.n, -1])?;
        first_of_last_axis(graph, &numbers, sizes.blocks)?
    };
    graph.reshape(&numbers, &[sizes.n, sizes.blocks, 1])
}

fn first_of_last_axis(graph: &mut GraphBuilder, value: &str, count: i64) -> Result<String, GradError> {
    let (start, end, last) = (graph.int_vector(&[0]), graph.int_vector(&[count]), graph.int_vector(&[-1]));
    graph.op("Slice", &[value, &start, &end, &last])
}
