//! Damaged models are refused or compiled, and never end the process.

#![allow(clippy::unwrap_used)]

mod runtime;

use openledger_onnx_graph::{
    Model,
    build::int_attribute,
    grad::{gradient_graph, vector_jacobian_product},
    proto::{ModelProto, tensor_shape_proto::dimension, type_proto},
};
use proptest::prelude::*;
use runtime::llama::{Llama, TINY};

const OPERATORS: [&str; 24] = [
    "MatMul",
    "Gemm",
    "Slice",
    "Split",
    "Concat",
    "Reshape",
    "Squeeze",
    "Unsqueeze",
    "Gather",
    "ReduceSum",
    "ReduceMean",
    "Transpose",
    "Expand",
    "Where",
    "Pow",
    "Trilu",
    "Pad",
    "Softmax",
    "Flatten",
    "GroupQueryAttention",
    "RotaryEmbedding",
    "LayerNormalization",
    "Constant",
    "Shape",
];
const ATTRIBUTES: [&str; 8] =
    ["axis", "num_heads", "kv_num_heads", "do_rotary", "keepdims", "local_window_size", "start", "end"];
const NUMBERS: [i64; 10] = [i64::MIN, -5, -1, 0, 1, 2, 3, 7, 1 << 40, i64::MAX];

/// One random change of a graph.
fn damage(proto: &mut ModelProto, kind: u8, at: usize, pick: usize) {
    let graph = proto.graph.as_mut().unwrap();
    let number = NUMBERS[pick % NUMBERS.len()];
    let count = graph.node.len();
    let node = &mut graph.node[at % count];
    match kind % 8 {
        0 => node.op_type = Some(OPERATORS[pick % OPERATORS.len()].to_owned()),
        1 => {
            node.input.pop();
        }
        2 => node.input.clear(),
        3 => node.attribute.push(int_attribute(ATTRIBUTES[pick % ATTRIBUTES.len()], number)),
        4 => node.attribute.insert(0, runtime::ints_attribute("perm", &[number, 0, number])),
        5 => node.attribute.insert(0, runtime::ints_attribute("axes", &[number])),
        6 => {
            // A constant vector with another number in it.
            let tensors = graph.initializer.iter_mut().filter(|tensor| tensor.data_type() == 7);
            for tensor in tensors {
                let size = tensor.raw_data().len() / 8;
                tensor.raw_data = Some(number.to_le_bytes().repeat(size).into());
            }
        }
        _ => {
            let inputs = graph.input.len();
            let value = graph.input[at % inputs].r#type.as_mut().and_then(|value| value.value.as_mut());
            if let Some(type_proto::Value::TensorType(tensor)) = value {
                let dims = &mut tensor.shape.as_mut().unwrap().dim;
                let axis = pick % dims.len();
                dims[axis].value = Some(dimension::Value::DimValue(number));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn damage_is_refused_or_harmless(
        packed in any::<bool>(),
        changes in prop::collection::vec((any::<u8>(), any::<usize>(), any::<usize>()), 1..4),
    ) {
        let llama = Llama { packed, head_norms: !packed, layers: 1, ..TINY };
        let mut proto = llama.model().proto().clone();
        for (kind, at, pick) in changes {
            damage(&mut proto, kind, at, pick);
        }
        if let Ok(model) = Model::from_proto(proto) {
            if let Ok(graph) = gradient_graph(&model, &llama.options()) {
                graph.check().unwrap();
            }
            let _ = vector_jacobian_product(&model, "logits", &["past_key_values.0.key"]);
        }
    }
}
