//! Runs models on ONNX Runtime and compares gradients with finite differences.

#![allow(dead_code, clippy::unwrap_used)]

pub mod double;
pub mod example;
pub mod llama;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
};

use openledger_onnx_graph::{
    Model, element,
    proto::{AttributeProto, TensorProto, attribute_proto::AttributeType},
};
use ort::{
    environment::Environment,
    session::{Session, SessionInputValue},
    value::{DynValue, Tensor},
};

/// Where `cargo xtask setup` puts the library, below the repository root.
const LIBRARY: &str = ".openledger/onnxruntime/libonnxruntime.so.1.31.1";

static ENVIRONMENT: LazyLock<Environment> = LazyLock::new(|| {
    let from_environment = std::env::var_os("ORT_DYLIB_PATH").filter(|value| !value.is_empty()).map(PathBuf::from);
    let library = from_environment.unwrap_or_else(|| repository().join(LIBRARY));
    ort::init_from(library).unwrap().with_telemetry(false).build().unwrap()
});

pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Elements of a tensor.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    F32(Vec<f32>),
    F64(Vec<f64>),
    I64(Vec<i64>),
    I32(Vec<i32>),
    Bool(Vec<bool>),
}

/// A dense tensor.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    pub dims: Vec<usize>,
    pub data: Data,
}

impl Value {
    pub fn f32(dims: &[usize], data: Vec<f32>) -> Self {
        assert_eq!(dims.iter().product::<usize>(), data.len());
        Self { dims: dims.to_vec(), data: Data::F32(data) }
    }

    pub fn f64(dims: &[usize], data: Vec<f64>) -> Self {
        assert_eq!(dims.iter().product::<usize>(), data.len());
        Self { dims: dims.to_vec(), data: Data::F64(data) }
    }

    pub fn i64(dims: &[usize], data: Vec<i64>) -> Self {
        assert_eq!(dims.iter().product::<usize>(), data.len());
        Self { dims: dims.to_vec(), data: Data::I64(data) }
    }

    pub fn i32(dims: &[usize], data: Vec<i32>) -> Self {
        assert_eq!(dims.iter().product::<usize>(), data.len());
        Self { dims: dims.to_vec(), data: Data::I32(data) }
    }

    pub fn bool(dims: &[usize], data: Vec<bool>) -> Self {
        assert_eq!(dims.iter().product::<usize>(), data.len());
        Self { dims: dims.to_vec(), data: Data::Bool(data) }
    }

    /// ONNX element type.
    pub fn data_type(&self) -> i32 {
        match self.data {
            Data::F32(_) => element::FLOAT,
            Data::F64(_) => element::DOUBLE,
            Data::I64(_) => element::INT64,
            Data::I32(_) => element::INT32,
            Data::Bool(_) => 9,
        }
    }

    pub fn len(&self) -> usize {
        self.dims.iter().product()
    }

    /// Elements of a float tensor in 64 bits.
    pub fn floats(&self) -> Vec<f64> {
        match &self.data {
            Data::F32(data) => data.iter().map(|&value| f64::from(value)).collect(),
            Data::F64(data) => data.clone(),
            other => panic!("no floats: {other:?}"),
        }
    }

    /// The same tensor with one element of a 64-bit float tensor changed.
    pub fn moved(&self, index: usize, by: f64) -> Self {
        let mut moved = self.clone();
        let Data::F64(data) = &mut moved.data else { panic!("finite differences need 64 bits") };
        data[index] += by;
        moved
    }

    fn to_ort(&self) -> DynValue {
        let dims = self.dims.clone();
        match &self.data {
            Data::F32(data) => Tensor::from_array((dims, data.clone())).unwrap().into_dyn(),
            Data::F64(data) => Tensor::from_array((dims, data.clone())).unwrap().into_dyn(),
            Data::I64(data) => Tensor::from_array((dims, data.clone())).unwrap().into_dyn(),
            Data::I32(data) => Tensor::from_array((dims, data.clone())).unwrap().into_dyn(),
            Data::Bool(data) => Tensor::from_array((dims, data.clone())).unwrap().into_dyn(),
        }
    }

    fn from_ort(value: &DynValue) -> Self {
        let sizes = |shape: &[i64]| shape.iter().map(|&size| usize::try_from(size).unwrap()).collect();
        if let Ok((shape, data)) = value.try_extract_tensor::<f32>() {
            return Self { dims: sizes(shape), data: Data::F32(data.to_vec()) };
        }
        if let Ok((shape, data)) = value.try_extract_tensor::<f64>() {
            return Self { dims: sizes(shape), data: Data::F64(data.to_vec()) };
        }
        let (shape, data) = value.try_extract_tensor::<i64>().unwrap();
        Self { dims: sizes(shape), data: Data::I64(data.to_vec()) }
    }
}

pub type Values = HashMap<String, Value>;

/// A loaded model.
pub struct Runner(Session);

impl Runner {
    pub fn new(model: &Model) -> Self {
        Self::with_threads(model, 1)
    }

    pub fn with_threads(model: &Model, threads: usize) -> Self {
        let mut builder = Session::builder(&ENVIRONMENT)
            .unwrap()
            .with_intra_threads(threads)
            .unwrap()
            .with_memory_pattern(false)
            .unwrap();
        for (name, bytes) in model.external_files() {
            builder = builder.with_external_initializer_file_in_memory(name, Arc::clone(bytes)).unwrap();
        }
        Self(builder.commit_from_memory(&model.to_bytes()).unwrap())
    }

    /// Inputs as the runtime holds them, so that a timed run converts nothing.
    pub fn prepare(inputs: &Values) -> Vec<(String, DynValue)> {
        inputs.iter().map(|(name, value)| (name.clone(), value.to_ort())).collect()
    }

    /// Time of one run, outputs not read.
    pub fn time(&mut self, inputs: &[(String, DynValue)]) -> std::time::Duration {
        let inputs: Vec<(String, SessionInputValue<'_>)> =
            inputs.iter().map(|(name, value)| (name.clone(), value.into())).collect();
        let start = std::time::Instant::now();
        self.0.run(inputs).unwrap();
        start.elapsed()
    }

    pub fn run(&mut self, inputs: &Values) -> Values {
        let inputs: Vec<(String, SessionInputValue<'_>)> =
            inputs.iter().map(|(name, value)| (name.clone(), value.to_ort().into())).collect();
        let outputs = self.0.run(inputs).unwrap();
        outputs.iter().map(|(name, value)| (name.to_owned(), Value::from_ort(&value))).collect()
    }
}

pub fn values<'v>(pairs: impl IntoIterator<Item = (&'v str, Value)>) -> Values {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Seeded numbers in -1..1.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn bits(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    #[allow(clippy::cast_precision_loss)]
    pub fn float(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }

    pub fn floats(&mut self, count: usize) -> Vec<f64> {
        (0..count).map(|_| self.float()).collect()
    }
}

pub fn ints_attribute(name: &str, values: &[i64]) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        ints: values.to_vec(),
        r#type: Some(AttributeType::Ints.into()),
        ..AttributeProto::default()
    }
}

pub fn text_attribute(name: &str, value: &str) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        s: Some(value.as_bytes().to_vec()),
        r#type: Some(AttributeType::String.into()),
        ..AttributeProto::default()
    }
}

/// A constant vector of integers.
pub fn int_tensor(name: &str, values: &[i64]) -> TensorProto {
    TensorProto { dims: vec![i64::try_from(values.len()).unwrap()], ..int_scalar(name, 0).with(values) }
}

/// A constant integer of rank 0.
pub fn int_scalar(name: &str, value: i64) -> TensorProto {
    TensorProto { name: Some(name.to_owned()), data_type: Some(element::INT64), ..TensorProto::default() }
        .with(&[value])
}

trait WithInts {
    fn with(self, values: &[i64]) -> Self;
}

impl WithInts for TensorProto {
    fn with(self, values: &[i64]) -> Self {
        Self { raw_data: Some(values.iter().flat_map(|value| value.to_le_bytes()).collect()), ..self }
    }
}
