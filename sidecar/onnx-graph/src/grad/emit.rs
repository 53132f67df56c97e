//! Writing operators and constants into the graph under construction.

use prost::Message;

use super::{
    GradError,
    attributes::{with_ints, with_tensor},
    dims::{Axis, Fact},
    graph::GraphBuilder,
};
use crate::{
    build::int_attribute,
    element,
    proto::{AttributeProto, NodeProto, TensorProto},
};

impl GraphBuilder {
    /// Adds a standard operator with one output and returns the output's name.
    ///
    /// # Errors
    /// [`GradError::TooManyNodes`].
    pub fn op(&mut self, op: &str, inputs: &[&str]) -> Result<String, GradError> {
        self.op_with(op, inputs, Vec::new())
    }

    /// As [`GraphBuilder::op`], with attributes. The same operator on the same inputs is written once.
    ///
    /// # Errors
    /// [`GradError::TooManyNodes`].
    pub fn op_with(&mut self, op: &str, inputs: &[&str], attribute: Vec<AttributeProto>) -> Result<String, GradError> {
        let encoded = attribute.iter().flat_map(Message::encode_to_vec).collect();
        let key = (op.to_owned(), inputs.iter().map(|&input| input.to_owned()).collect(), encoded);
        if let Some(output) = self.written.get(&key) {
            return Ok(output.clone());
        }
        let output = self.fresh(op);
        self.op_named(op, inputs, attribute, &[&output])?;
        self.written.insert(key, output.clone());
        Ok(output)
    }

    /// As [`GraphBuilder::op_with`], with given names for the outputs.
    ///
    /// # Errors
    /// [`GradError::TooManyNodes`].
    pub fn op_named(
        &mut self,
        op: &str,
        inputs: &[&str],
        attribute: Vec<AttributeProto>,
        outputs: &[&str],
    ) -> Result<(), GradError> {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        self.push(NodeProto {
            op_type: Some(op.to_owned()),
            name: Some(outputs.first().map(|&name| name.to_owned()).unwrap_or_default()),
            input: owned(inputs),
            output: owned(outputs),
            attribute,
            ..NodeProto::default()
        })
    }

    /// A constant vector of integers.
    pub fn int_vector(&mut self, values: &[i64]) -> String {
        let raw = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.constant(element::INT64, vec![i64::try_from(values.len()).unwrap_or(i64::MAX)], raw)
    }

    /// A constant integer of rank 0.
    pub fn int_scalar(&mut self, value: i64) -> String {
        self.constant(element::INT64, Vec::new(), value.to_le_bytes().to_vec())
    }

    /// A constant number of rank 0 with the element type of a value.
    ///
    /// # Errors
    /// [`GradError::Value`] when that type is no float the compiler computes with.
    pub fn scalar_like(&mut self, value: f64, like: &str) -> Result<String, GradError> {
        let data_type = self.float_type(like)?;
        Ok(self.scalar(value, data_type))
    }

    /// A constant number of rank 0: 64-bit for [`element::DOUBLE`], else 32-bit.
    pub fn scalar(&mut self, value: f64, data_type: i32) -> String {
        if data_type == element::DOUBLE {
            return self.constant(data_type, Vec::new(), value.to_le_bytes().to_vec());
        }
        #[allow(clippy::cast_possible_truncation)]
        let narrow = value as f32;
        self.constant(element::FLOAT, Vec::new(), narrow.to_le_bytes().to_vec())
    }

    fn constant(&mut self, data_type: i32, dims: Vec<i64>, raw: Vec<u8>) -> String {
        let key = (data_type, dims.clone(), raw.clone());
        if let Some(name) = self.constants.get(&key) {
            return name.clone();
        }
        let name = self.fresh_in("grad", "constant");
        self.add_initializer(TensorProto {
            name: Some(name.clone()),
            dims,
            data_type: Some(data_type),
            raw_data: Some(raw.into()),
            ..TensorProto::default()
        });
        self.constants.insert(key, name.clone());
        name
    }

    /// `Reshape` to a constant shape; 0 copies the size of the same axis, -1 is worked out.
    ///
    /// # Errors
    /// [`GradError::TooManyNodes`].
    pub fn reshape(&mut self, value: &str, shape: &[i64]) -> Result<String, GradError> {
        let shape = self.int_vector(shape);
        self.op("Reshape", &[value, &shape])
    }

    /// `Transpose`.
    ///
    /// # Errors
    /// [`GradError::TooManyNodes`].
    pub fn transpose(&mut self, value: &str, perm: &[i64]) -> Result<String, GradError> {
        self.op_with("Transpose", &[value], vec![with_ints("perm", perm)])
    }

    /// `ReduceSum` over constant axes.
    ///
    /// # Errors
    /// [`GradError::TooManyNodes`].
    pub fn reduce_sum(&mut self, value: &str, axes: &[i64], keep: bool) -> Result<String, GradError> {
        let axes = self.int_vector(axes);
        let keep = int_attribute("keepdims", i64::from(keep));
        self.op_with("ReduceSum", &[value, &axes], vec![keep])
    }

    /// The value with the shape of another one that has as many elements.
    ///
    /// # Errors
    /// [`GradError::TooManyNodes`].
    pub fn reshape_like(&mut self, value: &str, like: &str) -> Result<String, GradError> {
        let output = match self.constant_target(value, like) {
            Some(target) => self.reshape(value, &target)?,
            None => {
                let shape = self.op("Shape", &[like])?;
                // A size of zero is a size here, not "copy".
                self.op_with("Reshape", &[value, &shape], vec![int_attribute("allowzero", 1)])?
            }
        };
        let fact = self.fact(like);
        self.refine(&output, &Fact::new(0, fact.shape));
        Ok(output)
    }

    /// A constant target for `Reshape`: known sizes, copies of axes that are the same, at most one worked out.
    fn constant_target(&self, value: &str, like: &str) -> Option<Vec<i64>> {
        let from = self.shape(value);
        let mut inferred = false;
        let mut target = Vec::new();
        for (at, axis) in self.shape(like)?.iter().enumerate() {
            target.push(match axis {
                Axis::Fixed(0) => return None,
                Axis::Fixed(size) => *size,
                axis if from.and_then(|from| from.get(at)).is_some_and(|from| from.same(axis)) => 0,
                _ if !inferred => {
                    inferred = true;
                    -1
                }
                _ => return None,
            });
        }
        Some(target)
    }

    /// Zeros of the type and shape of a value.
    ///
    /// # Errors
    /// [`GradError::Value`] when its type is no float the compiler computes with.
    pub fn zeros_like(&mut self, like: &str) -> Result<String, GradError> {
        let data_type = self.float_type(like)?;
        let shape = self.op("Shape", &[like])?;
        let width = if data_type == element::DOUBLE { 8 } else { 4 };
        let zero = TensorProto {
            dims: vec![1],
            data_type: Some(data_type),
            raw_data: Some(vec![0; width].into()),
            ..TensorProto::default()
        };
        let output = self.op_with("ConstantOfShape", &[&shape], vec![with_tensor("value", zero)])?;
        let fact = self.fact(like);
        self.refine(&output, &fact);
        Ok(output)
    }
}
