//! What a step changes.

use openledger_protocol::{Hash, digest::tagged};

/// An adapter in training.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainState {
    /// Steps done.
    pub step: u64,
    /// Factors, laid out as the session's layout says.
    pub parameters: Vec<f32>,
    /// First moments of AdamW.
    pub first: Vec<f32>,
    /// Second moments of AdamW.
    pub second: Vec<f32>,
}

impl TrainState {
    /// Before the first step.
    #[must_use]
    pub fn new(parameters: Vec<f32>) -> Self {
        let zeros = vec![0.0; parameters.len()];
        Self { step: 0, first: zeros.clone(), second: zeros, parameters }
    }

    /// `tagged("training-state", step || parameters || first || second)`: the step 8 bytes, big-endian; floats 4 bytes,
    /// little-endian, as in a safetensors file.
    #[must_use]
    pub fn digest(&self) -> Hash {
        let count = self.parameters.len();
        let mut bytes = vec![0; count.saturating_mul(12).saturating_add(8)];
        let (step, floats) = bytes.split_at_mut(8);
        step.copy_from_slice(&self.step.to_be_bytes());
        // In fours, which compiles to a copy: pushed byte by byte this costs more than the hash.
        let parts = floats.chunks_mut(count.saturating_mul(4).max(4));
        for (part, values) in parts.zip([&self.parameters, &self.first, &self.second]) {
            for (four, value) in part.chunks_exact_mut(4).zip(values) {
                four.copy_from_slice(&value.to_le_bytes());
            }
        }
        tagged("training-state", &bytes)
    }
}
