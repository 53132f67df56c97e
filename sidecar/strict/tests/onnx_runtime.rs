//! Whole gradients beside ONNX Runtime's, for every model that the project supports.

#![allow(clippy::unwrap_used)]

mod support;

use openledger_engine::gradient::{GradientConfig, GradientRow, GradientSession};
use openledger_strict::StrictOptions;
use support::{distance, models, run};

#[test]
fn gradients_are_those_of_onnx_runtime() {
    for model_dir in models() {
        let config = GradientConfig { model_dir: model_dir.clone(), ort_library: None, threads: 1, targets: vec![] };
        let expected = run(&mut GradientSession::open(&config).unwrap(), &[0, 1, 2]).unwrap();
        let found = run(&mut support::open(model_dir.clone(), StrictOptions::default()), &[0, 1, 2]).unwrap();
        let parts =
            found.log_probs.iter().zip(&expected.log_probs).chain(found.gradients.iter().zip(&expected.gradients));
        for (found, expected) in parts {
            assert!(expected.iter().any(|value| *value != 0.0), "{model_dir:?}: nothing to compare");
            let away = distance(found, expected);
            println!("{model_dir:?} {away:e}");
            assert!(away < 1e-5, "{model_dir:?}: {away:e}");
        }
    }
}

#[test]
fn a_stored_adapter_and_a_real_answer_give_the_gradient_of_onnx_runtime() {
    let folder = support::repository().join("examples/adapters/wordnet/full");
    let model_dir = support::example_model();
    let config = GradientConfig { model_dir: model_dir.clone(), ort_library: None, threads: 1, targets: vec![] };
    let mut runtime = GradientSession::open(&config).unwrap();
    let mut strict = support::open(model_dir, StrictOptions::default());
    let adapter = strict.read_adapter(&folder, None).unwrap();
    assert_eq!(adapter, runtime.read_adapter(&folder, None).unwrap());
    let prompt = strict.encode("What is a ledger?").unwrap();
    let answer = strict.encode_completion(" a record in which commercial accounts are recorded").unwrap();
    let tokens = [prompt.clone(), answer.clone()].concat();
    let weights = [vec![0.0; prompt.len()], vec![1.0; answer.len()]].concat();
    let row = [GradientRow { tokens: &tokens, weights: &weights }];
    let expected = runtime.run(&row, &[&adapter.parameters], &adapter.layout, adapter.scale).unwrap();
    let found = strict.run(&row, &[&adapter.parameters], &adapter.layout, adapter.scale).unwrap();
    assert!(distance(&found.log_probs[0], &expected.log_probs[0]) < 1e-5);
    assert!(distance(&found.gradients[0], &expected.gradients[0]) < 1e-5);
}
