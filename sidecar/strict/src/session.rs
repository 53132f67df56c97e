//! The gradient session without ONNX Runtime.

use std::path::PathBuf;

use openledger_engine::{
    EngineError,
    gradient::{Executor, GradientSession, Input, Output, Values},
};

use crate::{Fault, StrictError, StrictGraph, StrictOptions, Tensor};

/// Name of the arithmetic. It changes whenever a bit of any result may change; sessions give it as the version of
/// their runtime.
pub const ARITHMETIC: &str = "strict 1";

/// What a session is opened with.
#[derive(Debug, Clone)]
pub struct StrictConfig {
    /// Folder with the ONNX file, its configuration and `tokenizer.json`.
    pub model_dir: PathBuf,
    /// Short names of the modules that get adapters, for example `q_proj`; empty for all that the model has.
    pub targets: Vec<String>,
    /// Threads and instruction set.
    pub options: StrictOptions,
}

/// A gradient session in strict arithmetic: everything that a [`GradientSession`] does, with the same bits on every
/// processor. Rows and groups of a run do not change each other's bits.
pub type StrictSession = GradientSession<StrictGraph>;

/// Loads the model and compiles its gradient graph. ONNX Runtime is neither looked for nor loaded.
///
/// # Errors
/// As [`GradientSession::open_in`]; [`EngineError::ModelUnsupported`] also for operators without a strict form.
pub fn open(config: &StrictConfig) -> Result<StrictSession, EngineError> {
    let unsupported = |error: StrictError| EngineError::ModelUnsupported { reason: error.to_string() };
    GradientSession::open_in(&config.model_dir, &config.targets, ARITHMETIC, |graph| {
        StrictGraph::new(graph, config.options).map_err(unsupported)
    })
}

impl Executor for StrictGraph {
    fn run(&mut self, inputs: Vec<Input<'_>>, outputs: &[Output<'_>]) -> Result<Vec<Vec<f32>>, EngineError> {
        let failed = |reason: String| EngineError::Inference { reason };
        let tensor = |Input { name, shape, values }| {
            let tensor = match values {
                Values::Floats(values) => Tensor::new(shape, values),
                Values::Integers(values) => Tensor::new(shape, values),
            };
            tensor.map(|tensor| (name, tensor))
        };
        let inputs = inputs.into_iter().map(tensor).collect::<Result<Vec<_>, Fault>>();
        let inputs = inputs.map_err(|fault| failed(format!("an input cannot be a tensor: {fault}")))?;
        let wanted: Vec<&str> = outputs.iter().map(|output| output.name).collect();
        let found = StrictGraph::run(self, inputs, &wanted).map_err(|error| failed(error.to_string()))?;
        let floats = |(tensor, &Output { name, len }): (Tensor, &Output<'_>)| {
            let values = tensor.floats().map_err(|fault| failed(format!("output {name:?}: {fault}")))?;
            if values.len() == len {
                return Ok(values.to_vec());
            }
            Err(failed(format!("{name:?} has {} elements, not {len}", values.len())))
        };
        found.into_iter().zip(outputs).map(floats).collect()
    }
}
