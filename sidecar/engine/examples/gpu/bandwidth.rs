//! Bytes a second that the card reads and writes: the ceiling of a step that reads every weight once.
//!
//! A graph adds one to many numbers; each run reads and writes all of them. Both stay on the card.

use std::{path::PathBuf, time::Instant};

use openledger_onnx_graph::{
    Model,
    build::{Dim, float_tensor, node, value_info},
    element,
    proto::{GraphProto, ModelProto, OperatorSetIdProto},
};
use ort::{
    ep,
    memory::{AllocationDevice, AllocatorType, MemoryInfo, MemoryType},
    session::Session,
    value::Tensor,
};
use serde_json::json;

use crate::Outcome;

/// 4 GiB, far more than any cache of a card.
const NUMBERS: usize = 1 << 30;
const RUNS: usize = 20;
const SKIPPED: usize = 3;

/// Prints one JSON object.
pub fn run() -> Outcome<()> {
    let library = std::env::var_os("ORT_DYLIB_PATH").map(PathBuf::from).ok_or("ORT_DYLIB_PATH is not set")?;
    let environment = ort::init_from(library)?.with_telemetry(false).build()?;
    let card = ep::CUDA::default().with_device_id(0).build().error_on_failure();
    let mut session = Session::builder(&environment)?
        .with_execution_providers([card])
        .map_err(|error| error.to_string())?
        .commit_from_memory(&graph()?.to_bytes())?;
    let memory = MemoryInfo::new(AllocationDevice::CUDA, 0, AllocatorType::Device, MemoryType::Default)?;
    // Owned, and once: a borrowed tensor would be copied on every run.
    let numbers = Tensor::from_array(([NUMBERS], vec![0.5_f32; NUMBERS]))?.to(AllocationDevice::CUDA, 0)?;
    let mut seconds = Vec::new();
    for _ in 0..RUNS {
        let mut binding = session.create_binding()?;
        binding.bind_input("x", &numbers)?;
        binding.bind_output_to_device("y", &memory)?;
        let began = Instant::now();
        drop(session.run_binding(&binding)?);
        seconds.push(began.elapsed().as_secs_f64());
    }
    let mut seconds = seconds.split_off(SKIPPED);
    seconds.sort_by(f64::total_cmp);
    let middle = seconds[seconds.len() / 2];
    let bytes = 2 * NUMBERS * size_of::<f32>();
    println!("{}", json!({ "bytes_per_second": bytes as f64 / middle }));
    Ok(())
}

fn graph() -> Outcome<Model> {
    let info = |name| value_info(name, element::FLOAT, &[Dim::Named("numbers")]);
    let graph = GraphProto {
        name: Some("add".to_owned()),
        input: vec![info("x")],
        output: vec![info("y")],
        initializer: vec![float_tensor("one", &[1], &[1.0])],
        node: vec![node("Add", "add", &["x", "one"], "y")],
        ..GraphProto::default()
    };
    Ok(Model::from_proto(ModelProto {
        ir_version: Some(10),
        opset_import: vec![OperatorSetIdProto { domain: Some(String::new()), version: Some(21) }],
        graph: Some(graph),
        ..ModelProto::default()
    })?)
}
