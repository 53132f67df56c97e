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
        let mut bytes = Vec::with_capacity(self.parameters.len().saturating_mul(12).saturating_add(8));
        bytes.extend_from_slice(&self.step.to_be_bytes());
        for values in [&self.parameters, &self.first, &self.second] {
            bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        }
        tagged("training-state", &bytes)
    }
}
