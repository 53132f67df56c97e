//! The logits of one step.

use half::{bf16, f16};
use ort::value::DynValue;

use crate::{
    EngineError,
    error::inference,
    float::{Float, FloatType},
};

/// Logits of the positions that were asked for, each [vocabulary].
pub(crate) struct Logits {
    values: Values,
    /// Tensor and index of the position in it, in units of the vocabulary.
    places: Vec<(usize, usize)>,
    vocab: usize,
}

enum Values {
    Tensors(Vec<DynValue>),
    Owned(Vec<f32>),
}

impl Logits {
    /// Positions of tensors whose last dimension is the vocabulary: the index of a tensor and the number of positions before the
    /// wanted one in it.
    pub fn of_tensors(tensors: Vec<DynValue>, places: Vec<(usize, usize)>, vocab: usize) -> Self {
        Self { values: Values::Tensors(tensors), places, vocab }
    }

    /// The same of tensors of any floats. What was asked for of 16 bits is widened; the rest is not looked at.
    ///
    /// # Errors
    /// [`EngineError::Inference`] when the model returned another shape or type.
    pub fn of_floats(
        of: FloatType,
        tensors: Vec<DynValue>,
        places: Vec<(usize, usize)>,
        vocab: usize,
    ) -> Result<Self, EngineError> {
        let widen = match of {
            FloatType::F32 => return Ok(Self::of_tensors(tensors, places, vocab)),
            FloatType::F16 => widened::<f16>,
            FloatType::Bf16 => widened::<bf16>,
        };
        let mut values = Vec::with_capacity(places.len().saturating_mul(vocab));
        for (tensor, position) in places {
            widen(tensors.get(tensor).ok_or_else(unexpected)?, position, vocab, &mut values)?;
        }
        Ok(Self::owned(values, vocab))
    }

    /// Positions one after the other.
    pub fn owned(values: Vec<f32>, vocab: usize) -> Self {
        let places = (0..values.len().checked_div(vocab).unwrap_or(0)).map(|at| (0, at)).collect();
        Self { values: Values::Owned(values), places, vocab }
    }

    /// Number of positions.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Logits of the position `at` in the order they were asked for.
    ///
    /// # Errors
    /// [`EngineError::Inference`] when the model returned another shape.
    pub fn at(&self, at: usize) -> Result<&[f32], EngineError> {
        let &(tensor, position) = self.places.get(at).ok_or_else(unexpected)?;
        let values = match &self.values {
            Values::Owned(values) => values.as_slice(),
            Values::Tensors(tensors) => {
                let tensor = tensors.get(tensor).ok_or_else(unexpected)?;
                tensor.try_extract_tensor::<f32>().map_err(inference)?.1
            }
        };
        let start = position.checked_mul(self.vocab).ok_or_else(unexpected)?;
        values.get(start..start.saturating_add(self.vocab)).ok_or_else(unexpected)
    }
}

/// Appends the logits of one position.
fn widened<T: Float>(
    tensor: &DynValue,
    position: usize,
    vocab: usize,
    values: &mut Vec<f32>,
) -> Result<(), EngineError> {
    let (_, numbers) = tensor.try_extract_tensor::<T>().map_err(inference)?;
    let start = position.checked_mul(vocab).ok_or_else(unexpected)?;
    let own = numbers.get(start..start.saturating_add(vocab)).ok_or_else(unexpected)?;
    values.extend(own.iter().map(|value| value.wide()));
    Ok(())
}

fn unexpected() -> EngineError {
    inference("the logits have an unexpected shape")
}
