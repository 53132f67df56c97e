//! Gradients of the model folders in `tests/golden/models`: what the search takes for a site, quantised
//! ones too, has a gradient, and the graph computes what transformers computes.

#![allow(clippy::unwrap_used)]

mod runtime;

use std::path::Path;

use openledger_onnx_graph::{
    AttentionShape, LoadLimits, Model, find_sites,
    grad::{
        GradientOptions, LOG_LIKELIHOOD, LOG_PROBS, LoraFactors, TARGET_WEIGHTS, TARGETS, gradient_graph, lora_factors,
    },
};
use runtime::{Runner, Value, Values};
use safetensors::SafeTensors;
use serde_json::Value as Json;

const RANK: usize = 2;
/// Step of a difference, along the gradient.
const STEP: f64 = 5e-3;
/// The second prompt of `tests/models/make.py`.
const PROMPT: [i64; 12] = [1, 200, 13, 33, 34, 35, 36, 37, 250, 251, 90, 91];
/// Logits of the last two positions are kept: this one predicts the last token.
const POSITION: usize = PROMPT.len() - 2;

fn options(folder: &Path, model: &Model) -> GradientOptions {
    let config: Json = serde_json::from_slice(&std::fs::read(folder.join("genai_config.json")).unwrap()).unwrap();
    let number = |name: &str| usize::try_from(config["model"]["decoder"][name].as_u64().unwrap()).unwrap();
    let attention = AttentionShape {
        heads: number("num_attention_heads"),
        kv_heads: number("num_key_value_heads"),
        head_size: number("head_size"),
    };
    GradientOptions {
        input_ids: "input_ids".to_owned(),
        logits: "logits".to_owned(),
        past: (0..number("num_hidden_layers"))
            .flat_map(|layer| ["key", "value"].map(|kind| format!("past_key_values.{layer}.{kind}")))
            .collect(),
        attention,
        sites: find_sites(model, &attention).unwrap(),
    }
}

/// One row that weighs the token after [`POSITION`], with B as given.
fn feed(factors: &[LoraFactors], b: impl Fn(usize, &LoraFactors) -> Vec<f32>) -> Values {
    let targets = PROMPT[1..].iter().copied().chain([-100]).collect();
    let weights = (0..PROMPT.len()).map(|at| if at == POSITION { 1.0 } else { 0.0 }).collect();
    let dims = [1, PROMPT.len()];
    let mut values = runtime::values([
        ("input_ids", Value::i64(&dims, PROMPT.to_vec())),
        (TARGETS, Value::i64(&dims, targets)),
        (TARGET_WEIGHTS, Value::f32(&dims, weights)),
    ]);
    for (index, factors) in factors.iter().enumerate() {
        let wave = |at: usize| (((at * 37 + index * 11) % 64) as f32 / 32.0 - 1.0) * 0.2;
        let a = (0..RANK * factors.in_features).map(wave).collect();
        values.insert(factors.a_input.clone(), Value::f32(&[1, RANK, factors.in_features], a));
        values.insert(factors.b_input.clone(), Value::f32(&[1, factors.out_features, RANK], b(index, factors)));
    }
    values
}

/// Log-probability of the last token in transformers.
fn golden(folder: &Path) -> f64 {
    let bytes = std::fs::read(folder.join("logits.safetensors")).unwrap();
    let stored = SafeTensors::deserialize(&bytes).unwrap();
    let logits = stored.tensor("base/1").unwrap();
    let row: Vec<f64> = logits.data()[..4 * logits.shape()[1]]
        .chunks_exact(4)
        .map(|four| f64::from(f32::from_le_bytes(four.try_into().unwrap())))
        .collect();
    let largest = row.iter().copied().fold(f64::MIN, f64::max);
    let total: f64 = row.iter().map(|logit| (logit - largest).exp()).sum();
    row[usize::try_from(PROMPT[POSITION + 1]).unwrap()] - largest - total.ln()
}

#[test]
fn every_site_of_every_shape_has_the_gradient_of_its_differences() {
    let mut shapes = 0;
    for entry in std::fs::read_dir(runtime::repository().join("tests/golden/models")).unwrap() {
        let folder = entry.unwrap().path();
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let model = Model::load(&folder.join("model.onnx"), &LoadLimits::default()).unwrap();
        let options = options(&folder, &model);
        let factors = lora_factors(&options.sites);
        assert_eq!(factors.len(), 14, "{name}");
        let mut graph = Runner::new(&gradient_graph(&model, &options).unwrap());
        let zeros = |_, factors: &LoraFactors| vec![0.0; factors.out_features * RANK];
        let found = graph.run(&feed(&factors, zeros));
        let log_prob = found[LOG_PROBS].floats()[POSITION];
        // The gradient's graph does not round what enters a quantised product, as the golden model does not.
        assert!((log_prob - golden(&folder)).abs() < 1e-4, "{name}: {log_prob} instead of {}", golden(&folder));
        let gradients: Vec<Vec<f64>> =
            factors.iter().map(|factors| found[&factors.b_gradient].floats().to_vec()).collect();
        for (factors, gradient) in factors.iter().zip(&gradients) {
            assert!(gradient.iter().any(|value| value.abs() > 1e-5), "{name}: {} of {}", factors.module, factors.layer);
        }
        // Along the gradient the log-likelihood grows by the gradient's own norm.
        let norm = gradients.iter().flatten().map(|value| value * value).sum::<f64>().sqrt();
        let mut moved = |by: f64| {
            let b = |index: usize, _: &LoraFactors| -> Vec<f32> {
                gradients[index].iter().map(|value| (value / norm * by) as f32).collect()
            };
            graph.run(&feed(&factors, b))[LOG_LIKELIHOOD].floats()[0]
        };
        let slope = (moved(STEP) - moved(-STEP)) / (2.0 * STEP);
        println!("{name}: slope {slope:.5}, norm {norm:.5}");
        assert!((slope - norm).abs() < 2e-3 * norm, "{name}: {slope} instead of {norm}");
        shapes += 1;
    }
    assert_eq!(shapes, 11);
}
