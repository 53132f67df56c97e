//! The operators, one module per family. Each is read from a node once and then run with tensors.

mod compare;
mod elementwise;
mod gather;
mod matmul;
mod movement;
mod quantised;
mod reduce;
mod scatter;
mod shape;
mod softmax;

use openledger_onnx_graph::{Model, proto::NodeProto};

use crate::{Fault, attributes::Attributes, context::Context, tensor::Tensor};

/// A node's operator with its attributes.
pub(crate) type Kernel = Box<dyn Fn(&Inputs<'_>, &Context<'_>) -> Result<Vec<Tensor>, Fault> + Send + Sync>;

/// What a kernel is made from.
pub(crate) struct Source<'n> {
    pub model: &'n Model,
    pub node: &'n NodeProto,
    pub attributes: Attributes<'n>,
}

/// The tensors that a node reads; `None` for an optional input that is left out.
pub(crate) struct Inputs<'t>(pub Vec<Option<&'t Tensor>>);

impl<'t> Inputs<'t> {
    /// # Errors
    /// [`Fault::Arity`] when it is missing.
    pub fn get(&self, index: usize) -> Result<&'t Tensor, Fault> {
        self.optional(index).ok_or(Fault::Arity)
    }

    pub fn optional(&self, index: usize) -> Option<&'t Tensor> {
        self.0.get(index).copied().flatten()
    }
}

/// The kernel of a node, or `None` for an operator without a strict form.
///
/// # Errors
/// [`Fault`]s of attributes and of the number of inputs.
pub(crate) fn kernel(model: &Model, node: &NodeProto) -> Result<Option<Kernel>, Fault> {
    let mut source = Source { model, node, attributes: Attributes::of(node) };
    let (most, kernel) = match (node.domain(), node.op_type()) {
        ("" | "ai.onnx", operator) => match operator {
            "Add" | "Sub" | "Mul" | "Div" | "Max" | "Pow" => (2, elementwise::binary(operator)),
            "Cos" | "Exp" | "Floor" | "Neg" | "Reciprocal" | "Sigmoid" | "Sin" | "Sqrt" | "Tanh" => {
                (1, elementwise::unary(operator))
            }
            "Cast" => (1, elementwise::cast(&mut source)?),
            "Where" => (3, elementwise::choose()),
            "Equal" | "Greater" | "LessOrEqual" => (2, compare::order(operator)),
            "And" | "Or" => (2, compare::both(operator)),
            "Not" | "IsNaN" => (1, compare::one_operand(operator)),
            "NonZero" => (1, compare::places()),
            "MatMul" => (2, matmul::product()),
            "ReduceSum" | "ReduceMean" | "ReduceSumSquare" => (2, reduce::reduce(operator, &mut source)?),
            "Softmax" | "LogSoftmax" => (1, softmax::softmax(operator == "LogSoftmax", &mut source)?),
            "Concat" => (usize::MAX, movement::concat(&mut source)?),
            "Expand" => (2, movement::expand()),
            "Pad" => (2, movement::pad()),
            "Slice" => (5, movement::slice()),
            "Split" => (2, movement::split(&mut source)?),
            "Transpose" => (1, movement::transpose(&mut source)?),
            "Gather" => (2, gather::gather(&mut source)?),
            "GatherElements" => (2, gather::gather_elements(&mut source)?),
            "ScatterElements" => (3, scatter::scatter_elements(&mut source)?),
            "ScatterND" => (3, scatter::scatter_blocks()),
            "Constant" => (0, shape::constant(&mut source)?),
            "ConstantOfShape" => (1, shape::constant_of_shape(&mut source)?),
            "Flatten" => (1, shape::flatten(&mut source)?),
            "Identity" => (1, shape::identity()),
            "Range" => (3, shape::range()),
            "Reshape" => (2, shape::reshape(&mut source)?),
            "Shape" => (1, shape::shape(&mut source)?),
            "Size" => (1, shape::size_of()),
            "Squeeze" => (2, shape::squeeze()),
            "Unsqueeze" => (2, shape::unsqueeze()),
            _ => return Ok(None),
        },
        ("com.microsoft", "GatherBlockQuantized") => (3, quantised::gather(&mut source)?),
        _ => return Ok(None),
    };
    source.attributes.finish()?;
    if node.input.len() > most { Err(Fault::Arity) } else { Ok(Some(kernel)) }
}

/// A kernel of one output.
fn one(run: impl Fn(&Inputs<'_>, &Context<'_>) -> Result<Tensor, Fault> + Send + Sync + 'static) -> Kernel {
    Box::new(move |inputs, context| run(inputs, context).map(|tensor| vec![tensor]))
}
