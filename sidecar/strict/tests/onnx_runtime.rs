//! Whole gradients beside ONNX Runtime's, for every model that the project supports.

#![allow(clippy::unwrap_used)]

mod support;

use openledger_engine::gradient::{GradientConfig, GradientSession};
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
