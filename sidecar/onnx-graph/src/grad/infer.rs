//! Types and shapes of a node's outputs, as far as they follow from its inputs.
//!
//! What is not known here is never guessed: rules that need it ask the running graph.

use super::{
    attributes::{int, ints, tensor},
    dims::{Axis, Fact, Shape, axis_of, broadcast},
    values::Values,
};
use crate::{element, proto::NodeProto};

const BOOL: i32 = 9;

/// A node's inputs as they are known.
pub(crate) struct Inputs<'a> {
    /// Facts, one per input.
    pub facts: Vec<&'a Fact>,
    /// Integer elements, where known.
    pub values: Vec<Option<&'a Values>>,
}

impl Inputs<'_> {
    fn shape(&self, index: usize) -> Option<&Shape> {
        self.facts.get(index)?.shape.as_ref()
    }

    fn rank(&self, index: usize) -> Option<usize> {
        Some(self.shape(index)?.len())
    }

    fn data_type(&self, index: usize) -> i32 {
        self.facts.get(index).map_or(0, |fact| fact.data_type)
    }

    fn values(&self, index: usize) -> Option<&Values> {
        self.values.get(index).copied().flatten()
    }

    /// Elements of an integer input of which all are constants.
    fn constants(&self, index: usize) -> Option<Vec<i64>> {
        let fixed = |axis: &Axis| if let Axis::Fixed(value) = axis { Some(*value) } else { None };
        self.values(index)?.iter().map(fixed).collect()
    }

    /// Axes as an attribute (older operator sets) or as an input.
    fn axes(&self, node: &NodeProto, input: usize) -> Option<Vec<i64>> {
        match ints(node, "axes") {
            Some(axes) => Some(axes.to_vec()),
            None => self.constants(input),
        }
    }
}

/// Facts of the outputs, one per output of the node.
pub(crate) fn infer(node: &NodeProto, inputs: &Inputs<'_>) -> Vec<Fact> {
    let count = node.output.len();
    let one = |fact: Fact| {
        let mut all = vec![Fact::default(); count];
        if let Some(first) = all.first_mut() {
            *first = fact;
        }
        all
    };
    let first = inputs.data_type(0);
    if !crate::validate::plain_domain(node.domain()).is_empty() {
        return vec![Fact::default(); count];
    }
    match node.op_type() {
        "Neg" | "Exp" | "Log" | "Sqrt" | "Reciprocal" | "Tanh" | "Sigmoid" | "Erf" | "Abs" | "Sin" | "Cos"
        | "Identity" | "Softmax" | "LogSoftmax" | "Relu" | "Trilu" | "Not" | "Floor" | "Ceil" | "Round" | "Sign"
        | "CumSum" | "Clip" | "ScatterElements" | "ScatterND" | "Softplus" | "Gelu" => {
            one(inputs.facts.first().map_or_else(Fact::default, |&fact| fact.clone()))
        }
        "IsNaN" | "IsInf" => one(Fact::new(BOOL, inputs.shape(0).cloned())),
        "Cast" => {
            let to = int(node, "to").and_then(|to| i32::try_from(to).ok()).unwrap_or(0);
            one(Fact::new(to, inputs.shape(0).cloned()))
        }
        "Add" | "Sub" | "Mul" | "Div" | "Pow" | "Mod" | "Max" | "Min" | "Sum" => {
            one(Fact::new(first, all_broadcast(inputs)))
        }
        "Equal" | "Less" | "LessOrEqual" | "Greater" | "GreaterOrEqual" | "And" | "Or" | "Xor" => {
            one(Fact::new(BOOL, all_broadcast(inputs)))
        }
        "Where" => one(Fact::new(inputs.data_type(1), all_broadcast(inputs))),
        "MatMul" => one(Fact::new(first, matmul(inputs))),
        "Gemm" => one(Fact::new(first, gemm(node, inputs))),
        "ReduceSum" | "ReduceMean" | "ReduceSumSquare" | "ReduceMax" | "ReduceMin" => {
            one(Fact::new(first, reduce(node, inputs)))
        }
        "Reshape" => one(Fact::new(first, reshape(node, inputs))),
        "Flatten" => one(Fact::new(first, Some(vec![Axis::Unknown; 2]))),
        "Transpose" => one(Fact::new(first, transpose(node, inputs))),
        "Concat" => one(Fact::new(first, concat(node, inputs))),
        "Split" => split(node, inputs),
        "Slice" => one(Fact::new(first, slice(inputs))),
        "Gather" => one(Fact::new(first, gather(node, inputs))),
        "GatherElements" => one(Fact::new(first, inputs.shape(1).cloned())),
        "Expand" => one(Fact::new(first, expand(inputs))),
        "Pad" => one(Fact::new(first, inputs.rank(0).map(|rank| vec![Axis::Unknown; rank]))),
        "Unsqueeze" => one(Fact::new(first, unsqueeze(node, inputs))),
        "Squeeze" => one(Fact::new(first, squeeze(node, inputs))),
        "Shape" => {
            let sliced = int(node, "start").is_some() || int(node, "end").is_some();
            let length = inputs.rank(0).and_then(|rank| i64::try_from(rank).ok()).filter(|_| !sliced);
            one(Fact::new(element::INT64, Some(vec![length.map_or(Axis::Unknown, Axis::Fixed)])))
        }
        "Size" => one(Fact::new(element::INT64, Some(Shape::new()))),
        "NonZero" => one(Fact::new(element::INT64, Some(vec![Axis::Unknown; 2]))),
        "Range" => one(Fact::new(first, Some(vec![Axis::Unknown]))),
        "Constant" => one(tensor(node, "value").map_or_else(Fact::default, |value| {
            Fact::new(value.data_type(), Some(value.dims.iter().map(|&size| Axis::Fixed(size)).collect()))
        })),
        "ConstantOfShape" => {
            let data_type = tensor(node, "value").map_or(element::FLOAT, |value| value.data_type());
            one(Fact::new(data_type, target(inputs, 0)))
        }
        _ => vec![Fact::default(); count],
    }
}

fn all_broadcast(inputs: &Inputs<'_>) -> Option<Shape> {
    broadcast(inputs.facts.iter().map(|fact| fact.shape.as_ref()))
}

fn matmul(inputs: &Inputs<'_>) -> Option<Shape> {
    let (a, b) = (inputs.shape(0)?, inputs.shape(1)?);
    let (a_batch, a_last) = match a.as_slice() {
        [] => return None,
        [_] => (&[][..], None),
        [batch @ .., rows, _] => (batch, Some(rows)),
    };
    let (b_batch, b_last) = match b.as_slice() {
        [] => return None,
        [_] => (&[][..], None),
        [batch @ .., _, columns] => (batch, Some(columns)),
    };
    let mut shape = broadcast([Some(&a_batch.to_vec()), Some(&b_batch.to_vec())])?;
    shape.extend(a_last.into_iter().chain(b_last).cloned());
    Some(shape)
}

fn gemm(node: &NodeProto, inputs: &Inputs<'_>) -> Option<Shape> {
    let pick = |input: usize, axis: usize, flag: &str| {
        let axis = if int(node, flag).unwrap_or(0) == 0 { axis } else { 1 - axis };
        inputs.shape(input)?.get(axis).cloned()
    };
    Some(vec![pick(0, 0, "transA")?, pick(1, 1, "transB")?])
}

fn reduce(node: &NodeProto, inputs: &Inputs<'_>) -> Option<Shape> {
    let shape = inputs.shape(0)?;
    let keep = int(node, "keepdims").unwrap_or(1) != 0;
    let given = inputs.facts.len() > 1 || ints(node, "axes").is_some();
    let axes: Vec<usize> = match inputs.axes(node, 1) {
        Some(axes) if !axes.is_empty() => axes.iter().map(|&axis| axis_of(axis, shape.len())).collect::<Option<_>>()?,
        Some(_) if int(node, "noop_with_empty_axes").unwrap_or(0) != 0 => return Some(shape.clone()),
        None if given => return keep.then(|| vec![Axis::Unknown; shape.len()]),
        _ => (0..shape.len()).collect(),
    };
    let left = shape.iter().enumerate().filter_map(|(at, axis)| match axes.contains(&at) {
        false => Some(axis.clone()),
        true => keep.then_some(Axis::Fixed(1)),
    });
    Some(left.collect())
}

/// Shape that an input of integers spells out.
fn target(inputs: &Inputs<'_>, input: usize) -> Option<Shape> {
    match inputs.values(input) {
        Some(values) => Some(values.clone()),
        None => match inputs.shape(input)?.as_slice() {
            // No tensor has more axes; a damaged file might say so.
            [Axis::Fixed(rank)] => {
                usize::try_from(*rank).ok().filter(|rank| *rank <= 64).map(|rank| vec![Axis::Unknown; rank])
            }
            _ => None,
        },
    }
}

fn reshape(node: &NodeProto, inputs: &Inputs<'_>) -> Option<Shape> {
    let from = inputs.shape(0);
    let copies = int(node, "allowzero").unwrap_or(0) == 0;
    let mut to = target(inputs, 1)?;
    for (at, axis) in to.iter_mut().enumerate() {
        if *axis == Axis::Fixed(0) && copies {
            *axis = from.and_then(|from| from.get(at)).cloned().unwrap_or(Axis::Unknown);
        }
    }
    let inferred = to.iter().position(|axis| *axis == Axis::Fixed(-1));
    if let Some(at) = inferred {
        let rest = from.and_then(|from| remaining(from, to.iter().enumerate().filter(|(i, _)| *i != at)));
        *to.get_mut(at)? = rest.unwrap_or(Axis::Unknown);
    }
    Some(to)
}

/// The one axis that makes a reshaped tensor as large as before: equal symbols cancel.
fn remaining<'a>(from: &Shape, others: impl Iterator<Item = (usize, &'a Axis)>) -> Option<Axis> {
    let mut names: Vec<&str> = Vec::new();
    let mut size = 1_i64;
    for axis in from {
        match axis {
            Axis::Fixed(n) => size = size.checked_mul(*n)?,
            Axis::Multiple(by, name) => {
                size = size.checked_mul(*by)?;
                names.push(name);
            }
            Axis::Unknown => return None,
        }
    }
    let mut divisor = 1_i64;
    for (_, axis) in others {
        match axis {
            Axis::Fixed(n) => divisor = divisor.checked_mul(*n)?,
            Axis::Multiple(by, name) => {
                divisor = divisor.checked_mul(*by)?;
                let at = names.iter().position(|known| known == name)?;
                names.swap_remove(at);
            }
            Axis::Unknown => return None,
        }
    }
    let whole = divisor > 0 && size % divisor == 0;
    match names.as_slice() {
        [] if whole => Some(Axis::Fixed(size / divisor)),
        [name] if whole => Some(Axis::named(name).times(size / divisor)),
        _ => None,
    }
}

fn transpose(node: &NodeProto, inputs: &Inputs<'_>) -> Option<Shape> {
    let shape = inputs.shape(0)?;
    match ints(node, "perm") {
        None => Some(shape.iter().rev().cloned().collect()),
        Some(perm) => perm.iter().map(|&axis| shape.get(axis_of(axis, shape.len())?).cloned()).collect(),
    }
}

fn concat(node: &NodeProto, inputs: &Inputs<'_>) -> Option<Shape> {
    let mut shapes = (0..inputs.facts.len()).map(|index| inputs.shape(index));
    let mut joined = shapes.next()??.clone();
    let at = axis_of(int(node, "axis")?, joined.len())?;
    for shape in shapes {
        let along = shape.and_then(|shape| shape.get(at));
        let total = joined.get_mut(at)?;
        *total = match (&*total, along) {
            (Axis::Fixed(0), Some(axis)) => axis.clone(),
            (axis, Some(Axis::Fixed(0))) => axis.clone(),
            (Axis::Fixed(a), Some(Axis::Fixed(b))) => a.checked_add(*b).map_or(Axis::Unknown, Axis::Fixed),
            _ => Axis::Unknown,
        };
    }
    Some(joined)
}

fn split(node: &NodeProto, inputs: &Inputs<'_>) -> Vec<Fact> {
    let data_type = inputs.data_type(0);
    let along = inputs.shape(0).and_then(|shape| axis_of(int(node, "axis").unwrap_or(0), shape.len()));
    let sizes = inputs.values(1);
    let part = |index: usize| {
        let mut shape = inputs.shape(0)?.clone();
        *shape.get_mut(along?)? = sizes.and_then(|sizes| sizes.get(index)).cloned().unwrap_or(Axis::Unknown);
        Some(shape)
    };
    (0..node.output.len()).map(|index| Fact::new(data_type, part(index))).collect()
}

fn slice(inputs: &Inputs<'_>) -> Option<Shape> {
    let mut shape = inputs.shape(0)?.clone();
    let rank = shape.len();
    let axes = if inputs.facts.len() > 3 {
        inputs.constants(3)
    } else {
        inputs.constants(1).and_then(|starts| (0..i64::try_from(starts.len()).ok()?).map(Some).collect())
    };
    let Some(axes) = axes else { return Some(vec![Axis::Unknown; rank]) };
    let (starts, ends) = (inputs.constants(1), inputs.constants(2));
    let plain = inputs.facts.len() < 5 || inputs.constants(4).is_some_and(|steps| steps.iter().all(|&s| s == 1));
    for (index, &axis) in axes.iter().enumerate() {
        let at = axis_of(axis, rank)?;
        let bound = |list: &Option<Vec<i64>>| list.as_ref().and_then(|list| list.get(index).copied());
        let size = shape.get_mut(at)?;
        *size = match (&*size, bound(&starts), bound(&ends)) {
            (Axis::Fixed(size), Some(start), Some(end)) if plain => {
                let clamp = |value: i64| (if value < 0 { value.saturating_add(*size) } else { value }).clamp(0, *size);
                Axis::Fixed((clamp(end) - clamp(start)).max(0))
            }
            _ => Axis::Unknown,
        };
    }
    Some(shape)
}

fn gather(node: &NodeProto, inputs: &Inputs<'_>) -> Option<Shape> {
    let (data, indices) = (inputs.shape(0)?, inputs.shape(1)?);
    let at = axis_of(int(node, "axis").unwrap_or(0), data.len())?;
    Some(data.iter().take(at).chain(indices).chain(data.iter().skip(at + 1)).cloned().collect())
}

fn expand(inputs: &Inputs<'_>) -> Option<Shape> {
    broadcast([inputs.shape(0), target(inputs, 1).as_ref()])
}

fn unsqueeze(node: &NodeProto, inputs: &Inputs<'_>) -> Option<Shape> {
    let (shape, axes) = (inputs.shape(0)?, inputs.axes(node, 1)?);
    let rank = shape.len().checked_add(axes.len())?;
    let added: Vec<usize> = axes.iter().map(|&axis| axis_of(axis, rank)).collect::<Option<_>>()?;
    let mut old = shape.iter();
    (0..rank).map(|at| if added.contains(&at) { Some(Axis::Fixed(1)) } else { old.next().cloned() }).collect()
}

fn squeeze(node: &NodeProto, inputs: &Inputs<'_>) -> Option<Shape> {
    let shape = inputs.shape(0)?;
    let axes = inputs.axes(node, 1)?;
    let gone: Vec<usize> = axes.iter().map(|&axis| axis_of(axis, shape.len())).collect::<Option<_>>()?;
    Some(shape.iter().enumerate().filter(|(at, _)| !gone.contains(at)).map(|(_, axis)| axis.clone()).collect())
}
