//! The operator in ONNX Runtime against the runtime's own attention.

use std::{collections::HashMap, sync::Arc};

use openledger_attention::{AttentionPlan, KvLayout, Span};
use openledger_onnx_graph::{
    AttentionShape, LOGIT_ROWS, Model, PagedOptions,
    build::{Dim, float_attribute, float_tensor, int_attribute, node, value_info},
    element, page_attention,
    proto::{AttributeProto, GraphProto, ModelProto, OperatorSetIdProto},
};
use ort::{
    session::{Session, SessionInputValue},
    value::Tensor,
};

use super::{KvCache, operators};
use crate::{
    lora::{CurrentStep, Plans},
    runtime::Runtime,
};

const SHAPE: AttentionShape = AttentionShape { heads: 4, kv_heads: 2, head_size: 16 };
const Q: usize = 64;
const KV: usize = 32;
const TOKENS: usize = 150;
const PAIRS: usize = 8;

fn random(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// One attention node over the columns of `x`, packed or not, and a product behind it.
fn model(packed: bool, attributes: &[AttributeProto]) -> Model {
    let mut graph = GraphProto { name: Some("main".to_owned()), ..GraphProto::default() };
    let rows = |width| [Dim::Named("batch"), Dim::Named("sequence"), Dim::Fixed(width)];
    let inputs: &[(&str, usize)] = if packed { &[("q", Q + 2 * KV)] } else { &[("q", Q), ("k", KV), ("v", KV)] };
    graph.input.extend(inputs.iter().map(|(name, width)| value_info(name, element::FLOAT, &rows(*width))));
    for name in ["past_k", "past_v"] {
        let dims = [Dim::Named("batch"), Dim::Fixed(SHAPE.kv_heads), Dim::Named("past"), Dim::Fixed(SHAPE.head_size)];
        graph.input.push(value_info(name, element::FLOAT, &dims));
        graph.output.push(value_info(&name.replace("past", "present"), element::FLOAT, &dims));
    }
    graph.input.push(value_info("lengths", element::INT32, &[Dim::Named("batch")]));
    graph.input.push(value_info("total", element::INT32, &[]));
    let angle = |at: usize| (at / PAIRS) as f32 * 0.5_f32.powi(i32::try_from(at % PAIRS).unwrap());
    for (name, of) in [("cos", f32::cos as fn(f32) -> f32), ("sin", f32::sin)] {
        let table: Vec<f32> = (0..TOKENS * PAIRS).map(|at| of(angle(at))).collect();
        graph.initializer.push(float_tensor(name, &[TOKENS, PAIRS], &table));
    }
    let [k, v] = if packed { ["", ""] } else { ["k", "v"] };
    let mut attention = node(
        "GroupQueryAttention",
        "attention",
        &["q", k, v, "past_k", "past_v", "lengths", "total", "cos", "sin"],
        "attended",
    );
    attention.domain = Some("com.microsoft".to_owned());
    attention.output.extend(["present_k".to_owned(), "present_v".to_owned()]);
    attention.attribute = vec![int_attribute("num_heads", 4), int_attribute("kv_num_heads", 2)];
    attention.attribute.extend_from_slice(attributes);
    graph.node.push(attention);
    graph.initializer.push(float_tensor("w", &[Q, Q], &random(Q * Q, 3)));
    graph.node.push(node("MatMul", "head", &["attended", "w"], "y"));
    graph.output.push(value_info("y", element::FLOAT, &rows(Q)));
    let import = |domain: &str, version| OperatorSetIdProto { domain: Some(domain.to_owned()), version: Some(version) };
    Model::from_proto(ModelProto {
        ir_version: Some(10),
        opset_import: vec![import("", 21), import("com.microsoft", 1)],
        graph: Some(graph),
        ..ModelProto::default()
    })
    .unwrap()
}

type Inputs = HashMap<String, SessionInputValue<'static>>;

/// The projections of the given tokens as inputs, [batch, sequence, width].
fn columns(packed: bool, x: &[f32], dims: [usize; 2]) -> Inputs {
    let width = Q + 2 * KV;
    let cut = |from: usize, count: usize| {
        let values: Vec<f32> = x.chunks_exact(width).flat_map(|row| row[from..from + count].to_vec()).collect();
        Tensor::from_array(([dims[0], dims[1], count], values)).unwrap().into()
    };
    if packed {
        return HashMap::from([("q".to_owned(), cut(0, width))]);
    }
    [("q", 0, Q), ("k", Q, KV), ("v", Q + KV, KV)].map(|(name, from, count)| (name.to_owned(), cut(from, count))).into()
}

fn values(session: &mut Session, inputs: Inputs) -> Vec<f32> {
    session.run(inputs).unwrap()["y"].try_extract_tensor::<f32>().unwrap().1.to_vec()
}

fn original(model: &Model, packed: bool, x: &[f32]) -> Vec<f32> {
    let mut session = Runtime::load(None).unwrap().session(model, 1, None).unwrap();
    let mut inputs = columns(packed, x, [1, TOKENS]);
    for name in ["past_k", "past_v"] {
        let empty = Tensor::from_array(([1, SHAPE.kv_heads, 0, SHAPE.head_size], Vec::<f32>::new())).unwrap();
        inputs.insert(name.to_owned(), empty.into());
    }
    let total = i32::try_from(TOKENS).unwrap();
    inputs.insert("lengths".to_owned(), Tensor::from_array(([1], vec![total - 1])).unwrap().into());
    inputs.insert("total".to_owned(), Tensor::from_array(([0_usize; 0], vec![total])).unwrap().into());
    values(&mut session, inputs)
}

/// The same tokens in steps of the given sizes.
fn paged(mut model: Model, packed: bool, x: &[f32], steps: &[usize]) -> Vec<f32> {
    let past = ["past_k", "past_v", "lengths", "total"].map(str::to_owned);
    let present = ["present_k", "present_v"].map(str::to_owned);
    let options = PagedOptions {
        input_ids: "q",
        logits: "y",
        past: &past,
        present: &present,
        attention_mask: "none",
        attention: SHAPE,
    };
    let graph = page_attention(&mut model, &options).unwrap();
    assert_eq!(graph.other_inputs.len(), if packed { 0 } else { 2 });
    let layout = KvLayout::new(16, SHAPE.kv_heads, SHAPE.head_size).unwrap();
    let cache = Arc::new(KvCache::new(1, layout, 32));
    let step = Arc::new(CurrentStep::default());
    let own = operators(&step, &cache, 1).unwrap();
    let mut session = Runtime::load(None).unwrap().session(&model, 1, Some(own)).unwrap();
    let blocks: Vec<u32> = (0..16).rev().collect();
    let (mut found, mut past) = (Vec::new(), 0);
    for &tokens in steps {
        let width = Q + 2 * KV;
        let mut inputs = columns(packed, &x[past * width..(past + tokens) * width], [tokens, 1]);
        let rows: Vec<i64> = (0..i64::try_from(tokens).unwrap()).collect();
        inputs.insert(LOGIT_ROWS.to_owned(), Tensor::from_array(([tokens], rows)).unwrap().into());
        let span = Span { first: 0, tokens, past, blocks: &blocks };
        let plan = AttentionPlan::new(&[span], tokens, &layout).unwrap();
        let _step = step.begin_with(Plans { lora: None, attention: Some(Arc::new(plan)) });
        found.extend(values(&mut session, inputs));
        past += tokens;
    }
    found
}

#[test]
fn every_variant_means_what_the_runtime_means_by_it() {
    let rotary = |interleaved| vec![int_attribute("do_rotary", 1), int_attribute("rotary_interleaved", interleaved)];
    let window = |size| vec![int_attribute("local_window_size", size)];
    let variants: [(&str, Vec<AttributeProto>); 9] = [
        ("plain", Vec::new()),
        ("rotary", rotary(0)),
        ("interleaved", rotary(1)),
        ("a scale", vec![float_attribute("scale", 0.5)]),
        ("softcap", vec![float_attribute("softcap", 0.7)]),
        ("window of 1", window(1)),
        ("window of 7", window(7)),
        ("window of 128", window(128)),
        ("no window", window(-1)),
    ];
    let x = random(TOKENS * (Q + 2 * KV), 1);
    for (name, attributes) in variants {
        for packed in [true, false] {
            let model = model(packed, &attributes);
            let expected = original(&model, packed, &x);
            for steps in [vec![TOKENS], vec![2, 60, 2, 3, 80, 3]] {
                let found = paged(model.clone(), packed, &x, &steps);
                let apart = found.iter().zip(&expected).map(|(left, right)| (left - right).abs()).fold(0.0, f32::max);
                assert_eq!(found.len(), expected.len());
                assert!(apart < 2e-5, "{name}, packed {packed}, steps {steps:?}: {apart}");
            }
        }
    }
}

#[test]
fn a_run_that_was_not_announced_fails() {
    let mut model = model(true, &[]);
    let past = ["past_k", "past_v", "lengths", "total"].map(str::to_owned);
    let options = PagedOptions {
        input_ids: "q",
        logits: "y",
        past: &past,
        present: &["present_k", "present_v"].map(str::to_owned),
        attention_mask: "none",
        attention: SHAPE,
    };
    page_attention(&mut model, &options).unwrap();
    let layout = KvLayout::new(16, SHAPE.kv_heads, SHAPE.head_size).unwrap();
    let step = Arc::new(CurrentStep::default());
    let own = operators(&step, &Arc::new(KvCache::new(1, layout, 1)), 1).unwrap();
    let mut session = Runtime::load(None).unwrap().session(&model, 1, Some(own)).unwrap();
    let run = |session: &mut Session| {
        let mut inputs = columns(true, &random(Q + 2 * KV, 1), [1, 1]);
        inputs.insert(LOGIT_ROWS.to_owned(), Tensor::from_array(([1], vec![0_i64])).unwrap().into());
        session.run(inputs).err().unwrap().to_string()
    };
    let error = run(&mut session);
    assert!(error.contains("no step was announced"), "{error}");
    let span = Span { first: 0, tokens: 2, past: 0, blocks: &[0] };
    let plan = AttentionPlan::new(&[span], 2, &layout).unwrap();
    let _step = step.begin_with(Plans { lora: None, attention: Some(Arc::new(plan)) });
    let error = run(&mut session);
    assert!(error.contains("do not belong together"), "{error}");
}
