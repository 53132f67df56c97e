//! Reading and writing node attributes.

use crate::proto::{AttributeProto, NodeProto, TensorProto, attribute_proto::AttributeType};

fn find<'n>(node: &'n NodeProto, name: &str) -> Option<&'n AttributeProto> {
    node.attribute.iter().find(|attribute| attribute.name() == name)
}

pub(crate) fn int(node: &NodeProto, name: &str) -> Option<i64> {
    find(node, name)?.i
}

pub(crate) fn float(node: &NodeProto, name: &str) -> Option<f32> {
    find(node, name)?.f
}

pub(crate) fn ints<'n>(node: &'n NodeProto, name: &str) -> Option<&'n [i64]> {
    find(node, name).map(|attribute| attribute.ints.as_slice())
}

pub(crate) fn text<'n>(node: &'n NodeProto, name: &str) -> Option<&'n [u8]> {
    find(node, name)?.s.as_deref()
}

pub(crate) fn tensor<'n>(node: &'n NodeProto, name: &str) -> Option<&'n TensorProto> {
    find(node, name)?.t.as_ref()
}

pub(crate) fn with_ints(name: &str, values: &[i64]) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        ints: values.to_vec(),
        r#type: Some(AttributeType::Ints.into()),
        ..AttributeProto::default()
    }
}

pub(crate) fn with_text(name: &str, value: &str) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        s: Some(value.as_bytes().to_vec()),
        r#type: Some(AttributeType::String.into()),
        ..AttributeProto::default()
    }
}

pub(crate) fn with_tensor(name: &str, value: TensorProto) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        t: Some(value),
        r#type: Some(AttributeType::Tensor.into()),
        ..AttributeProto::default()
    }
}
