//! Factors before the first step.

use openledger_engine::gradient::{FactorLayout, TrainedModule};

use crate::random::Stream;

/// Factors as PEFT starts them: A evenly from −1/√in to 1/√in (Kaiming with `a = √5`), B zero, so that the adapter
/// changes nothing yet.
///
/// A's elements, row by row, come from ChaCha20 under `tagged("training-init", seed || layer || module name)`, the
/// numbers 8 bytes, big-endian: a module's start does not depend on which others are trained.
#[must_use]
#[allow(clippy::cast_precision_loss)]
pub fn initial_factors(modules: &[TrainedModule], layout: &FactorLayout, seed: u64) -> Vec<f32> {
    let mut parameters = vec![0.0; layout.len];
    for (module, (a, _)) in modules.iter().zip(&layout.modules) {
        let layer = u64::try_from(module.layer).unwrap_or(u64::MAX);
        let context = [&seed.to_be_bytes()[..], &layer.to_be_bytes(), module.module.as_bytes()].concat();
        let mut stream = Stream::new("training-init", &context);
        let bound = 1.0 / (module.in_features as f32).sqrt();
        for value in parameters.get_mut(a.clone()).unwrap_or_default() {
            *value = bound * stream.symmetric();
        }
    }
    parameters
}
