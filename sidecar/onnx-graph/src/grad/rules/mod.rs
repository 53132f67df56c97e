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

pub(super) use broadcasting::transpose_last;

use super::{GradError, graph::GraphBuilder};
use crate::{element, proto::NodeProto, validate::plain_domain};

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

/// Adds the nodes for one step back and returns the adjoint of each input, or `None` for an input that gets none.
type Rule = fn(&mut GraphBuilder, &Call<'_>) -> Result<Vec<Option<String>>, GradError>;

/// The rule of an operator of the standard domain.
fn rule(node: &NodeProto) -> Option<Rule> {
    if !plain_domain(node.domain()).is_empty() {
        return None;
    }
    Some(match node.op_type() {
        "Add" | "Sub" | "Sum" => arithmetic::sum,
        "Mul" => arithmetic::product,
        "Div" => arithmetic::quotient,
        "Pow" => arithmetic::power,
        "Neg" | "Exp" | "Log" | "Sqrt" | "Reciprocal" | "Tanh" | "Sigmoid" | "Erf" | "Sin" | "Cos" | "Relu" | "Abs" => {
            elementwise::chain
        }
        "MatMul" => matmul::product,
        "Gemm" => matmul::gemm,
        "ReduceSum" | "ReduceMean" | "ReduceSumSquare" => reduction::reduce,
        "Softmax" | "LogSoftmax" => softmax::normalised,
        "Reshape" | "Flatten" | "Squeeze" | "Unsqueeze" => movement::relabelled,
        "Identity" => movement::identity,
        "Cast" => movement::cast,
        "Transpose" => movement::transpose,
        "Expand" => movement::expand,
        "Concat" => slicing::concat,
        "Split" => slicing::split,
        "Slice" => slicing::slice,
        "Gather" => gathering::gather,
        "GatherElements" => gathering::gather_elements,
        "Where" => selection::choose,
        "Trilu" => selection::triangle,
        _ => return None,
    })
}

/// Whether a gradient can pass through a node.
pub(crate) fn has_rule(node: &NodeProto) -> bool {
    rule(node).is_some()
}

/// The refusal of a node without a rule.
pub(crate) fn no_rule(node: &NodeProto) -> GradError {
    GradError::NoRule { node: node.name().to_owned(), op: operator(node) }
}

/// Applies the rule of a node.
///
/// # Errors
/// [`GradError::NoRule`] for an operator without a rule, and what the rule refuses.
pub(crate) fn apply(graph: &mut GraphBuilder, call: &Call<'_>) -> Result<Vec<Option<String>>, GradError> {
    rule(call.node).ok_or_else(|| no_rule(call.node))?(graph, call)
}

/// Whether small changes of a node's inputs leave its outputs as they are: no gradient passes.
pub(crate) fn is_piecewise_constant(node: &NodeProto) -> bool {
    if !plain_domain(node.domain()).is_empty() {
        return false;
    }
    if node.op_type() == "Cast" {
        let floats = [element::FLOAT, element::DOUBLE, element::FLOAT16, element::BFLOAT16].map(i64::from);
        return super::attributes::int(node, "to").is_some_and(|to| !floats.contains(&to));
    }
    matches!(
        node.op_type(),
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
