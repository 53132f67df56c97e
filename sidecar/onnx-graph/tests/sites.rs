//! Finding linear layers by name.

#![allow(clippy::unwrap_used)]

mod support;

use openledger_onnx_graph::{
    GraphError, Model, Sites,
    build::{float_tensor, int_attribute},
    element, find_sites,
    proto::{GraphProto, ModelProto, OperatorSetIdProto, TensorProto},
};
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
fn a_packed_feed_forward_has_gate_and_up() {
    let sites = find(&[layer("/model/layers.1/mlp/gate_up_proj/MatMul", 8)]).unwrap();
    let parts: Vec<_> = sites.linear[0].parts.iter().map(|part| (part.module.as_str(), part.columns.clone())).collect();
    assert_eq!(parts, [("gate_proj", 0..4), ("up_proj", 4..8)]);
    let error = find(&[layer("/model/layers.1/mlp/gate_up_proj/MatMul", 7)]).unwrap_err();
    assert!(error.to_string().contains("7 columns"), "{error}");
}

#[test]
fn a_module_found_twice_is_refused() {
    let twice = [layer("/model/layers.0/attn/q_proj/MatMul", 6), layer("/model/layers.0/self_attn/q_proj/MatMul", 6)];
    assert!(find(&twice).unwrap_err().to_string().contains("already found"));
    let packed = [layer("/model/layers.0/attn/qkv_proj/MatMul", 12), layer("/model/layers.0/attn/k_proj/MatMul", 3)];
    assert!(find(&packed).is_err());
}

/// An up projection [40, 6] as `MatMulNBits` in blocks of 16: three of them, the last one padded.
fn quantised(bits: i64) -> ModelProto {
    let mut proto = parallel(&[Layer {
        name: "/model/layers.3/mlp/up_proj/MatMul_Q4",
        weight: Tensor::new(&[40, 6], vec![0.5; 240]),
    }]);
    let graph = proto.graph.as_mut().unwrap();
    let node = &mut graph.node[0];
    node.op_type = Some("MatMulNBits".to_owned());
    node.domain = Some("com.microsoft".to_owned());
    node.input = ["x", "packed", "scales"].map(str::to_owned).to_vec();
    node.attribute = [("K", 40), ("N", 6), ("bits", bits), ("block_size", 16)]
        .map(|(name, size)| int_attribute(name, size))
        .to_vec();
    let size = usize::try_from(6 * 3 * 16 * bits / 8).unwrap();
    graph.initializer = vec![
        TensorProto {
            name: Some("packed".to_owned()),
            dims: vec![6, 3, 16 * bits / 8],
            data_type: Some(2),
            raw_data: Some(vec![0; size].into()),
            ..TensorProto::default()
        },
        float_tensor("scales", &[18], &[0.1; 18]),
    ];
    proto.opset_import.push(OperatorSetIdProto { domain: Some("com.microsoft".to_owned()), version: Some(1) });
    proto
}

#[test]
fn quantised_layers_have_the_widths_of_their_attributes_and_the_type_of_their_activations() {
    for bits in [4, 8] {
        let sites = find_sites(&Model::from_proto(quantised(bits)).unwrap(), &ATTENTION).unwrap();
        let [site] = sites.linear.as_slice() else { panic!("{sites:?}") };
        assert_eq!((site.layer, site.in_features, site.out_features), (3, 40, 6));
        assert_eq!((site.data_type, site.parts[0].module.as_str()), (element::FLOAT, "up_proj"));
    }
}

#[test]
fn a_quantisation_that_is_not_covered_is_refused_by_name() {
    fn refused(change: impl FnOnce(&mut GraphProto)) -> String {
        let mut proto = quantised(4);
        change(proto.graph.as_mut().unwrap());
        let error = find_sites(&Model::from_proto(proto).unwrap(), &ATTENTION).unwrap_err();
        assert!(matches!(error, GraphError::Site { .. }));
        error.to_string()
    }
    let attribute = |name, value| {
        move |graph: &mut GraphProto| {
            let attributes = &mut graph.node[0].attribute;
            attributes.retain(|attribute| attribute.name() != name);
            attributes.push(int_attribute(name, value));
        }
    };
    assert!(refused(attribute("bits", 2)).contains("4 or 8 bits"));
    assert!(refused(attribute("K", 0)).contains("known sizes"));
    assert!(refused(attribute("weight_prepacked", 1)).contains("weights_prepacked=0"));
    // Sizes that disagree with the constants, and ones whose product does not fit a number.
    assert!(refused(attribute("N", 5)).contains("packed weights"));
    assert!(refused(attribute("N", i64::MAX)).contains("packed weights"));
    assert!(refused(|graph| graph.initializer[1] = float_tensor("scales", &[17], &[0.1; 17])).contains("scales"));
    assert!(refused(|graph| graph.node[0].input.extend(["".to_owned(), "scales".to_owned()])).contains("g_idx"));
    assert!(refused(|graph| graph.node[0].input[1] = "x".to_owned()).contains("not a constant"));
    assert!(refused(|graph| graph.node[0].input[2] = "x".to_owned()).contains("scales are not"));
    assert!(refused(|graph| graph.node[0].op_type = Some("Gemm".to_owned())).contains("operator Gemm"));
}

#[test]
fn a_computed_weight_is_refused() {
    let mut proto = parallel(&[layer("/model/layers.0/mlp/up_proj/MatMul", 2)]);
    proto.graph.as_mut().unwrap().node[0].input[1] = "x".to_owned();
    let error = find_sites(&Model::from_proto(proto).unwrap(), &ATTENTION).unwrap_err();
    assert!(error.to_string().contains("not a constant"), "{error}");
}
