//! The trained example model and its adapters.

use std::collections::HashMap;

use openledger_onnx_graph::{
    AttentionShape, LoadLimits, Model, find_sites,
    grad::{GradientOptions, LoraFactors, TARGET_WEIGHTS, TARGETS},
};
use safetensors::SafeTensors;

use super::{Value, Values, repository, values};

/// Rank of the example adapters, and their scale: alpha over rank.
pub const RANK: usize = 16;
pub const SCALE: f32 = 2.0;

pub fn model() -> Model {
    Model::load(&repository().join("examples/model/model.onnx"), &LoadLimits::default()).unwrap()
}

pub fn options(model: &Model) -> GradientOptions {
    let attention = AttentionShape { heads: 4, kv_heads: 2, head_size: 32 };
    GradientOptions {
        input_ids: "input_ids".to_owned(),
        logits: "logits".to_owned(),
        past: (0..4).flat_map(|i| ["key", "value"].map(|kind| format!("past_key_values.{i}.{kind}"))).collect(),
        attention,
        sites: find_sites(model, &attention).unwrap(),
    }
}

/// Key of a factor in a PEFT file.
pub fn peft_key(factors: &LoraFactors, matrix: &str) -> String {
    let block = if factors.module.contains("gate") || factors.module.contains("up") || factors.module.contains("down") {
        "mlp"
    } else {
        "self_attn"
    };
    format!("base_model.model.model.layers.{}.{block}.{}.lora_{matrix}.weight", factors.layer, factors.module)
}

/// All matrices of an adapter by PEFT's key.
pub fn adapter(name: &str) -> HashMap<String, Vec<f32>> {
    let path = repository().join("examples/adapters").join(name).join("adapter_model.safetensors");
    let bytes = std::fs::read(path).unwrap();
    let stored = SafeTensors::deserialize(&bytes).unwrap();
    let read = |data: &[u8]| {
        data.chunks_exact(2).map(|two| half::bf16::from_le_bytes(two.try_into().unwrap()).to_f32()).collect()
    };
    stored.tensors().into_iter().map(|(key, tensor)| (key, read(tensor.data()))).collect()
}

/// One row: an answer after a prompt, under an adapter.
pub struct Row<'a> {
    pub prompt: &'a [i64],
    pub answer: &'a [i64],
    pub adapter: &'a HashMap<String, Vec<f32>>,
}

/// Inputs of the gradient graph, padded on the right.
pub fn feed(factors: &[LoraFactors], rows: &[Row<'_>]) -> Values {
    let width = rows.iter().map(|row| row.prompt.len() + row.answer.len()).max().unwrap();
    let (mut ids, mut targets, mut weights) = (Vec::new(), Vec::new(), Vec::new());
    for row in rows {
        let all: Vec<i64> = row.prompt.iter().chain(row.answer).copied().collect();
        let padding = width - all.len();
        ids.extend(all.iter().copied().chain(std::iter::repeat_n(0, padding)));
        targets.extend(all[1..].iter().copied().chain(std::iter::repeat_n(0, padding + 1)));
        let counted = row.prompt.len() - 1..all.len() - 1;
        weights.extend((0..width).map(|at| if counted.contains(&at) { 1.0_f32 } else { 0.0 }));
    }
    let dims = [rows.len(), width];
    let mut inputs = values([
        ("input_ids", Value::i64(&dims, ids)),
        (TARGETS, Value::i64(&dims, targets)),
        (TARGET_WEIGHTS, Value::f32(&dims, weights)),
    ]);
    for factors in factors {
        let matrix = |name: &str, scale: f32| -> Vec<f32> {
            let key = peft_key(factors, name);
            rows.iter().flat_map(|row| row.adapter[&key].iter().map(|value| value * scale)).collect()
        };
        let a = Value::f32(&[rows.len(), RANK, factors.in_features], matrix("A", 1.0));
        let b = Value::f32(&[rows.len(), factors.out_features, RANK], matrix("B", SCALE));
        inputs.insert(factors.a_input.clone(), a);
        inputs.insert(factors.b_input.clone(), b);
    }
    inputs
}
