//! The logits of one step.

use ort::value::DynValue;

use crate::{EngineError, error::inference};

/// Logits of the positions that were asked for, each [vocabulary].
pub(crate) struct Logits {
    values: Values,
    /// Tensor and index of the position in it, in units of the vocabulary.
    places: Vec<(usize, usize)>,
    vocab: usize,
}

enum Values {
    Tensors(Vec<DynValue>),
    #[cfg(feature = "double")]
    Owned(Vec<f32>),
}

impl Logits {
    /// Positions of tensors whose last dimension is the vocabulary: the index of a tensor and the number of positions before the
    /// wanted one in it.
    pub fn of_tensors(tensors: Vec<DynValue>, places: Vec<(usize, usize)>, vocab: usize) -> Self {
        Self { values: Values::Tensors(tensors), places, vocab }
    }

    /// Positions one after the other.
    #[cfg(feature = "double")]
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
            #[cfg(feature = "double")]
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

fn unexpected() -> EngineError {
    inference("the logits have an unexpected shape")
}
