//! Any graph of the supported operators.

use openledger_onnx_graph::Model;
use openledger_simd::Level;

use crate::{StrictError, Tensor, buffers::Buffers, context::Context, program::Program, threads::Threads};

/// With what a graph is computed. No choice changes a bit of a result.
#[derive(Debug, Clone, Copy)]
pub struct StrictOptions {
    /// Threads of one operator; 0 for one per core.
    pub threads: usize,
    /// Instruction set.
    pub level: Level,
}

impl Default for StrictOptions {
    fn default() -> Self {
        Self { threads: 1, level: Level::best() }
    }
}

/// A graph that is computed in strict arithmetic.
pub struct StrictGraph {
    program: Program,
    threads: Threads,
    level: Level,
    buffers: Buffers,
}

impl StrictGraph {
    /// Reads a graph and computes what depends on its constants alone.
    ///
    /// # Errors
    /// Every [`StrictError`] except [`StrictError::Memory`].
    pub fn new(model: &Model, options: StrictOptions) -> Result<Self, StrictError> {
        let StrictOptions { threads, level } = options;
        let (threads, buffers) = (Threads::start(threads)?, Buffers::default());
        let program = threads.with(|tasks| Program::new(model, &Context { level, tasks, buffers: &buffers }))?;
        Ok(Self { program, threads, level, buffers })
    }

    /// The wanted outputs, in their order. Numbers that are none have one bit pattern, because processors differ in
    /// what they make of them.
    ///
    /// # Errors
    /// [`StrictError::Value`] for names that the graph does not have and inputs that are missing,
    /// [`StrictError::Node`] for shapes and numbers that do not fit, [`StrictError::Memory`],
    /// [`StrictError::Arithmetic`].
    pub fn run(&self, inputs: Vec<(&str, Tensor)>, wanted: &[&str]) -> Result<Vec<Tensor>, StrictError> {
        let outputs = self.threads.with(|tasks| {
            self.program.run(&Context { level: self.level, tasks, buffers: &self.buffers }, inputs, wanted)
        })?;
        Ok(outputs.into_iter().map(Tensor::with_one_nan).collect())
    }
}
