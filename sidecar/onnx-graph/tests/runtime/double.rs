//! A model of 32-bit floats as the same model in 64 bits, where finite differences are sharp.

use openledger_onnx_graph::{
    Model, element,
    proto::{ModelProto, TensorProto, ValueInfoProto, type_proto},
};

pub fn as_double(model: &Model) -> Model {
    let mut proto: ModelProto = model.proto().clone();
    let graph = proto.graph.as_mut().unwrap();
    graph.value_info.clear();
    for value in graph.input.iter_mut().chain(&mut graph.output) {
        widen_info(value);
    }
    let external = model.external_files();
    for tensor in &mut graph.initializer {
        if let Some(range) = openledger_onnx_graph::external_range(tensor).unwrap() {
            let start = usize::try_from(range.offset).unwrap();
            let end = start + usize::try_from(range.length).unwrap();
            tensor.raw_data = Some(external[&range.location][start..end].to_vec().into());
            tensor.external_data.clear();
            tensor.data_location = None;
        }
        widen(tensor);
    }
    for attribute in graph.node.iter_mut().flat_map(|node| &mut node.attribute) {
        if let Some(tensor) = &mut attribute.t {
            widen(tensor);
        }
        if attribute.name() == "to" && attribute.i == Some(i64::from(element::FLOAT)) {
            attribute.i = Some(i64::from(element::DOUBLE));
        }
    }
    Model::from_proto(proto).unwrap()
}

fn widen_info(value: &mut ValueInfoProto) {
    if let Some(type_proto::Value::TensorType(tensor)) = value.r#type.as_mut().and_then(|t| t.value.as_mut())
        && tensor.elem_type == Some(element::FLOAT)
    {
        tensor.elem_type = Some(element::DOUBLE);
    }
}

fn widen(tensor: &mut TensorProto) {
    if tensor.data_type() != element::FLOAT {
        return;
    }
    let floats: Vec<f32> = match &tensor.raw_data {
        Some(raw) => raw.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect(),
        None => tensor.float_data.clone(),
    };
    tensor.float_data.clear();
    tensor.raw_data = Some(floats.into_iter().flat_map(|value| f64::from(value).to_le_bytes()).collect());
    tensor.data_type = Some(element::DOUBLE);
}
