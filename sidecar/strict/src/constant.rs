//! Constants of a graph as tensors.

use openledger_onnx_graph::{
    Model, element, external_range,
    proto::{TensorProto, tensor_proto::DataLocation},
};

use crate::{
    Fault,
    tensor::{Data, Tensor, size},
};

const BYTE: i32 = 2;
const TRUTH: i32 = 9;

/// Reads a constant, from the model's external files where it refers to them.
///
/// # Errors
/// [`Fault::Type`] for an element type that strict arithmetic does not have, [`Fault::Data`] and those of shapes.
pub(crate) fn read(model: &Model, constant: &TensorProto) -> Result<Tensor, Fault> {
    let shape = constant.dims.iter().map(|&dim| size(dim)).collect::<Result<Vec<_>, _>>()?;
    let bytes = bytes(model, constant)?;
    let kind = constant.data_type();
    let data = match (kind, bytes) {
        (element::FLOAT, Some(bytes)) => Data::from(words(bytes, f32::from_le_bytes)?),
        (element::FLOAT, None) => Data::from(constant.float_data.clone()),
        (element::INT64, Some(bytes)) => Data::from(words(bytes, i64::from_le_bytes)?),
        (element::INT64, None) => Data::from(constant.int64_data.clone()),
        (TRUTH, Some(bytes)) => Data::from(bytes.iter().map(|&byte| byte != 0).collect::<Vec<_>>()),
        (TRUTH, None) => Data::from(constant.int32_data.iter().map(|&value| value != 0).collect::<Vec<_>>()),
        (BYTE, Some(bytes)) => Data::from(bytes.to_vec()),
        (BYTE, None) => {
            let one = |&value: &i32| u8::try_from(value).map_err(|_| Fault::Data);
            Data::from(constant.int32_data.iter().map(one).collect::<Result<Vec<_>, _>>()?)
        }
        _ => {
            let found = match kind {
                element::FLOAT16 | element::BFLOAT16 => "16-bit floats",
                element::DOUBLE => "64-bit floats",
                _ => "another type",
            };
            return Err(Fault::Type { expected: "32-bit floats, 64-bit integers, truth values or bytes", found });
        }
    };
    Tensor::new(shape, data)
}

fn bytes<'m>(model: &'m Model, constant: &'m TensorProto) -> Result<Option<&'m [u8]>, Fault> {
    if constant.data_location() != DataLocation::External {
        return Ok(constant.raw_data.as_deref());
    }
    let range = external_range(constant).ok().flatten().ok_or(Fault::Data)?;
    let file = model.external_files().get(&range.location).ok_or(Fault::Data)?;
    let start = usize::try_from(range.offset).map_err(|_| Fault::Data)?;
    let len = usize::try_from(range.length).map_err(|_| Fault::Data)?;
    let end = start.checked_add(len).ok_or(Fault::Data)?;
    file.get(start..end).map(Some).ok_or(Fault::Data)
}

fn words<const N: usize, T>(bytes: &[u8], read: impl Fn([u8; N]) -> T) -> Result<Vec<T>, Fault> {
    let (words, rest) = bytes.as_chunks::<N>();
    if rest.is_empty() { Ok(words.iter().map(|&word| read(word)).collect()) } else { Err(Fault::Data) }
}
