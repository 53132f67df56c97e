//! Graphs of one node, and ONNX Runtime to run them.

#![allow(dead_code, clippy::unwrap_used)]

use std::{path::PathBuf, sync::LazyLock};

use openledger_onnx_graph::{
    Model, element,
    proto::{
        AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, TensorShapeProto,
        TypeProto, ValueInfoProto, tensor_shape_proto::Dimension, type_proto,
    },
};
use openledger_strict::{Data, Tensor};
use ort::{environment::Environment, session::Session, value::DynValue};

const BOOL: i32 = 9;
const BYTE: i32 = 2;

static ENVIRONMENT: LazyLock<Environment> = LazyLock::new(|| {
    let from_environment = std::env::var_os("ORT_DYLIB_PATH").filter(|value| !value.is_empty()).map(PathBuf::from);
    let library = ".openledger/onnxruntime/libonnxruntime.so.1.31.1";
    let library = from_environment.unwrap_or_else(|| super::repository().join(library));
    ort::init_from(library).unwrap().with_telemetry(false).build().unwrap()
});

pub fn floats(shape: &[usize], values: &[f32]) -> Tensor {
    Tensor::new(shape.to_vec(), values.to_vec()).unwrap()
}

pub fn integers(shape: &[usize], values: &[i64]) -> Tensor {
    Tensor::new(shape.to_vec(), values.to_vec()).unwrap()
}

pub fn truths(shape: &[usize], values: &[bool]) -> Tensor {
    Tensor::new(shape.to_vec(), values.to_vec()).unwrap()
}

pub fn bytes(shape: &[usize], values: &[u8]) -> Tensor {
    Tensor::new(shape.to_vec(), values.to_vec()).unwrap()
}

fn kind(tensor: &Tensor) -> i32 {
    match tensor.data() {
        Data::Floats(_) => element::FLOAT,
        Data::Integers(_) => element::INT64,
        Data::Truths(_) => BOOL,
        Data::Bytes(_) => BYTE,
    }
}

pub fn info(name: &str, data_type: i32, rank: usize) -> ValueInfoProto {
    let dim = vec![Dimension { value: None, denotation: None }; rank];
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

pub fn constant(name: &str, tensor: &Tensor) -> TensorProto {
    let raw: Vec<u8> = match tensor.data() {
        Data::Floats(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        Data::Integers(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        Data::Truths(values) => values.iter().map(|&value| u8::from(value)).collect(),
        Data::Bytes(values) => values.to_vec(),
    };
    TensorProto {
        name: Some(name.to_owned()),
        dims: tensor.shape().iter().map(|&size| i64::try_from(size).unwrap()).collect(),
        data_type: Some(kind(tensor)),
        raw_data: Some(raw.into()),
        ..TensorProto::default()
    }
}

/// One node and its inputs.
#[derive(Debug, Clone)]
pub struct Case {
    pub operator: &'static str,
    pub attributes: Vec<AttributeProto>,
    pub inputs: Vec<Tensor>,
    pub outputs: usize,
}

pub fn input_name(index: usize) -> String {
    format!("in{index}")
}

pub fn output_name(index: usize) -> String {
    format!("out{index}")
}

impl Case {
    /// The graph, whose inputs are given at run time or are constants. Outputs are like `outputs`.
    pub fn model(&self, constants: bool, outputs: &[Tensor]) -> Model {
        let (domain, operator) = self.operator.split_once("::").unwrap_or(("", self.operator));
        let names: Vec<String> = (0..self.inputs.len()).map(input_name).collect();
        let node = NodeProto {
            domain: Some(domain.to_owned()),
            op_type: Some(operator.to_owned()),
            name: Some("node".to_owned()),
            input: names.clone(),
            output: (0..self.outputs).map(output_name).collect(),
            attribute: self.attributes.clone(),
            ..NodeProto::default()
        };
        let mut graph = GraphProto { name: Some("case".to_owned()), node: vec![node], ..GraphProto::default() };
        for (name, tensor) in names.iter().zip(&self.inputs) {
            match constants {
                true => graph.initializer.push(constant(name, tensor)),
                false => graph.input.push(info(name, kind(tensor), tensor.shape().len())),
            }
        }
        for index in 0..self.outputs {
            let (kind, rank) = outputs.get(index).map_or((element::FLOAT, 0), |like| (kind(like), like.shape().len()));
            graph.output.push(info(&output_name(index), kind, rank));
        }
        let set =
            |domain: &str, version| OperatorSetIdProto { domain: Some(domain.to_owned()), version: Some(version) };
        Model::from_proto(ModelProto {
            ir_version: Some(10),
            opset_import: vec![set("", 22), set("com.microsoft", 1)],
            graph: Some(graph),
            ..ModelProto::default()
        })
        .unwrap()
    }

    pub fn named_inputs(&self) -> Vec<(String, Tensor)> {
        self.inputs.iter().enumerate().map(|(index, tensor)| (input_name(index), tensor.clone())).collect()
    }
}

/// Outputs of ONNX Runtime.
pub fn onnx_runtime(case: &Case, like: &[Tensor]) -> Vec<Tensor> {
    let model = case.model(false, like);
    let mut session = Session::builder(&ENVIRONMENT).unwrap().commit_from_memory(&model.to_bytes()).unwrap();
    let inputs: Vec<(String, ort::session::SessionInputValue<'static>)> =
        case.named_inputs().into_iter().map(|(name, tensor)| (name, to_ort(&tensor).into())).collect();
    let outputs = session.run(inputs).unwrap();
    (0..case.outputs).map(|index| from_ort(&outputs[output_name(index).as_str()])).collect()
}

fn to_ort(tensor: &Tensor) -> DynValue {
    let shape = tensor.shape().to_vec();
    match tensor.data() {
        Data::Floats(values) => ort::value::Tensor::from_array((shape, values.to_vec())).unwrap().into_dyn(),
        Data::Integers(values) => ort::value::Tensor::from_array((shape, values.to_vec())).unwrap().into_dyn(),
        Data::Truths(values) => ort::value::Tensor::from_array((shape, values.to_vec())).unwrap().into_dyn(),
        Data::Bytes(values) => ort::value::Tensor::from_array((shape, values.to_vec())).unwrap().into_dyn(),
    }
}

fn from_ort(value: &DynValue) -> Tensor {
    let sizes = |shape: &[i64]| shape.iter().map(|&size| usize::try_from(size).unwrap()).collect::<Vec<_>>();
    if let Ok((shape, values)) = value.try_extract_tensor::<f32>() {
        return floats(&sizes(shape), values);
    }
    if let Ok((shape, values)) = value.try_extract_tensor::<bool>() {
        return truths(&sizes(shape), values);
    }
    let (shape, values) = value.try_extract_tensor::<i64>().unwrap();
    integers(&sizes(shape), values)
}
