//! Small constructors for nodes and value declarations.

use crate::{
    element,
    proto::{
        AttributeProto, NodeProto, TensorProto, TensorShapeProto, TypeProto, ValueInfoProto,
        attribute_proto::AttributeType,
        tensor_shape_proto::{Dimension, dimension},
        type_proto,
    },
};

/// One dimension of a declared value.
#[derive(Debug, Clone, Copy)]
pub enum Dim<'a> {
    /// Known size.
    Fixed(usize),
    /// Size named, and equal wherever the name occurs.
    Named(&'a str),
}

/// A node of the standard domain.
#[must_use]
pub fn node(op_type: &str, name: &str, inputs: &[&str], output: &str) -> NodeProto {
    NodeProto {
        op_type: Some(op_type.to_owned()),
        name: Some(name.to_owned()),
        input: inputs.iter().map(|&input| input.to_owned()).collect(),
        output: vec![output.to_owned()],
        ..NodeProto::default()
    }
}

/// An integer attribute.
#[must_use]
pub fn int_attribute(name: &str, value: i64) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        i: Some(value),
        r#type: Some(AttributeType::Int.into()),
        ..AttributeProto::default()
    }
}

/// A floating-point attribute.
#[must_use]
pub fn float_attribute(name: &str, value: f32) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        f: Some(value),
        r#type: Some(AttributeType::Float.into()),
        ..AttributeProto::default()
    }
}

/// An attribute that is a list of integers.
#[must_use]
pub fn ints_attribute(name: &str, values: Vec<i64>) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        ints: values,
        r#type: Some(AttributeType::Ints.into()),
        ..AttributeProto::default()
    }
}

/// A tensor-typed graph input or output.
#[must_use]
pub fn value_info(name: &str, data_type: i32, dims: &[Dim<'_>]) -> ValueInfoProto {
    let value = |dim: &Dim<'_>| match dim {
        Dim::Fixed(size) => dimension::Value::DimValue(i64::try_from(*size).unwrap_or(i64::MAX)),
        Dim::Named(name) => dimension::Value::DimParam((*name).to_owned()),
    };
    tensor_info(name, data_type, dims.iter().map(|dim| Some(value(dim))).collect())
}

/// Declaration of a tensor with given axes; `None` is an axis of unknown size.
pub(crate) fn tensor_info(name: &str, data_type: i32, dims: Vec<Option<dimension::Value>>) -> ValueInfoProto {
    let dim = dims.into_iter().map(|value| Dimension { value, denotation: None }).collect();
    ValueInfoProto {
        name: Some(name.to_owned()),
        r#type: Some(TypeProto {
            value: Some(type_proto::Value::TensorType(type_proto::Tensor {
                elem_type: Some(data_type),
                shape: Some(TensorShapeProto { dim }),
            })),
            denotation: None,
        }),
        ..ValueInfoProto::default()
    }
}

/// A constant of 32-bit floats, stored little endian.
#[must_use]
pub fn float_tensor(name: &str, dims: &[usize], values: &[f32]) -> TensorProto {
    TensorProto {
        name: Some(name.to_owned()),
        dims: dims.iter().map(|&dim| i64::try_from(dim).unwrap_or(i64::MAX)).collect(),
        data_type: Some(element::FLOAT),
        raw_data: Some(values.iter().flat_map(|v| v.to_le_bytes()).collect()),
        ..TensorProto::default()
    }
}
