//! Dense row-major tensors of the four element types of gradient graphs.

use std::sync::Arc;

use crate::Fault;

/// Largest number of elements of one tensor: 1 GiB of floats.
pub const MAX_ELEMENTS: usize = 1 << 28;
/// Largest number of axes.
pub const MAX_RANK: usize = 8;

/// Elements, shared where an operator changes only the shape.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// 32-bit floats.
    Floats(Arc<Vec<f32>>),
    /// 64-bit integers.
    Integers(Arc<Vec<i64>>),
    /// Truth values.
    Truths(Arc<Vec<bool>>),
    /// Unsigned bytes, of quantised weights.
    Bytes(Arc<Vec<u8>>),
}

impl Data {
    /// Number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Floats(values) => values.len(),
            Self::Integers(values) => values.len(),
            Self::Truths(values) => values.len(),
            Self::Bytes(values) => values.len(),
        }
    }

    /// Whether there are no elements.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Their type, for messages.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Floats(_) => "32-bit floats",
            Self::Integers(_) => "64-bit integers",
            Self::Truths(_) => "truth values",
            Self::Bytes(_) => "bytes",
        }
    }

    fn element_bytes(&self) -> usize {
        match self {
            Self::Floats(_) => 4,
            Self::Integers(_) => 8,
            Self::Truths(_) | Self::Bytes(_) => 1,
        }
    }
}

impl From<Vec<f32>> for Data {
    fn from(values: Vec<f32>) -> Self {
        Self::Floats(Arc::new(values))
    }
}

impl From<Vec<i64>> for Data {
    fn from(values: Vec<i64>) -> Self {
        Self::Integers(Arc::new(values))
    }
}

impl From<Vec<bool>> for Data {
    fn from(values: Vec<bool>) -> Self {
        Self::Truths(Arc::new(values))
    }
}

impl From<Vec<u8>> for Data {
    fn from(values: Vec<u8>) -> Self {
        Self::Bytes(Arc::new(values))
    }
}

/// Does the same with the elements of every type: `$body` makes a vector of the vector `$values`.
macro_rules! for_every_type {
    ($data:expr, |$values:ident| $body:expr) => {
        match $data {
            $crate::tensor::Data::Floats($values) => $crate::tensor::Data::from($body),
            $crate::tensor::Data::Integers($values) => $crate::tensor::Data::from($body),
            $crate::tensor::Data::Truths($values) => $crate::tensor::Data::from($body),
            $crate::tensor::Data::Bytes($values) => $crate::tensor::Data::from($body),
        }
    };
}
pub(crate) use for_every_type;

/// A tensor. Its elements are as many as its shape says, and at most [`MAX_ELEMENTS`].
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    shape: Vec<usize>,
    data: Data,
}

impl Tensor {
    /// A tensor of a shape.
    ///
    /// # Errors
    /// [`Fault::TooLarge`] beyond the limits, [`Fault::Data`] for another number of elements than the shape has.
    pub fn new(shape: Vec<usize>, data: impl Into<Data>) -> Result<Self, Fault> {
        let data = data.into();
        if elements(&shape)? != data.len() {
            return Err(Fault::Data);
        }
        Ok(Self { shape, data })
    }

    /// The same elements in another shape.
    ///
    /// # Errors
    /// As [`Tensor::new`].
    pub fn reshaped(&self, shape: Vec<usize>) -> Result<Self, Fault> {
        if elements(&shape)? != self.data.len() {
            return Err(Fault::Shapes(vec![self.shape.clone(), shape]));
        }
        Ok(Self { shape, data: self.data.clone() })
    }

    /// Sizes of the axes.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The elements.
    #[must_use]
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// Bytes of the elements.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.data.len().saturating_mul(self.data.element_bytes())
    }

    /// The elements, when they are floats.
    ///
    /// # Errors
    /// [`Fault::Type`].
    pub fn floats(&self) -> Result<&[f32], Fault> {
        match &self.data {
            Data::Floats(values) => Ok(values),
            other => Err(Fault::Type { expected: "32-bit floats", found: other.kind() }),
        }
    }

    /// The elements, when they are integers.
    ///
    /// # Errors
    /// [`Fault::Type`].
    pub fn integers(&self) -> Result<&[i64], Fault> {
        match &self.data {
            Data::Integers(values) => Ok(values),
            other => Err(Fault::Type { expected: "64-bit integers", found: other.kind() }),
        }
    }

    /// The elements, when they are truth values.
    ///
    /// # Errors
    /// [`Fault::Type`].
    pub fn truths(&self) -> Result<&[bool], Fault> {
        match &self.data {
            Data::Truths(values) => Ok(values),
            other => Err(Fault::Type { expected: "truth values", found: other.kind() }),
        }
    }

    /// The elements, when they are bytes.
    ///
    /// # Errors
    /// [`Fault::Type`].
    pub fn raw(&self) -> Result<&[u8], Fault> {
        match &self.data {
            Data::Bytes(values) => Ok(values),
            other => Err(Fault::Type { expected: "bytes", found: other.kind() }),
        }
    }

    /// The floats, when it has some and nothing else holds them.
    pub(crate) fn into_floats(self) -> Option<Vec<f32>> {
        match self.data {
            Data::Floats(values) => Arc::try_unwrap(values).ok(),
            _ => None,
        }
    }

    /// The same with one bit pattern for all that is no number.
    pub(crate) fn with_one_nan(mut self) -> Self {
        if let Data::Floats(values) = &mut self.data
            && values.iter().any(|value| value.is_nan())
        {
            for value in Arc::make_mut(values) {
                *value = if value.is_nan() { f32::NAN } else { *value };
            }
        }
        self
    }

    /// Size of an axis; 1 beyond the last, as broadcasting sees it.
    pub(crate) fn size(&self, axis: usize) -> usize {
        self.shape.get(axis).copied().unwrap_or(1)
    }
}

/// Number of elements of a shape.
///
/// # Errors
/// [`Fault::TooLarge`] beyond [`MAX_ELEMENTS`] or [`MAX_RANK`]. An empty tensor must not have large axes either: products
/// of some of them must not overflow.
pub fn elements(shape: &[usize]) -> Result<usize, Fault> {
    let bound = shape.iter().try_fold(1_usize, |count, &size| count.checked_mul(size.max(1)));
    match bound {
        Some(bound) if bound <= MAX_ELEMENTS && shape.len() <= MAX_RANK => {
            Ok(if shape.contains(&0) { 0 } else { bound })
        }
        _ => Err(Fault::TooLarge(shape.to_vec())),
    }
}

/// An axis counted from the front; negative ones count from the back.
///
/// # Errors
/// [`Fault::Range`].
pub(crate) fn axis(value: i64, rank: usize) -> Result<usize, Fault> {
    index(value, rank).ok_or(Fault::Range { what: "axis", value })
}

/// A position among `len`; negative ones count from the back.
pub(crate) fn index(value: i64, len: usize) -> Option<usize> {
    let len_signed = i64::try_from(len).ok()?;
    let value = if value < 0 { value.checked_add(len_signed)? } else { value };
    usize::try_from(value).ok().filter(|&value| value < len)
}

/// A size as it stands in shape tensors.
///
/// # Errors
/// [`Fault::Range`] for a negative one.
pub(crate) fn size(value: i64) -> Result<usize, Fault> {
    usize::try_from(value).map_err(|_| Fault::Range { what: "size", value })
}

/// A size as an element of a shape tensor.
pub(crate) fn integer(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}
