//! The paged form: what goes, what stays and what is refused.

#![allow(clippy::unwrap_used)]

mod runtime;

use std::collections::HashSet;

use openledger_onnx_graph::{
    AttentionShape, GraphError, LOGIT_ROWS, LoraForm, Model, OPERATOR_DOMAIN, PAGED_ATTENTION, PagedOptions, ROW_SLOTS,
    build::{Dim, int_attribute, node, value_info},
    choose_logits, element, find_sites, inject_lora, page_attention,
    proto::{ModelProto, NodeProto},
};
use runtime::example;

const ATTENTION: AttentionShape = AttentionShape { heads: 4, kv_heads: 2, head_size: 32 };

fn names(prefix: &str) -> Vec<String> {
    (0..4).flat_map(|layer| ["key", "value"].map(|kind| format!("{prefix}.{layer}.{kind}"))).collect()
}

fn page(model: &mut Model) -> Result<openledger_onnx_graph::PagedGraph, GraphError> {
    let (past, present) = (names("past_key_values"), names("present"));
    page_attention(
        model,
        &PagedOptions {
            input_ids: "input_ids",
            logits: "logits",
            past: &past,
            present: &present,
            attention_mask: "attention_mask",
            attention: ATTENTION,
        },
    )
}

fn inject(model: &mut Model, form: LoraForm) {
    let sites = find_sites(model, &ATTENTION).unwrap();
    inject_lora(model, &sites, form).unwrap();
}

fn input_names(model: &Model) -> HashSet<&str> {
    model.graph().input.iter().map(|input| input.name()).collect()
}

/// The example model with one change.
fn changed(change: impl FnOnce(&mut ModelProto)) -> Model {
    let mut proto = example::model().proto().clone();
    change(&mut proto);
    Model::from_proto(proto).unwrap()
}

fn first_attention(proto: &mut ModelProto) -> &mut NodeProto {
    let nodes = &mut proto.graph.as_mut().unwrap().node;
    nodes.iter_mut().find(|node| node.op_type() == "GroupQueryAttention").unwrap()
}

#[test]
fn cache_and_mask_leave_the_graph() {
    let mut model = example::model();
    let paged = page(&mut model).unwrap();
    assert_eq!((paged.layers, paged.other_inputs), (4, Vec::new()));
    assert_eq!(input_names(&model), HashSet::from(["input_ids", LOGIT_ROWS]));
    assert_eq!(model.graph().output.len(), 1);
    let nodes = &model.graph().node;
    let attention: Vec<&NodeProto> = nodes.iter().filter(|node| node.op_type() == PAGED_ATTENTION).collect();
    assert_eq!(attention.len(), 4);
    for (layer, node) in (0_i64..).zip(attention) {
        assert_eq!(node.domain(), OPERATOR_DOMAIN);
        assert_eq!(node.attribute.iter().find(|own| own.name() == "layer").unwrap().i(), layer);
        assert_eq!(node.input[3..], ["cos_cache", "sin_cache"]);
        assert_eq!(node.input[1..3], ["", ""], "packed");
    }
    assert!(nodes.iter().all(|node| !node.name().contains("attn_mask")), "the mask's subgraph");
    let head = nodes.iter().find(|node| node.name() == "/lm_head/MatMul").unwrap();
    let gather = nodes.iter().find(|node| node.output == head.input[..1]).unwrap();
    assert_eq!((gather.op_type(), gather.input[1].as_str()), ("Gather", LOGIT_ROWS));
}

#[test]
fn it_composes_with_lora_in_either_order() {
    for form in [LoraForm::Operator, LoraForm::Standard] {
        let mut after = example::model();
        inject(&mut after, form);
        page(&mut after).unwrap();
        let mut before = example::model();
        page(&mut before).unwrap();
        inject(&mut before, form);
        assert_eq!(after.graph().node, before.graph().node, "{form:?}");
        assert_eq!(after.graph().initializer, before.graph().initializer);
        assert_eq!(input_names(&after), input_names(&before));
        assert!(input_names(&after).contains(ROW_SLOTS));
        assert_eq!(after.opset(OPERATOR_DOMAIN), Some(1));
    }
}

#[test]
fn the_head_may_have_four_bits_and_positions_stay_where_something_reads_them() {
    let mut model = changed(|proto| {
        let graph = proto.graph.as_mut().unwrap();
        let head = graph.node.last_mut().unwrap();
        (head.op_type, head.domain) = (Some("MatMulNBits".to_owned()), Some("com.microsoft".to_owned()));
        let dims = [Dim::Named("batch_size"), Dim::Named("sequence_length")];
        graph.input.push(value_info("position_ids", element::INT64, &dims));
        let first = graph.node.iter().position(|node| node.op_type() == "GroupQueryAttention").unwrap();
        let packed = std::mem::replace(&mut graph.node[first].input[0], "rotated".to_owned());
        let inputs = [packed.as_str(), "position_ids", "cos_cache", "sin_cache"];
        let mut rotary = node("RotaryEmbedding", "rotary", &inputs, "rotated");
        rotary.domain = Some("com.microsoft".to_owned());
        graph.node.insert(first, rotary);
    });
    assert_eq!(page(&mut model).unwrap().other_inputs, ["position_ids"]);
    let head = model.graph().node.iter().find(|node| node.op_type() == "MatMulNBits").unwrap();
    assert!(head.input[0].ends_with("/logit_rows"), "{:?}", head.input);
}

#[test]
fn a_model_is_transformed_once() {
    let mut model = example::model();
    page(&mut model).unwrap();
    let bytes = model.to_bytes();
    assert!(matches!(page(&mut model), Err(GraphError::Paged { .. })));
    assert_eq!(model.to_bytes(), bytes);
}

#[test]
fn logits_can_be_chosen_without_the_paged_form() {
    for form in [LoraForm::Standard, LoraForm::Operator] {
        let mut model = example::model();
        inject(&mut model, form);
        let (inputs, outputs) = (model.graph().input.len(), model.graph().output.len());
        choose_logits(&mut model, "logits").unwrap();
        let graph = model.graph();
        assert_eq!((graph.input.len(), graph.output.len()), (inputs + 1, outputs), "nothing else changes");
        let head = graph.node.iter().find(|node| node.name() == "/lm_head/MatMul").unwrap();
        let gather = graph.node.iter().find(|node| node.output == head.input[..1]).unwrap();
        assert_eq!((gather.op_type(), gather.input[1].as_str()), ("Gather", LOGIT_ROWS));
        let flatten = graph.node.iter().find(|node| node.output == gather.input[..1]).unwrap();
        assert_eq!((flatten.op_type(), flatten.attribute[0].i()), ("Flatten", 2));
        let bytes = model.to_bytes();
        assert!(matches!(choose_logits(&mut model, "logits"), Err(GraphError::Head { .. })), "once");
        assert!(matches!(choose_logits(&mut model, "nothing"), Err(GraphError::Head { .. })));
        assert_eq!(model.to_bytes(), bytes);
    }
}

#[test]
fn what_works_per_logit_may_follow_the_head() {
    let mut model = changed(|proto| {
        let graph = proto.graph.as_mut().unwrap();
        let head = graph.node.last_mut().unwrap();
        head.output = vec!["raw".to_owned()];
        graph.node.push(node("Tanh", "bend", &["raw"], "logits"));
    });
    page(&mut model).unwrap();
    let head = model.graph().node.iter().find(|node| node.name() == "/lm_head/MatMul").unwrap();
    assert!(head.input[0].ends_with("/logit_rows"), "{:?}", head.input);
}

#[test]
fn what_the_operator_cannot_do_is_refused_by_the_name_of_its_node() {
    let attention: [fn(&mut NodeProto); 8] = [
        |node| node.attribute.push(int_attribute("smooth_softmax", 1)),
        |node| node.attribute.push(int_attribute("something_new", 0)),
        |node| node.attribute.iter_mut().find(|own| own.name() == "local_window_size").unwrap().i = Some(0),
        |node| node.attribute.iter_mut().find(|own| own.name() == "num_heads").unwrap().i = Some(8),
        |node| node.input[10] = "cos_cache".to_owned(),
        |node| node.input[11] = "cos_cache".to_owned(),
        |node| node.input[8] = String::new(),
        |node| node.input[1] = node.input[0].clone(),
    ];
    for (case, change) in attention.into_iter().enumerate() {
        let mut model = changed(|proto| change(first_attention(proto)));
        let bytes = model.to_bytes();
        let error = page(&mut model).unwrap_err();
        assert!(error.to_string().contains("/model/layers.0/attn/GroupQueryAttention"), "{case}: {error}");
        assert_eq!(model.to_bytes(), bytes, "{case}");
    }
}

#[test]
fn readers_of_the_cache_or_the_mask_beside_the_attention_are_refused() {
    let cases: [fn(&mut ModelProto); 3] = [
        // The mask, by something that lives on.
        |proto| {
            let graph = proto.graph.as_mut().unwrap();
            let hidden = graph.node.last().unwrap().input[0].clone();
            let mut cast = node("Cast", "cast", &["attention_mask"], "mask as floats");
            cast.attribute.push(int_attribute("to", 1));
            let at = graph.node.len() - 1;
            graph.node.last_mut().unwrap().input[0] = "sum".to_owned();
            graph.node.insert(at, node("Mul", "sum", &[&hidden, "mask as floats"], "sum"));
            graph.node.insert(at, cast);
        },
        // Logits that are no values per row.
        |proto| {
            let graph = proto.graph.as_mut().unwrap();
            graph.node.last_mut().unwrap().output = vec!["raw".to_owned()];
            graph.node.push(node("Softmax", "soft", &["raw"], "logits"));
        },
        // A second path to the logits.
        |proto| {
            let graph = proto.graph.as_mut().unwrap();
            let hidden = graph.node.last().unwrap().input[0].clone();
            graph.node.last_mut().unwrap().output = vec!["raw".to_owned()];
            graph.node.push(node("Add", "both", &["raw", &hidden], "logits"));
        },
    ];
    for (case, change) in cases.into_iter().enumerate() {
        let error = page(&mut changed(change)).unwrap_err();
        assert!(matches!(error, GraphError::Paged { .. } | GraphError::Head { .. }), "{case}: {error}");
    }
    let mut plain = changed(|proto| {
        let nodes = &mut proto.graph.as_mut().unwrap().node;
        nodes.retain(|node| node.op_type() != "GroupQueryAttention" && !node.name().contains("/attn/"));
        let graph = proto.graph.as_mut().unwrap();
        graph.node.truncate(9);
        graph.output.truncate(1);
        graph.node.push(node("Identity", "end", &["input_ids"], "logits"));
    });
    assert!(matches!(page(&mut plain), Err(GraphError::NoAttention)));
}
