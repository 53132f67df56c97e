//! The loop against torch, transformers and PEFT: `tests/golden/training`, written by `examples/scripts/train_golden.py`.

use std::{collections::HashMap, path::Path};

use openledger_corpus::{Contribution, Datanet, Limits};
use openledger_engine::gradient::{GradientConfig, GradientSession};
use safetensors::SafeTensors;
use serde::Deserialize;

use crate::{
    Decay, Examples, Recipe, TrainState,
    step::{Part, step},
};

#[derive(Deserialize)]
struct Digest {
    norm: f64,
    wave: f64,
    samples: Vec<f64>,
}

#[derive(Deserialize)]
struct Golden {
    rows_per_contributor: usize,
    epochs: u32,
    batch_rows: u32,
    rank: u32,
    alpha: f64,
    learning_rate: f64,
    warmup_steps: u32,
    floor: f64,
    weight_decay: f64,
    max_gradient_norm: f64,
    epsilon: f64,
    losses: Vec<f64>,
    #[serde(rename = "final")]
    last: HashMap<String, Digest>,
}

fn repository() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Losses of every step and the state after the last, in runs of so many rows.
fn train(golden: &Golden, run_rows: u32) -> (Vec<f64>, TrainState, GradientSession) {
    let config = GradientConfig {
        model_dir: repository().join("examples/model"),
        ort_library: None,
        threads: 1,
        targets: Vec::new(),
    };
    let mut session = GradientSession::open(&config).unwrap();
    let recipe = Recipe {
        rank: golden.rank,
        alpha: golden.alpha,
        learning_rate: golden.learning_rate,
        epsilon: golden.epsilon,
        weight_decay: golden.weight_decay,
        max_gradient_norm: Some(golden.max_gradient_norm),
        warmup_steps: golden.warmup_steps,
        decay: Decay::Cosine,
        floor: golden.floor,
        epochs: golden.epochs,
        batch_rows: golden.batch_rows,
        run_rows,
        ..Recipe::default()
    };
    let datanet = Datanet::load(&repository().join("examples/datanets/wordnet")).unwrap();
    let parts = datanet.contributions.iter().map(|part| {
        let rows = part.rows[..golden.rows_per_contributor].to_vec();
        Contribution::from_rows(&part.contributor, rows, &Limits::default()).unwrap()
    });
    let examples = Examples::encode(&parts.collect::<Vec<_>>(), &session, &recipe).unwrap();
    let layout = session.layout(usize::try_from(golden.rank).unwrap()).unwrap();
    let bytes = std::fs::read(repository().join("tests/golden/training/initial.safetensors")).unwrap();
    let stored = SafeTensors::deserialize(&bytes).unwrap();
    let mut parameters = vec![0.0; layout.len];
    for (module, (a, _)) in session.modules().iter().zip(&layout.modules) {
        let name = crate::peft::key(module, "A");
        let data = stored.tensor(&name).unwrap();
        for (into, four) in parameters[a.clone()].iter_mut().zip(data.data().chunks_exact(4)) {
            *into = f32::from_le_bytes(four.try_into().unwrap());
        }
    }
    let mut states = vec![TrainState::new(parameters)];
    let (rows, weights): (Vec<usize>, Vec<f32>) = (0..examples.len()).map(|row| (row, 1.0)).unzip();
    let batches: Vec<&[usize]> = rows.chunks(usize::try_from(golden.batch_rows).unwrap()).collect();
    let steps = golden.losses.len();
    let mut losses = Vec::new();
    for at in 0..steps {
        let parts = [Part { rows: batches[at % batches.len()], weights: &weights, added: Vec::new() }];
        let found = step(&mut session, &layout, &recipe, &examples, &parts, &mut states, (at, steps)).unwrap();
        losses.push(found[0].loss);
    }
    (losses, states.remove(0), session)
}

#[test]
#[allow(clippy::cast_precision_loss)]
fn losses_and_final_factors_are_those_of_peft() {
    let text = std::fs::read_to_string(repository().join("tests/golden/training/run.json")).unwrap();
    let golden: Golden = serde_json::from_str(&text).unwrap();
    assert!(golden.losses.len() >= 20);
    // Whole steps, and steps split into runs of three rows: gradients are accumulated.
    for run_rows in [golden.batch_rows, 3] {
        let (losses, state, session) = train(&golden, run_rows);
        let mut worst = 0.0_f64;
        for (at, (found, torch)) in losses.iter().zip(&golden.losses).enumerate() {
            worst = worst.max((found - torch).abs());
            assert!((found - torch).abs() < 1e-3, "step {at}: {found} instead of {torch}");
        }
        assert!(golden.losses[0] - losses[losses.len() - 1] > 0.1, "the training moved");
        let layout = session.layout(usize::try_from(golden.rank).unwrap()).unwrap();
        let mut furthest = 0.0_f64;
        for (module, (a, b)) in session.modules().iter().zip(&layout.modules) {
            for (matrix, places) in [("A", a), ("B", b)] {
                let torch = &golden.last[&crate::peft::key(module, matrix)];
                let own: Vec<f64> = state.parameters[places.clone()].iter().map(|&value| f64::from(value)).collect();
                let norm = own.iter().map(|value| value * value).sum::<f64>().sqrt();
                let wave: f64 = own.iter().enumerate().map(|(at, value)| value * (0.37 * (at + 1) as f64).cos()).sum();
                let samples = torch.samples.len();
                let mut pairs = vec![(norm, torch.norm), (wave, torch.wave)];
                pairs.extend((0..samples).map(|i| (own[i * (own.len() - 1) / (samples - 1)], torch.samples[i])));
                for (found, torch_value) in pairs {
                    let part = (found - torch_value).abs() / torch.norm;
                    furthest = furthest.max(part);
                    assert!(part < 1e-2, "{module:?} {matrix}: {found} instead of {torch_value}");
                }
            }
        }
        println!(
            "runs of {run_rows}: largest difference of a loss {worst:.1e}, of a factor {furthest:.1e} of its norm"
        );
    }
}
