//! Finding linear layers by name.

#![allow(clippy::unwrap_used)]

mod support;

use openledger_onnx_graph::{GraphError, Model, Sites, find_sites};
use support::{ATTENTION, Layer, Tensor, parallel};

fn layer(name: &'static str, n: usize) -> Layer {
    Layer { name, weight: Tensor::new(&[2, n], vec![0.5; 2 * n]) }
}

fn find(layers: &[Layer]) -> Result<Sites, GraphError> {
    find_sites(&Model::from_proto(parallel(layers)).unwrap(), &ATTENTION)
}

#[test]
fn separate_projections_and_both_spellings_are_found() {
    let sites = find(&[
        layer("/model/layers.0/self_attn/q_proj/MatMul", 6),
        layer("/model/layers.0/self_attn/k_proj/MatMul", 3),
        layer("/model/layers.0/attn/v_proj/MatMul", 3),
        layer("/model/layers.12/mlp/gate_proj/MatMul", 4),
        layer("/model/layers.12/mlp/down_proj/MatMul", 4),
        layer("/lm_head/MatMul", 9),
    ])
    .unwrap();
    let found: Vec<(usize, &str)> = sites.linear.iter().map(|s| (s.layer, s.parts[0].module.as_str())).collect();
    assert_eq!(found, [(0, "q_proj"), (0, "k_proj"), (0, "v_proj"), (12, "gate_proj"), (12, "down_proj")]);
    assert!(sites.unmatched.is_empty());
}

#[test]
fn unknown_layer_level_products_are_listed() {
    let sites = find(&[layer("/model/layers.0/mlp/up_proj/MatMul", 3), layer("/model/layers.0/moe/router/MatMul", 3)]);
    assert_eq!(sites.unwrap().unmatched, ["/model/layers.0/moe/router/MatMul"]);
}

#[test]
fn a_packed_projection_must_have_the_width_of_its_heads() {
    let error = find(&[layer("/model/layers.0/attn/qkv_proj/MatMul", 11)]).unwrap_err();
    assert!(error.to_string().contains("11 columns"), "{error}");
}

#[test]
fn a_module_found_twice_is_refused() {
    let twice = [layer("/model/layers.0/attn/q_proj/MatMul", 6), layer("/model/layers.0/self_attn/q_proj/MatMul", 6)];
    assert!(find(&twice).unwrap_err().to_string().contains("already found"));
    let packed = [layer("/model/layers.0/attn/qkv_proj/MatMul", 12), layer("/model/layers.0/attn/k_proj/MatMul", 3)];
    assert!(find(&packed).is_err());
}

#[test]
fn quantised_layers_are_refused_by_name() {
    let mut proto = parallel(&[layer("/model/layers.0/mlp/up_proj/MatMul", 3)]);
    proto.graph.as_mut().unwrap().node[0].op_type = Some("MatMulNBits".to_owned());
    let error = find_sites(&Model::from_proto(proto).unwrap(), &ATTENTION).unwrap_err();
    assert!(error.to_string().contains("MatMulNBits"), "{error}");
}

#[test]
fn a_computed_weight_is_refused() {
    let mut proto = parallel(&[layer("/model/layers.0/mlp/up_proj/MatMul", 2)]);
    proto.graph.as_mut().unwrap().node[0].input[1] = "x".to_owned();
    let error = find_sites(&Model::from_proto(proto).unwrap(), &ATTENTION).unwrap_err();
    assert!(error.to_string().contains("not a constant"), "{error}");
}
