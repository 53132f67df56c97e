//! Element types and sizes of ONNX tensors.

use crate::{GraphError, proto::TensorProto};

/// ONNX element types by their number in the specification.
pub mod element {
    /// 32-bit float.
    pub const FLOAT: i32 = 1;
    /// 32-bit signed integer.
    pub const INT32: i32 = 6;
    /// 64-bit signed integer.
    pub const INT64: i32 = 7;
    /// Strings, of no fixed size.
    pub const STRING: i32 = 8;
    /// IEEE half precision.
    pub const FLOAT16: i32 = 10;
    /// 64-bit float.
    pub const DOUBLE: i32 = 11;
    /// Brain float.
    pub const BFLOAT16: i32 = 16;

    /// A type's name for messages.
    #[must_use]
    pub fn name(data_type: i32) -> String {
        match data_type {
            FLOAT => "32-bit floats".to_owned(),
            FLOAT16 => "16-bit floats (fp16)".to_owned(),
            BFLOAT16 => "16-bit floats (bf16)".to_owned(),
            DOUBLE => "64-bit floats".to_owned(),
            INT32 => "32-bit integers".to_owned(),
            INT64 => "64-bit integers".to_owned(),
            other => format!("ONNX element type {other}"),
        }
    }
}

/// Bits of one element, or `None` for types without a fixed size and unknown ones.
#[must_use]
pub fn element_bits(data_type: i32) -> Option<u64> {
    Some(match data_type {
        25 | 26 => 2,
        21..=23 => 4,
        2 | 3 | 9 | 17..=20 | 24 => 8,
        4 | 5 | 10 | 16 => 16,
        1 | 6 | 12 => 32,
        7 | 11 | 13 | 14 => 64,
        15 => 128,
        _ => return None,
    })
}

/// Number of elements of a tensor.
///
/// # Errors
/// [`GraphError::Tensor`] for a negative dimension or a product that overflows.
pub fn element_count(tensor: &TensorProto) -> Result<u64, GraphError> {
    tensor.dims.iter().try_fold(1_u64, |count, &dim| {
        u64::try_from(dim)
            .ok()
            .and_then(|dim| count.checked_mul(dim))
            .ok_or_else(|| wrong(tensor, format!("impossible shape {:?}", tensor.dims)))
    })
}

/// Size of a tensor's elements in bytes as `raw_data` or an external file stores them.
///
/// # Errors
/// [`GraphError::Tensor`] for an impossible shape or an element type without a fixed size.
pub fn byte_size(tensor: &TensorProto) -> Result<u64, GraphError> {
    let data_type = tensor.data_type();
    let bits = element_bits(data_type).ok_or_else(|| wrong(tensor, format!("unknown element type {data_type}")))?;
    element_count(tensor)?
        .checked_mul(bits)
        .map(|bits| bits.div_ceil(8))
        .ok_or_else(|| wrong(tensor, format!("impossible shape {:?}", tensor.dims)))
}

pub(crate) fn wrong(tensor: &TensorProto, reason: String) -> GraphError {
    GraphError::Tensor { tensor: tensor.name().to_owned(), reason }
}
