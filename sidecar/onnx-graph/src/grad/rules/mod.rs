//! Vector-Jacobian products of the standard operators, one file per family.
//!
//! A rule gets the adjoints of a node's outputs and adds nodes that compute the adjoints of those
//! inputs that are wanted. It may read the node's inputs and outputs: one graph computes both
//! directions, so nothing is computed twice.

mod arithmetic;
mod broadcasting;
mod elementwise;
mod gathering;
mod matmul;
mod movement;
mod reduction;
mod selection;
mod slicing;
mod softmax;

use super::{GradError, graph::GraphBuilder};
use crate::{proto::NodeProto, validate::plain_domain};

/// One node on the way back.
pub(crate) struct Call<'a> {
    /// The node of the forward graph.
    pub node: &'a NodeProto,
    /// Adjoint of each output; `None` when nothing depends on it. At least one is there.
    pub adjoints: &'a [Option<String>],
    /// Whether the adjoint of each input is wanted.
    pub wanted: &'a [bool],
}

impl Call<'_> {
    /// Name of an input.
    ///
    /// # Errors
    /// [`GradError::Node`] when the node lacks it.
    pub fn input(&self, index: usize) -> Result<&str, GradError> {
        self.node
            .input
            .get(index)
            .map(String::as_str)
            .filter(|name| !name.is_empty())
            .ok_or_else(|| self.refuse(&format!("lacks input {index}; the file is damaged, export it again")))
    }

    /// Name of the first output.
    pub fn output(&self) -> &str {
        self.node.output.first().map_or("", String::as_str)
    }

    /// Adjoint of the first output.
    ///
    /// # Errors
    /// [`GradError::Node`] when only another output has one.
    pub fn adjoint(&self) -> Result<&str, GradError> {
        self.adjoints
            .first()
            .and_then(|adjoint| adjoint.as_deref())
            .ok_or_else(|| self.refuse("is differentiated through its first output only"))
    }

    /// Whether the adjoint of an input is wanted.
    pub fn wants(&self, index: usize) -> bool {
        self.wanted.get(index).copied().unwrap_or(false)
    }

    /// A refusal of this node.
    pub fn refuse(&self, reason: &str) -> GradError {
        refuse(self.node, reason)
    }

    /// Adjoints of all inputs of which only the first is a float.
    fn first(&self, adjoint: String) -> Vec<Option<String>> {
        let mut all = vec![None; self.node.input.len()];
        if let Some(first) = all.first_mut() {
            *first = Some(adjoint);
        }
        all
    }
}

/// A refusal of a node by name and operator.
pub(crate) fn refuse(node: &NodeProto, reason: &str) -> GradError {
    GradError::Node { node: node.name().to_owned(), op: operator(node), reason: reason.to_owned() }
}

/// The operator, with its domain unless that is the standard one.
pub(crate) fn operator(node: &NodeProto) -> String {
    match plain_domain(node.domain()) {
        "" => node.op_type().to_owned(),
        domain => format!("{domain}.{}", node.op_type()),
    }
}

/// Adds the nodes for one step back and returns the adjoint of each input.
///
/// # Errors
/// [`GradError::NoRule`] for an operator without a rule, and what the rule refuses.
pub(crate) fn apply(graph: &mut GraphBuilder, call: &Call<'_>) -> Result<Vec<Option<String>>, GradError> {
    let no_rule = || GradError::NoRule { node: call.node.name().to_owned(), op: operator(call.node) };
    if !plain_domain(call.node.domain()).is_empty() {
        return Err(no_rule());
    }
    match call.node.op_type() {
        "Add" | "Sub" | "Sum" => arithmetic::sum(graph, call),
        "Mul" => arithmetic::product(graph, call),
        "Div" => arithmetic::quotient(graph, call),
        "Pow" => arithmetic::power(graph, call),
        "Neg" | "Exp" | "Log" | "Sqrt" | "Reciprocal" | "Tanh" | "Sigmoid" | "Erf" | "Sin" | "Cos" | "Relu" | "Abs" => {
            elementwise::chain(graph, call)
        }
        "MatMul" => matmul::product(graph, call),
        "Gemm" => matmul::gemm(graph, call),
        "ReduceSum" | "ReduceMean" | "ReduceSumSquare" => reduction::reduce(graph, call),
        "Softmax" | "LogSoftmax" => softmax::normalised(graph, call),
        "Reshape" | "Flatten" | "Squeeze" | "Unsqueeze" => movement::relabelled(graph, call),
        "Identity" => Ok(call.first(call.adjoint()?.to_owned())),
        "Cast" => movement::cast(graph, call),
        "Transpose" => movement::transpose(graph, call),
        "Expand" => movement::expand(graph, call),
        "Concat" => slicing::concat(graph, call),
        "Split" => slicing::split(graph, call),
        "Slice" => slicing::slice(graph, call),
        "Gather" => gathering::gather(graph, call),
        "GatherElements" => gathering::gather_elements(graph, call),
        "Where" => selection::choose(graph, call),
        "Trilu" => selection::triangle(graph, call),
        _ => Err(no_rule()),
    }
}

/// Operators whose outputs do not change with small changes of their inputs: no gradient passes.
pub(crate) fn is_piecewise_constant(op: &str) -> bool {
    matches!(
        op,
        "Shape"
            | "Size"
            | "Equal"
            | "Less"
            | "LessOrEqual"
            | "Greater"
            | "GreaterOrEqual"
            | "Not"
            | "And"
            | "Or"
            | "Xor"
            | "IsNaN"
            | "IsInf"
            | "ArgMax"
            | "ArgMin"
            | "NonZero"
            | "Floor"
            | "Ceil"
            | "Round"
            | "Sign"
            | "ConstantOfShape"
            | "Range"
            | "OneHot"
    )
}
