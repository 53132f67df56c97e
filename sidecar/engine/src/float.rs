//! Floats of 32 and 16 bits, as graphs take and give them.

use std::fmt::Debug;

use half::{bf16, f16};
use openledger_onnx_graph::element;
use ort::{
    session::SessionInputValue,
    value::{DynTensor, PrimitiveTensorElementType, Tensor, TensorRef},
};

use crate::{EngineError, error::inference};

/// A type of floats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum FloatType {
    F32,
    F16,
    Bf16,
}

impl FloatType {
    /// Of an ONNX element type; `None` when it is another kind of number.
    pub fn of(data_type: i32) -> Option<Self> {
        match data_type {
            element::FLOAT => Some(Self::F32),
            element::FLOAT16 => Some(Self::F16),
            element::BFLOAT16 => Some(Self::Bf16),
            _ => None,
        }
    }

    /// The ONNX element type.
    pub fn element(self) -> i32 {
        match self {
            Self::F32 => element::FLOAT,
            Self::F16 => element::FLOAT16,
            Self::Bf16 => element::BFLOAT16,
        }
    }

    /// Short name, as exporters write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "fp32",
            Self::F16 => "fp16",
            Self::Bf16 => "bf16",
        }
    }

    /// Bytes of one number.
    pub fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
        }
    }

    /// True when a number is still finite in this type.
    pub fn holds(self, value: f32) -> bool {
        match self {
            Self::F32 => value.is_finite(),
            Self::F16 => f16::from_f32(value).is_finite(),
            Self::Bf16 => bf16::from_f32(value).is_finite(),
        }
    }
}

/// A number of one of the types.
pub(crate) trait Float: Copy + Debug + PrimitiveTensorElementType + 'static {
    const ZERO: Self;
    /// The nearest number of this type.
    fn of(value: f32) -> Self;
    fn wide(self) -> f32;
}

impl Float for f32 {
    const ZERO: Self = 0.0;

    fn of(value: f32) -> Self {
        value
    }

    fn wide(self) -> f32 {
        self
    }
}

impl Float for f16 {
    const ZERO: Self = Self::ZERO;

    fn of(value: f32) -> Self {
        Self::from_f32(value)
    }

    fn wide(self) -> f32 {
        self.to_f32()
    }
}

impl Float for bf16 {
    const ZERO: Self = Self::ZERO;

    fn of(value: f32) -> Self {
        Self::from_f32(value)
    }

    fn wide(self) -> f32 {
        self.to_f32()
    }
}

/// Numbers of one of the types.
pub(crate) enum Floats {
    F32(Vec<f32>),
    F16(Vec<f16>),
    Bf16(Vec<bf16>),
}

/// Does the same with the numbers of whatever type.
macro_rules! each {
    ($floats:expr, $values:ident => $body:expr) => {
        match $floats {
            $crate::float::Floats::F32($values) => $body,
            $crate::float::Floats::F16($values) => $body,
            $crate::float::Floats::Bf16($values) => $body,
        }
    };
}

impl Floats {
    pub fn zeros(of: FloatType, len: usize) -> Self {
        match of {
            FloatType::F32 => Self::F32(vec![0.0; len]),
            FloatType::F16 => Self::F16(vec![f16::ZERO; len]),
            FloatType::Bf16 => Self::Bf16(vec![bf16::ZERO; len]),
        }
    }

    /// Zeros in the `len` numbers from `start`.
    pub fn clear(&mut self, start: usize, len: usize) {
        each!(self, values => clear(values, start, len));
    }

    /// Puts numbers at places that count from `start`.
    pub fn put(&mut self, start: usize, numbers: impl Iterator<Item = (usize, f32)>) {
        each!(self, values => put(values, start, numbers));
    }

    /// The numbers as an input of a run, in place.
    ///
    /// # Errors
    /// [`EngineError::Inference`] when they are not of the shape.
    pub fn view(&self, shape: [usize; 3]) -> Result<SessionInputValue<'_>, EngineError> {
        each!(self, values => {
            TensorRef::from_array_view((shape, values.as_slice())).map(Into::into).map_err(inference)
        })
    }

    /// A copy of as many numbers from `start` as the shape has, as a tensor of the processor's memory.
    ///
    /// # Errors
    /// [`EngineError::Inference`] when there are fewer.
    pub fn tensor(&self, start: usize, shape: [usize; 3]) -> Result<DynTensor, EngineError> {
        each!(self, values => tensor(values, start, shape))
    }
}

fn tensor<T: Float>(values: &[T], start: usize, shape: [usize; 3]) -> Result<DynTensor, EngineError> {
    let part = values.get(start..start.saturating_add(shape.iter().product()));
    let part = part.ok_or_else(|| inference("fewer numbers than a shape has"))?;
    Tensor::from_array((shape, part.to_vec())).map(Tensor::upcast).map_err(inference)
}

fn clear<T: Float>(values: &mut [T], start: usize, len: usize) {
    if let Some(values) = values.get_mut(start..start.saturating_add(len)) {
        values.fill(T::ZERO);
    }
}

fn put<T: Float>(values: &mut [T], start: usize, numbers: impl Iterator<Item = (usize, f32)>) {
    let Some(values) = values.get_mut(start..) else { return };
    for (at, number) in numbers {
        if let Some(place) = values.get_mut(at) {
            *place = T::of(number);
        }
    }
}
