//! Exports that the engine cannot serve are refused by name, before anything runs.

#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;

use openledger_engine::Engine;
use openledger_onnx_graph::{
    Message,
    build::{Dim, int_attribute, node, value_info},
    element,
    proto::{AttributeProto, GraphProto, ModelProto, NodeProto},
};
use serde_json::{Value, json};
use support::{copy_of, repository};

/// Message of the refusal of a changed copy of a shape's folder.
fn refusal(shape: &str, graph: impl FnOnce(&mut GraphProto), config: impl FnOnce(&mut Value)) -> (String, String) {
    let copy = copy_of(&repository().join("tests/golden/models").join(shape));
    edit(&copy.path().join("model.onnx"), graph);
    let path = copy.path().join("genai_config.json");
    let mut fields: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    config(&mut fields["model"]);
    std::fs::write(&path, fields.to_string()).unwrap();
    let error = Engine::start(support::config(copy.path().to_owned())).err().unwrap();
    (error.code().to_owned(), error.to_string())
}

fn edit(path: &Path, change: impl FnOnce(&mut GraphProto)) {
    let mut model = ModelProto::decode(std::fs::read(path).unwrap().as_slice()).unwrap();
    change(model.graph.as_mut().unwrap());
    std::fs::write(path, model.encode_to_vec()).unwrap();
}

fn first<'g>(graph: &'g mut GraphProto, op: &str) -> &'g mut NodeProto {
    graph.node.iter_mut().find(|node| node.op_type() == op).unwrap()
}

fn set(op: &'static str, attribute: AttributeProto) -> impl FnOnce(&mut GraphProto) {
    move |graph| {
        let attributes = &mut first(graph, op).attribute;
        attributes.retain(|old| old.name() != attribute.name());
        attributes.push(attribute);
    }
}

fn unchanged(_: &mut Value) {}

#[track_caller]
fn is_unsupported((code, message): (String, String), what: &str) {
    assert_eq!(code, "MODEL_UNSUPPORTED", "{message}");
    assert!(message.contains(what), "{message}");
}

const ATTENTION: &str = "GroupQueryAttention";

#[test]
fn caches_that_do_not_grow_by_rows_are_refused() {
    is_unsupported(
        refusal("gemma2", set(ATTENTION, int_attribute("sliding_window_cache", 1)), unchanged),
        "windowed_kv_cache=false",
    );
    let kind = AttributeProto {
        name: Some("k_quant_type".to_owned()),
        s: Some(b"PER_TENSOR".to_vec()),
        r#type: Some(3),
        ..AttributeProto::default()
    };
    is_unsupported(refusal("llama", set(ATTENTION, kind), unchanged), "kv_cache_quant_scheme=none");
    let paged = |graph: &mut GraphProto| first(graph, ATTENTION).op_type = Some("PagedAttention".to_owned());
    is_unsupported(refusal("llama", paged, unchanged), "without use_paged_attention");
}

#[test]
fn rotations_that_depend_on_the_batch_are_refused() {
    let computed = |graph: &mut GraphProto| {
        first(graph, ATTENTION).input[7] = "chosen".to_owned();
        let mut nodes = vec![node("Identity", "/model/rotary/If", &["cos_cache"], "chosen")];
        nodes.append(&mut graph.node);
        graph.node = nodes;
    };
    is_unsupported(refusal("phi3", computed, unchanged), "LongRoPE");
    let narrow = |model: &mut Value| {
        model["decoder"]["head_size"] = json!(8);
        model["decoder"]["num_attention_heads"] = json!(4);
        model["decoder"]["num_key_value_heads"] = json!(2);
    };
    is_unsupported(refusal("llama", |_| (), narrow), "heads of 8 numbers");
}

#[test]
fn logits_of_the_last_token_only_are_refused() {
    let pruned = |graph: &mut GraphProto| {
        let dims = [Dim::Named("batch_size"), Dim::Fixed(1), Dim::Fixed(288)];
        *graph.output.iter_mut().find(|output| output.name() == "logits").unwrap() =
            value_info("logits", element::FLOAT, &dims);
    };
    is_unsupported(refusal("llama", pruned, unchanged), "prune_lm_head=false");
}

#[test]
fn positions_and_scores_of_other_models_are_refused() {
    let pictures = |graph: &mut GraphProto| {
        let dims = [Dim::Fixed(3), Dim::Named("batch_size"), Dim::Named("sequence_length")];
        graph.input.push(value_info("position_ids", element::INT64, &dims));
    };
    is_unsupported(refusal("qwen2", pictures, unchanged), "positions have 3 axes");
    let biased = |graph: &mut GraphProto| {
        let name = graph.initializer[0].name().to_owned();
        first(graph, ATTENTION).input[10] = name;
    };
    is_unsupported(refusal("qwen2", biased, unchanged), "attention_bias");
}

#[test]
fn half_precision_is_refused_with_the_type_and_what_to_export() {
    for (data_type, name) in [(element::FLOAT16, "fp16"), (element::BFLOAT16, "bf16")] {
        let dims = [Dim::Named("batch_size"), Dim::Named("sequence_length"), Dim::Fixed(288)];
        let half = |graph: &mut GraphProto| {
            *graph.output.iter_mut().find(|output| output.name() == "logits").unwrap() =
                value_info("logits", data_type, &dims);
        };
        let (code, message) = refusal("llama", half, unchanged);
        assert!(message.contains("precision fp32, int8 or int4"), "{message}");
        is_unsupported((code, message), name);
    }
    // Activations of a quantised product are of the type of its scales.
    let scales = |graph: &mut GraphProto| {
        let name = first(graph, "MatMulNBits").input[2].clone();
        let tensor = graph.initializer.iter_mut().find(|tensor| tensor.name() == name).unwrap();
        tensor.data_type = Some(element::FLOAT16);
        tensor.external_data.clear();
        tensor.data_location = None;
        tensor.raw_data = Some(vec![0; usize::try_from(tensor.dims.iter().product::<i64>() * 2).unwrap()].into());
    };
    is_unsupported(refusal("llama-int4", scales, unchanged), "16-bit floats");
}

#[test]
fn quantised_weights_in_another_layout_are_refused() {
    let prepacked = set("MatMulNBits", int_attribute("weight_prepacked", 1));
    let (code, message) = refusal("llama-int4", prepacked, unchanged);
    assert_eq!(code, "MODEL_BROKEN", "{message}");
    assert!(message.contains("matmulnbits_weights_prepacked=0"), "{message}");
}
