//! The key-value cache as the stock attention operators take it: tensors of whole batches.

use half::{bf16, f16};
use ort::value::{DynValue, Tensor};

use crate::{
    EngineError,
    error::inference,
    float::{Float, FloatType},
};

/// Keys and values of every layer for the rows of one batch: tensors [rows, heads, length, size].
///
/// Positions past a row's own length hold leftovers that the attention operator never reads: it
/// is told each row's length, and the next token overwrites the first of them.
pub(crate) struct BatchCache {
    /// Key and value of each layer, in the order of the model's inputs.
    pub tensors: Vec<DynValue>,
}

/// One row to take over, with the number of its valid positions.
pub(crate) struct CacheRow<'k> {
    pub from: &'k BatchCache,
    pub row: usize,
    pub length: usize,
}

impl BatchCache {
    /// So many tensors of zeros, of shape [rows, heads, length, size]; of length 0 the cache before any token.
    ///
    /// # Errors
    /// [`EngineError::Inference`] when ONNX Runtime cannot create a tensor.
    pub fn zeros(of: FloatType, tensors: usize, shape: [usize; 4]) -> Result<Self, EngineError> {
        let count = shape.iter().product();
        let one = || match of {
            FloatType::F32 => tensor(shape, vec![f32::ZERO; count]),
            FloatType::F16 => tensor(shape, vec![f16::ZERO; count]),
            FloatType::Bf16 => tensor(shape, vec![bf16::ZERO; count]),
        };
        Ok(Self { tensors: (0..tensors).map(|_| one()).collect::<Result<_, _>>()? })
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        let rows = self.tensors.first().and_then(|tensor| tensor.shape().first().copied());
        rows.and_then(|rows| usize::try_from(rows).ok()).unwrap_or(0)
    }

    /// Positions that its tensors have room for.
    pub fn room(&self) -> usize {
        let room = self.tensors.first().and_then(|tensor| tensor.shape().get(2).copied());
        room.and_then(|room| usize::try_from(room).ok()).unwrap_or(0)
    }

    /// Bytes of all tensors.
    pub fn bytes(&self) -> usize {
        let size = |tensor: &DynValue| {
            let numbers = tensor.shape().iter().map(|&size| usize::try_from(size).unwrap_or(0)).product::<usize>();
            tensor.data_type().byte_size(numbers).unwrap_or(0)
        };
        self.tensors.iter().map(size).sum()
    }

    /// A new cache whose rows are copies of the given ones, as long as the longest of them, in the processor's memory.
    ///
    /// # Errors
    /// [`EngineError::Inference`] when the sources do not have the shapes they must have, or lie elsewhere.
    pub fn gather(of: FloatType, rows: &[CacheRow<'_>]) -> Result<Self, EngineError> {
        let count = rows.first().map_or(0, |row| row.from.tensors.len());
        let length = rows.iter().map(|row| row.length).max().unwrap_or(0);
        let gather = match of {
            FloatType::F32 => gather_tensor::<f32>,
            FloatType::F16 => gather_tensor::<f16>,
            FloatType::Bf16 => gather_tensor::<bf16>,
        };
        let tensors = (0..count).map(|tensor| gather(rows, tensor, length)).collect::<Result<_, _>>()?;
        Ok(Self { tensors })
    }
}

fn tensor<T: Float>(shape: [usize; 4], numbers: Vec<T>) -> Result<DynValue, EngineError> {
    Tensor::from_array((shape, numbers)).map(Tensor::into_dyn).map_err(inference)
}

fn gather_tensor<T: Float>(rows: &[CacheRow<'_>], index: usize, length: usize) -> Result<DynValue, EngineError> {
    let unexpected = || inference("the key-value cache has an unexpected shape");
    let mut out = Vec::new();
    let mut shape = [rows.len(), 0, length, 0];
    for row in rows {
        let source = row.from.tensors.get(index).ok_or_else(unexpected)?;
        let (dims, data) = source.try_extract_tensor::<T>().map_err(inference)?;
        let dims: Vec<usize> = dims.iter().map(|&dim| usize::try_from(dim).unwrap_or(0)).collect();
        let &[_, heads, stored, size] = dims.as_slice() else {
            return Err(unexpected());
        };
        if out.is_empty() {
            shape = [rows.len(), heads, length, size];
            out.reserve_exact(shape.iter().product());
        }
        if shape[1] != heads || shape[3] != size || row.length > stored {
            return Err(unexpected());
        }
        for head in 0..heads {
            let start = (row.row * heads + head) * stored * size;
            let valid = data.get(start..start + row.length * size).ok_or_else(unexpected)?;
            out.extend_from_slice(valid);
            out.resize(out.len() + (length - row.length) * size, T::ZERO);
        }
    }
    tensor(shape, out)
}
