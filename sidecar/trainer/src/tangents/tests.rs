#![allow(clippy::unwrap_used)]

use std::path::Path;

use openledger_corpus::{Contribution, Datanet, Limits};
use openledger_engine::gradient::{CurvatureSession, GradientConfig, GradientSession};

use super::*;
use crate::step::{Part, step};

fn config() -> GradientConfig {
    let model_dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/model");
    GradientConfig { model_dir, ort_library: None, threads: 1, targets: Vec::new() }
}

fn recipe() -> Recipe {
    Recipe {
        rank: 4,
        alpha: 8.0,
        learning_rate: 0.03,
        epsilon: 1e-2,
        weight_decay: 0.01,
        epochs: 4,
        batch_rows: 6,
        run_rows: 6,
        init_seed: 7,
        order_seed: 8,
        ..Recipe::default()
    }
}

fn examples(session: &GradientSession) -> Examples {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/datanets/wordnet");
    let datanet = Datanet::load(&folder).unwrap();
    let part = |part: &Contribution| {
        Contribution::from_rows(&part.contributor, part.rows[..6].to_vec(), &Limits::default()).unwrap()
    };
    let slice: Vec<Contribution> = datanet.contributions.iter().take(3).map(part).collect();
    Examples::encode(&slice, session, &recipe()).unwrap()
}

/// Trains with the rows' own weights.
fn train(session: &mut GradientSession, examples: &Examples, recipe: &Recipe, weights: &[f32]) -> Vec<f32> {
    let layout = session.layout(4).unwrap();
    let order = Order::new(recipe, examples.len()).unwrap();
    let mut states = vec![TrainState::new(initial_factors(session.modules(), &layout, recipe.init_seed))];
    for at in 0..order.steps() {
        let parts = [Part { rows: order.step(at), weights, added: Vec::new() }];
        step(session, &layout, recipe, examples, &parts, &mut states, (at, order.steps())).unwrap();
    }
    states.remove(0).parameters
}

fn plan(groups: Vec<usize>, draws: u32) -> TangentPlan {
    TangentPlan { groups: groups.into_iter().map(Some).collect(), draws, draw_seed: 1, threads: 2 }
}

fn differentiate(recipe: &Recipe, examples: &Examples, plan: &TangentPlan) -> Tangents {
    let mut session = CurvatureSession::open(&config()).unwrap();
    tangents(&mut session, examples, recipe, plan, |_| ControlFlow::Continue(())).unwrap().unwrap()
}

fn cosine(left: &[f64], right: &[f64]) -> f64 {
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    product(left, right) / (product(left, left) * product(right, right)).sqrt()
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value)).collect()
}

#[test]
fn tangents_are_the_differences_of_trainings() {
    let mut session = GradientSession::open(&config()).unwrap();
    let examples = examples(&session);
    // Without clipping, and with clipping in every step.
    for most in [None, Some(0.3)] {
        let recipe = Recipe { max_gradient_norm: most, ..recipe() };
        let found = differentiate(&recipe, &examples, &plan((0..examples.len()).collect(), 16));
        let whole = train(&mut session, &examples, &recipe, &vec![1.0; examples.len()]);
        let apart = cosine(&wide(&found.state.parameters), &wide(&whole));
        assert!(apart > 1.0 - 1e-6, "the same training: {apart}");
        for row in [0, 8] {
            let moved = |by: f32| {
                let weights: Vec<f32> = (0..examples.len()).map(|at| if at == row { 1.0 + by } else { 1.0 }).collect();
                train(&mut session, &examples, &recipe, &weights)
            };
            let (mut moved, by) = (moved, 0.05_f32);
            let (up, down) = (wide(&moved(by)), wide(&moved(-by)));
            let expected: Vec<f64> = up.iter().zip(&down).map(|(u, d)| (u - d) / (2.0 * f64::from(by))).collect();
            let got = wide(&found.vectors[row]);
            let close = cosine(&got, &expected);
            let length = |values: &[f64]| values.iter().map(|value| value * value).sum::<f64>().sqrt();
            let ratio = length(&got) / length(&expected);
            println!("{most:?}, row {row}: cosine {close:.4}, length {ratio:.4}");
            assert!(close > 0.9 && (0.85..1.15).contains(&ratio), "row {row}: cosine {close}, length {ratio}");
        }
    }
}

#[test]
fn a_groups_tangent_is_the_sum_of_its_rows() {
    let session = GradientSession::open(&config()).unwrap();
    let examples = examples(&session);
    let recipe = Recipe { epochs: 2, ..recipe() };
    let rows = differentiate(&recipe, &examples, &plan((0..examples.len()).collect(), 2));
    let groups: Vec<usize> = (0..examples.len()).map(|row| row / 6).collect();
    let found = differentiate(&recipe, &examples, &plan(groups, 2));
    assert_eq!(found.vectors.len(), 3);
    for (group, vector) in found.vectors.iter().enumerate() {
        let own = &rows.vectors[group * 6..(group + 1) * 6];
        for (at, value) in vector.iter().enumerate() {
            let sum: f32 = own.iter().map(|row| row[at]).sum();
            assert!((value - sum).abs() < 1e-4 * (1.0 + sum.abs()), "{value} instead of {sum}");
        }
    }
}

#[test]
fn what_cannot_be_differentiated_is_refused() {
    let session = GradientSession::open(&config()).unwrap();
    let examples = examples(&session);
    let mut curvature = CurvatureSession::open(&config()).unwrap();
    let mut refused = |recipe: &Recipe, groups: Vec<usize>| {
        tangents(&mut curvature, &examples, recipe, &plan(groups, 1), |_| ControlFlow::Continue(())).unwrap_err().code()
    };
    let rows: Vec<usize> = (0..examples.len()).collect();
    let without = Recipe { left_out: Some(examples.contributors()[0].clone()), ..recipe() };
    assert_eq!(refused(&without, rows.clone()), "TRAIN_RECIPE_INVALID");
    assert_eq!(refused(&recipe(), vec![0; 3]), "TRAIN_LIMIT");
    assert_eq!(refused(&recipe(), vec![1 << 40; examples.len()]), "TRAIN_LIMIT");
    let stopped = tangents(&mut curvature, &examples, &recipe(), &plan(rows, 1), |_| ControlFlow::Break(())).unwrap();
    assert_eq!(stopped, None);
}
