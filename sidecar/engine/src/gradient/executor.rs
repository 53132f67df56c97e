//! What computes a gradient graph.

use crate::EngineError;

/// Elements of an input, row-major.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// 32-bit floats.
    Floats(Vec<f32>),
    /// 64-bit integers.
    Integers(Vec<i64>),
}

/// A named input of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Input<'n> {
    /// Its name in the graph.
    pub name: &'n str,
    /// Its axes; their product is the number of elements.
    pub shape: Vec<usize>,
    /// Its elements.
    pub values: Values,
}

/// A named output of 32-bit floats that a run is to return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Output<'n> {
    /// Its name in the graph.
    pub name: &'n str,
    /// Elements it must have.
    pub len: usize,
}

/// Computes the graph that it was built from.
pub trait Executor {
    /// Elements of the wanted outputs, in their order and row-major, each with exactly the elements it must have.
    ///
    /// # Errors
    /// [`EngineError::Inference`] when the graph cannot be computed with these inputs or an output is not as wanted.
    fn run(&mut self, inputs: Vec<Input<'_>>, outputs: &[Output<'_>]) -> Result<Vec<Vec<f32>>, EngineError>;
}
