//! Reading, checking and writing: whole files pass unchanged, broken ones are refused by kind.

#![allow(clippy::unwrap_used)]

mod support;

use std::path::{Path, PathBuf};

use openledger_onnx_graph::{
    AttentionShape, GraphError, LoadLimits, Model,
    build::{float_tensor, node},
    find_sites,
    proto::{ModelProto, OperatorSetIdProto, StringStringEntryProto, tensor_proto::DataLocation},
};
use proptest::prelude::*;
use support::{Layer, Tensor, parallel};

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/model/model.onnx")
}

fn small() -> ModelProto {
    let weight = Tensor::new(&[2, 3], vec![1.0; 6]);
    parallel(&[Layer { name: "/model/layers.0/mlp/up_proj/MatMul", weight }])
}

#[test]
fn the_example_model_is_read_and_written_without_loss() {
    let model = Model::load(&example(), &LoadLimits::default()).unwrap();
    assert_eq!(model.opset("com.microsoft"), Some(1));
    assert_eq!(model.external_files().len(), 1);
    let again = Model::from_bytes(model.to_bytes().into()).unwrap();
    assert_eq!(again.proto(), model.proto());
    assert_eq!(again.to_bytes(), model.to_bytes());
    let shape = AttentionShape { heads: 4, kv_heads: 2, head_size: 32 };
    let sites = find_sites(&model, &shape).unwrap();
    assert_eq!(sites.linear.iter().map(|site| site.parts.len()).sum::<usize>(), 28);
    assert!(sites.unmatched.is_empty());
}

#[test]
fn every_truncation_of_a_file_is_refused() {
    let bytes = Model::from_proto(small()).unwrap().to_bytes();
    for end in 0..bytes.len() {
        assert!(Model::from_bytes(bytes[..end].to_vec().into()).is_err(), "{end}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(mut noise in prop::collection::vec((0usize..400, any::<u8>()), 1..12)) {
        let mut bytes = Model::from_proto(small()).unwrap().to_bytes();
        for (at, value) in noise.drain(..) {
            let at = at % bytes.len();
            bytes[at] = value;
        }
        let _ = Model::from_bytes(bytes.into());
    }
}

fn refused(change: impl FnOnce(&mut ModelProto)) -> GraphError {
    let mut proto = small();
    change(&mut proto);
    Model::from_proto(proto).unwrap_err()
}

#[test]
fn damaged_models_are_refused_by_kind() {
    let graph = |proto: &mut ModelProto| proto.graph.clone().unwrap();
    assert!(matches!(refused(|p| p.graph = None), GraphError::Corrupt { .. }));
    assert!(matches!(refused(|p| p.ir_version = Some(99)), GraphError::IrVersion { version: 99, .. }));
    let future = OperatorSetIdProto { domain: None, version: Some(99) };
    assert!(matches!(refused(|p| p.opset_import[0] = future), GraphError::UnknownOpset { version: 99, .. }));
    let foreign = OperatorSetIdProto { domain: Some("org.other".to_owned()), version: Some(1) };
    assert!(matches!(refused(|p| p.opset_import.push(foreign)), GraphError::UnknownOpset { .. }));
    assert!(matches!(refused(|p| p.opset_import.clear()), GraphError::MissingOpset { .. }));
    let error = refused(|p| p.graph.as_mut().unwrap().initializer.clear());
    assert!(matches!(&error, GraphError::MissingValue { value, .. } if value == "w0"), "{error}");
    let error = refused(|p| p.graph.as_mut().unwrap().output[0].name = Some("z".to_owned()));
    assert!(matches!(error, GraphError::MissingValue { .. }));
    let error = refused(|p| {
        let copy = graph(p).node[0].clone();
        p.graph.as_mut().unwrap().node.push(copy);
    });
    assert!(matches!(error, GraphError::DuplicateValue { .. }));
    let error = refused(|p| {
        let graph = p.graph.as_mut().unwrap();
        graph.node.insert(0, node("Add", "early", &["y0", "y0"], "twice"));
    });
    assert!(matches!(error, GraphError::MissingValue { .. }));
    let error = refused(|p| p.graph.as_mut().unwrap().initializer[0].dims = vec![2, 4]);
    assert!(matches!(error, GraphError::Tensor { .. }));
    let error = refused(|p| p.graph.as_mut().unwrap().initializer[0].dims = vec![-2, 3]);
    assert!(matches!(error, GraphError::Tensor { .. }));
    let error = refused(|p| p.graph.as_mut().unwrap().initializer[0].dims = vec![i64::MAX, i64::MAX]);
    assert!(matches!(error, GraphError::Tensor { .. }));
    let error = refused(|p| p.graph.as_mut().unwrap().initializer[0].data_type = Some(99));
    assert!(matches!(error, GraphError::Tensor { .. }));
    assert!(matches!(refused(|p| p.training_info.push(Vec::new())), GraphError::Unsupported { .. }));
}

/// A model whose only weight is in another file.
fn external(location: &str, offset: &str, length: &str) -> ModelProto {
    let mut proto = small();
    let entry =
        |key: &str, value: &str| StringStringEntryProto { key: Some(key.to_owned()), value: Some(value.to_owned()) };
    let mut tensor = float_tensor("w0", &[2, 3], &[]);
    tensor.raw_data = None;
    tensor.data_location = Some(DataLocation::External.into());
    tensor.external_data = vec![entry("location", location), entry("offset", offset), entry("length", length)];
    proto.graph.as_mut().unwrap().initializer[0] = tensor;
    proto
}

fn load_external(proto: &ModelProto, data: &[u8], limits: &LoadLimits) -> Result<Model, GraphError> {
    use openledger_onnx_graph::Message;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("model.onnx"), proto.encode_to_vec()).unwrap();
    std::fs::write(folder.path().join("weights.bin"), data).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("/etc/hostname", folder.path().join("link.bin")).unwrap();
    Model::load(&folder.path().join("model.onnx"), limits)
}

#[test]
fn external_weights_stay_inside_folder_file_and_limits() {
    let limits = LoadLimits::default();
    let load = |location: &str, offset: &str, length: &str| {
        load_external(&external(location, offset, length), &[0; 32], &limits)
    };
    assert_eq!(load("weights.bin", "8", "24").unwrap().external_files()["weights.bin"].len(), 32);
    assert!(matches!(load("weights.bin", "9", "24"), Err(GraphError::Tensor { .. })));
    assert!(matches!(load("weights.bin", "18446744073709551615", "24"), Err(GraphError::Tensor { .. })));
    assert!(matches!(load("weights.bin", "0", "20"), Err(GraphError::Tensor { .. })));
    assert!(matches!(load("weights.bin", "x", "24"), Err(GraphError::ExternalPath { .. })));
    assert!(matches!(load("missing.bin", "0", "24"), Err(GraphError::Io { .. })));
    for outside in ["", "../weights.bin", "/etc/hostname", "./../x", "link.bin"] {
        assert!(matches!(load(outside, "0", "24"), Err(GraphError::ExternalPath { .. })), "{outside}");
    }
    let narrow = LoadLimits { max_external_bytes: 31, ..LoadLimits::default() };
    assert!(matches!(
        load_external(&external("weights.bin", "0", "24"), &[0; 32], &narrow),
        Err(GraphError::TooLarge { .. })
    ));
    let narrow = LoadLimits { max_model_bytes: 16, ..LoadLimits::default() };
    assert!(matches!(
        load_external(&external("weights.bin", "0", "24"), &[0; 32], &narrow),
        Err(GraphError::TooLarge { .. })
    ));
}
