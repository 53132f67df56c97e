//! What is known about a value without running the graph: element type, rank and sizes.

use crate::{
    element,
    proto::{TensorShapeProto, ValueInfoProto, tensor_shape_proto::dimension, type_proto},
};

/// Size of one axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Axis {
    /// Known size.
    Fixed(i64),
    /// A whole multiple of a size that is the same wherever its name occurs.
    Multiple(i64, String),
    /// Known only when the graph runs; equal to nothing, not even to itself.
    Unknown,
}

impl Axis {
    /// The size of a name.
    pub fn named(name: &str) -> Self {
        Self::Multiple(1, name.to_owned())
    }

    /// So many times the size.
    pub fn times(&self, factor: i64) -> Self {
        match self {
            Self::Fixed(size) => size.checked_mul(factor).map_or(Self::Unknown, Self::Fixed),
            Self::Multiple(by, name) => {
                by.checked_mul(factor).map_or(Self::Unknown, |by| Self::Multiple(by, name.clone()))
            }
            Self::Unknown => Self::Unknown,
        }
    }

    /// Whether both axes certainly have the same size.
    pub fn same(&self, other: &Self) -> bool {
        *self != Self::Unknown && self == other
    }

    /// Size of the axis that both broadcast to.
    pub fn broadcast(&self, other: &Self) -> Self {
        match (self, other) {
            (a, b) if a.same(b) => a.clone(),
            (Self::Fixed(1), b) => b.clone(),
            (a, Self::Fixed(1)) => a.clone(),
            // A size other than one decides: the other axis is one or the same.
            (Self::Fixed(size), _) | (_, Self::Fixed(size)) => Self::Fixed(*size),
            _ => Self::Unknown,
        }
    }
}

/// Sizes of all axes.
pub(crate) type Shape = Vec<Axis>;

/// What is known about one value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Fact {
    /// ONNX element type; 0 when unknown.
    pub data_type: i32,
    /// Sizes; `None` when even the rank is unknown.
    pub shape: Option<Shape>,
}

impl Fact {
    pub fn new(data_type: i32, shape: Option<Shape>) -> Self {
        Self { data_type, shape }
    }

    /// The fact that a graph input or a value annotation declares.
    pub fn declared(value: &ValueInfoProto) -> Self {
        match value.r#type.as_ref().and_then(|t| t.value.as_ref()) {
            Some(type_proto::Value::TensorType(tensor)) => {
                Self::new(tensor.elem_type(), tensor.shape.as_ref().map(declared_shape))
            }
            _ => Self::default(),
        }
    }

    /// What both know, `self` first.
    pub fn refined(self, other: &Self) -> Self {
        let data_type = if self.data_type == 0 { other.data_type } else { self.data_type };
        let shape = match (self.shape, &other.shape) {
            (Some(mine), Some(theirs)) if mine.len() == theirs.len() => {
                let axis = |(m, t): (Axis, &Axis)| match (&m, t) {
                    (Axis::Fixed(_), _) => m,
                    (_, Axis::Fixed(_)) | (Axis::Unknown, _) => t.clone(),
                    _ => m,
                };
                Some(mine.into_iter().zip(theirs).map(axis).collect())
            }
            (mine, theirs) => mine.or_else(|| theirs.clone()),
        };
        Self { data_type, shape }
    }

    /// Whether gradients can flow through values of this type.
    pub fn is_float(&self) -> bool {
        matches!(self.data_type, element::FLOAT | element::DOUBLE | element::FLOAT16 | element::BFLOAT16)
    }
}

fn declared_shape(shape: &TensorShapeProto) -> Shape {
    let axis = |value: &Option<dimension::Value>| match value {
        Some(dimension::Value::DimValue(size)) => Axis::Fixed(*size),
        Some(dimension::Value::DimParam(name)) if !name.is_empty() => Axis::named(name),
        _ => Axis::Unknown,
    };
    shape.dim.iter().map(|dim| axis(&dim.value)).collect()
}

/// The fact without impossible sizes, which a damaged file may declare.
pub(crate) fn plausible(mut fact: Fact) -> Fact {
    for axis in fact.shape.iter_mut().flatten() {
        if matches!(axis, Axis::Fixed(size) if *size < 0) {
            *axis = Axis::Unknown;
        }
    }
    fact
}

/// Shape that all given shapes broadcast to; `None` when a rank is unknown.
pub(crate) fn broadcast<'s>(shapes: impl IntoIterator<Item = Option<&'s Shape>>) -> Option<Shape> {
    shapes.into_iter().try_fold(Shape::new(), |so_far, next| {
        let next = next?;
        let rank = so_far.len().max(next.len());
        let one = Axis::Fixed(1);
        let from_right = |shape: &Shape, axis: usize| {
            (axis + shape.len()).checked_sub(rank).and_then(|at| shape.get(at)).cloned().unwrap_or_else(|| one.clone())
        };
        Some((0..rank).map(|axis| from_right(&so_far, axis).broadcast(&from_right(next, axis))).collect())
    })
}

/// Axis counted from the front, or `None` when it is outside of the rank.
pub(crate) fn axis_of(axis: i64, rank: usize) -> Option<usize> {
    let rank = i64::try_from(rank).ok()?;
    let axis = if axis < 0 { axis.checked_add(rank)? } else { axis };
    if (0..rank).contains(&axis) { usize::try_from(axis).ok() } else { None }
}
