//! Gradients of the trained example model against torch autograd through PEFT.

#![allow(clippy::unwrap_used)]

mod runtime;

use std::collections::HashMap;

use openledger_onnx_graph::grad::{LOG_LIKELIHOOD, LOG_PROBS, gradient_graph, lora_factors};
use runtime::{Runner, example};
use serde::Deserialize;

/// Of a matrix's norm: both sides compute in 32 bits, in different order.
const TOLERANCE: f64 = 2e-4;

/// What `examples/scripts/gradient_golden.py` keeps of one matrix.
#[derive(Deserialize)]
struct Digest {
    shape: Vec<usize>,
    norm: f64,
    wave: f64,
    samples: Vec<f64>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    adapter: String,
    prompt_ids: Vec<i64>,
    answer_ids: Vec<i64>,
    log_probs: Vec<f64>,
    gradients: HashMap<String, Digest>,
}

#[allow(clippy::cast_precision_loss)]
fn digest(gradient: &[f64], samples: usize) -> Digest {
    let wave = |(at, value): (usize, &f64)| value * (0.37 * (at + 1) as f64).cos();
    Digest {
        shape: Vec::new(),
        norm: gradient.iter().map(|value| value * value).sum::<f64>().sqrt(),
        wave: gradient.iter().enumerate().map(wave).sum(),
        samples: (0..samples).map(|i| gradient[i * (gradient.len() - 1) / (samples - 1)]).collect(),
    }
}

#[test]
fn one_padded_batch_of_several_adapters_has_the_gradients_of_torch() {
    let text = std::fs::read_to_string(runtime::repository().join("tests/golden/gradients/cases.json")).unwrap();
    let cases: Vec<Case> = serde_json::from_str(&text).unwrap();
    assert!(cases.len() >= 5);
    let adapters: Vec<_> = cases.iter().map(|case| example::adapter(&case.adapter)).collect();
    let model = example::model();
    let options = example::options(&model);
    let factors = lora_factors(&options.sites);
    let rows: Vec<_> = cases
        .iter()
        .zip(&adapters)
        .map(|(case, adapter)| example::Row { prompt: &case.prompt_ids, answer: &case.answer_ids, adapter })
        .collect();
    let found = Runner::new(&gradient_graph(&model, &options).unwrap()).run(&example::feed(&factors, &rows));
    let mut worst = 0.0_f64;
    for (row, case) in cases.iter().enumerate() {
        let width = found[LOG_PROBS].dims[1];
        let log_probs = &found[LOG_PROBS].floats()[row * width..(row + 1) * width];
        for (at, expected) in case.log_probs.iter().enumerate() {
            let got = log_probs[case.prompt_ids.len() - 1 + at];
            assert!((got - expected).abs() < 1e-4, "{}: token {at}: {got} instead of {expected}", case.id);
        }
        let total: f64 = case.log_probs.iter().sum();
        assert!((found[LOG_LIKELIHOOD].floats()[row] - total).abs() < 1e-3);
        assert_eq!(case.gradients.len(), 2 * factors.len());
        for factors in &factors {
            for (matrix, name, scale) in
                [("A", &factors.a_gradient, 1.0), ("B", &factors.b_gradient, f64::from(example::SCALE))]
            {
                let expected = &case.gradients[&example::peft_key(factors, matrix)];
                assert_eq!(found[name].dims[1..], expected.shape);
                let size: usize = expected.shape.iter().product();
                // The graph's B carries the scale; PEFT's own does not.
                let own =
                    found[name].floats()[row * size..(row + 1) * size].iter().map(|v| v * scale).collect::<Vec<_>>();
                let got = digest(&own, expected.samples.len());
                let numbers = |digest: &Digest| {
                    let mut all = vec![digest.norm, digest.wave];
                    all.extend(&digest.samples);
                    all
                };
                for (got, wanted) in numbers(&got).into_iter().zip(numbers(expected)) {
                    let error = (got - wanted).abs() / expected.norm;
                    worst = worst.max(error);
                    assert!(error < TOLERANCE, "{} {name}: {got} instead of {wanted}", case.id);
                }
            }
        }
    }
    println!("largest difference to torch: {worst:.1e} of a matrix's norm");
}
