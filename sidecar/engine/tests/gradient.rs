//! The gradient session against the engine's scores, against differences, and against bad input.

#![allow(clippy::unwrap_used)]

mod support;

use std::path::{Path, PathBuf};

use openledger_engine::{
    Engine, EngineError, ScoreRow,
    gradient::{FactorLayout, GradientConfig, GradientRow, GradientRun, GradientSession, MAX_RUN_TOKENS},
};

const SCALE: f32 = 2.0;

fn optimum() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/optimum")
}

fn open(model_dir: PathBuf, targets: &[&str]) -> Result<GradientSession, EngineError> {
    let targets = targets.iter().map(|&name| name.to_owned()).collect();
    GradientSession::open(&GradientConfig { model_dir, ort_library: None, threads: 1, targets })
}

/// Numbers in −size..size that look random.
fn numbers(count: usize, seed: u64, size: f32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        ((state >> 40) as f32 / (1_u32 << 23) as f32 - 1.0) * size
    };
    (0..count).map(|_| next()).collect()
}

/// Prompt and completion of rows of different length.
const ROWS: [(&[u32], &[u32]); 4] =
    [(&[1, 5, 9], &[7, 3]), (&[1, 20], &[11, 12, 13, 4]), (&[1, 8, 8, 30], &[2]), (&[1, 6], &[40, 2])];

/// Tokens and weights of the rows.
fn rows() -> Vec<(Vec<u32>, Vec<f32>)> {
    let one = |(prompt, completion): &(&[u32], &[u32])| {
        let weights = [vec![0.0; prompt.len()], vec![1.0; completion.len()]].concat();
        ([*prompt, *completion].concat(), weights)
    };
    ROWS.iter().map(one).collect()
}

fn run(
    session: &mut GradientSession,
    rows: &[(Vec<u32>, Vec<f32>)],
    adapters: &[&[f32]],
    layout: &FactorLayout,
) -> Result<GradientRun, EngineError> {
    let rows: Vec<_> = rows.iter().map(|(tokens, weights)| GradientRow { tokens, weights }).collect();
    session.run(&rows, adapters, layout, SCALE)
}

#[tokio::test]
async fn log_probabilities_are_the_engines() {
    for folder in [support::model_dir(), optimum()] {
        let mut session = open(folder.clone(), &[]).unwrap();
        let layout = session.layout(2).unwrap();
        let unused = vec![0.0; layout.len];
        let found = run(&mut session, &rows(), &[&unused], &layout).unwrap();
        let engine = Engine::start(support::config(folder.clone())).unwrap();
        assert_eq!(engine.model().base_digest, session.model().base_digest);
        let score = |(prompt, completion): &(&[u32], &[u32])| ScoreRow {
            adapter: None,
            prompt: prompt.to_vec(),
            completion: completion.to_vec(),
        };
        let scores = engine.score(ROWS.iter().map(score).collect()).await.unwrap();
        for ((found, score), (tokens, weights)) in found.log_probs.iter().zip(scores).zip(rows()) {
            assert_eq!(found.len(), tokens.len());
            let counted = found.iter().zip(&weights).filter(|(_, weight)| **weight > 0.0);
            let sum: f64 = counted.map(|(log_prob, _)| f64::from(*log_prob)).sum();
            assert!((sum - score).abs() < 1e-3, "{folder:?}: {sum} instead of {score}");
        }
    }
}

#[test]
fn each_adapter_has_the_gradient_of_its_own_rows() {
    for folder in [support::model_dir(), optimum()] {
        let mut session = open(folder, &[]).unwrap();
        let layout = session.layout(2).unwrap();
        let adapters = [numbers(layout.len, 3, 0.1), numbers(layout.len, 4, 0.1)];
        let found = run(&mut session, &rows(), &[&adapters[0], &adapters[1]], &layout).unwrap();
        for (group, (adapter, gradient)) in adapters.iter().zip(&found.gradients).enumerate() {
            let own = &rows()[2 * group..2 * group + 2];
            let direction = numbers(layout.len, 5, 1.0);
            let mut moved = |by: f32| -> f64 {
                let adapter: Vec<f32> = adapter.iter().zip(&direction).map(|(value, way)| value + by * way).collect();
                let run = run(&mut session, own, &[&adapter], &layout).unwrap();
                run.log_probs.iter().flatten().map(|&value| f64::from(value)).sum()
            };
            let step = 2e-4;
            let expected = (moved(step) - moved(-step)) / (2.0 * f64::from(step));
            let got: f64 = gradient.iter().zip(&direction).map(|(g, way)| f64::from(*g) * f64::from(*way)).sum();
            assert!(expected.abs() > 0.1, "{expected} is no rounding noise");
            assert!((got - expected).abs() < 0.02 * (1.0 + expected.abs()), "{got} instead of {expected}");
        }
    }
}

#[test]
fn one_part_of_a_packed_projection_can_be_trained_alone() {
    let (mut all, mut keys) =
        (open(support::model_dir(), &[]).unwrap(), open(support::model_dir(), &["k_proj"]).unwrap());
    let (wide, narrow) = (all.layout(2).unwrap(), keys.layout(2).unwrap());
    assert_eq!(keys.modules().len(), 4);
    let adapter = numbers(narrow.len, 6, 0.1);
    let mut whole = vec![0.0; wide.len];
    let places: Vec<_> = all
        .modules()
        .iter()
        .zip(&wide.modules)
        .filter(|(module, _)| module.module == "k_proj")
        .map(|(_, places)| places.clone())
        .collect();
    for ((a, b), (from_a, from_b)) in places.iter().zip(&narrow.modules) {
        whole[a.clone()].copy_from_slice(&adapter[from_a.clone()]);
        whole[b.clone()].copy_from_slice(&adapter[from_b.clone()]);
    }
    let expected = run(&mut all, &rows(), &[&whole], &wide).unwrap();
    let found = run(&mut keys, &rows(), &[&adapter], &narrow).unwrap();
    let mut largest = 0.0_f32;
    for ((a, b), (own_a, own_b)) in places.iter().zip(&narrow.modules) {
        for (place, own) in [(a, own_a), (b, own_b)] {
            let pairs = expected.gradients[0][place.clone()].iter().zip(&found.gradients[0][own.clone()]);
            for (expected, found) in pairs {
                assert!((expected - found).abs() < 1e-4 * (1.0 + expected.abs()), "{found} instead of {expected}");
                largest = largest.max(expected.abs());
            }
        }
    }
    assert!(largest > 1e-2, "{largest}");
}

#[test]
fn bad_input_is_refused_before_it_runs() {
    let mut session = open(support::model_dir(), &[]).unwrap();
    let layout = session.layout(2).unwrap();
    let adapter = vec![0.0; layout.len];
    for rank in [0, 129, usize::MAX] {
        assert_eq!(session.layout(rank).unwrap_err().code(), "ADAPTER_LIMIT");
    }
    let other = session.layout(3).unwrap();
    let vocab = u32::try_from(session.model().vocab_size).unwrap();
    let row = |tokens: Vec<u32>| vec![(tokens.clone(), vec![1.0; tokens.len()])];
    let long = session.model().context_length + 1;
    let many = vec![(vec![1; 512], vec![1.0; 512]); MAX_RUN_TOKENS / 512 + 1];
    let cases = [
        (Vec::new(), "REQUEST_INVALID"),
        (row(vec![1]), "REQUEST_INVALID"),
        (row(vec![1, vocab]), "REQUEST_INVALID"),
        (vec![(vec![1, 2], vec![1.0])], "REQUEST_INVALID"),
        (vec![(vec![1, 2], vec![0.0, f32::NAN])], "REQUEST_INVALID"),
        (row(vec![1; long]), "REQUEST_OVER_LIMIT"),
        (many, "REQUEST_OVER_LIMIT"),
    ];
    for (rows, code) in cases {
        assert_eq!(run(&mut session, &rows, &[&adapter], &layout).unwrap_err().code(), code);
    }
    let two = [adapter.as_slice(), &adapter];
    let three = [rows(), row(vec![1, 2])].concat();
    assert!(run(&mut session, &three, &two, &layout).is_err(), "five rows for two adapters");
    assert!(run(&mut session, &rows(), &[], &layout).is_err());
    assert!(run(&mut session, &rows(), &[&adapter[1..]], &layout).is_err());
    assert!(run(&mut session, &rows(), &[&adapter], &other).is_err());
    assert!(run(&mut session, &rows(), &[&adapter], &layout).is_ok(), "refusals change nothing");
    let error = open(support::model_dir(), &["lm_head"]).err().unwrap();
    assert_eq!(error.code(), "ADAPTER_SITE_UNKNOWN");
    let nowhere = open(Path::new("/nowhere").to_owned(), &[]).err().unwrap();
    assert_eq!(nowhere.code(), "MODEL_FOLDER_INVALID");
}

mod curvature {
    use openledger_engine::gradient::{CurvatureRow, CurvatureSession};

    use super::*;

    fn open(model_dir: PathBuf) -> CurvatureSession {
        let config = GradientConfig { model_dir, ort_library: None, threads: 1, targets: Vec::new() };
        CurvatureSession::open(&config).unwrap()
    }

    fn rows_of<'a>(rows: &'a [(Vec<u32>, Vec<f32>)], signs: &'a [Vec<bool>]) -> Vec<CurvatureRow<'a>> {
        let row = |(tokens, weights): &'a (Vec<u32>, Vec<f32>)| GradientRow { tokens, weights };
        rows.iter().zip(signs).map(|(own, signs)| CurvatureRow { row: row(own), signs }).collect()
    }

    #[test]
    fn without_signs_it_is_the_gradient_session() {
        for folder in [support::model_dir(), optimum()] {
            let mut plain = super::open(folder.clone(), &[]).unwrap();
            let layout = plain.layout(2).unwrap();
            let adapter = numbers(layout.len, 3, 0.1);
            let expected = run(&mut plain, &rows(), &[&adapter], &layout).unwrap();
            let mut session = open(folder);
            let rows = rows();
            let none = vec![Vec::new(); rows.len()];
            let found = session.run(&rows_of(&rows, &none), &[&adapter], &layout, SCALE).unwrap();
            for (found, expected) in found.gradients[0].iter().zip(&expected.gradients[0]) {
                assert!((found - expected).abs() < 1e-4 * (1.0 + expected.abs()), "{found} instead of {expected}");
            }
            assert_eq!(found.log_probs.len(), expected.log_probs.len());
        }
    }

    /// y = W x + s B A x, so the gradient by B is s M Aᵀ and that by A is s Bᵀ M, M being the gradient by W.
    #[test]
    fn gradients_by_weights_give_those_by_factors() {
        for folder in [support::model_dir(), optimum()] {
            let mut session = open(folder);
            let layout = session.gradients().layout(2).unwrap();
            let adapter = numbers(layout.len, 3, 0.1);
            let rows = rows();
            let none = vec![Vec::new(); rows.len()];
            let found = session.run(&rows_of(&rows, &none), &[&adapter], &layout, SCALE).unwrap();
            let modules = session.modules().to_vec();
            assert_eq!(found.weights.len(), modules.len());
            for ((module, (a, b)), weight) in modules.iter().zip(&layout.modules).zip(&found.weights) {
                let (wide, long) = (module.out_features, module.in_features);
                assert_eq!(weight.len(), wide * long);
                let (a_values, b_gradient) = (&adapter[a.clone()], &found.gradients[0][b.clone()]);
                for out in 0..wide {
                    for rank in 0..2 {
                        let product =
                            |at: usize| f64::from(weight[out * long + at]) * f64::from(a_values[rank * long + at]);
                        let expected = f64::from(SCALE) * (0..long).map(product).sum::<f64>();
                        let got = f64::from(b_gradient[out * 2 + rank]);
                        assert!((got - expected).abs() < 1e-3 * (1.0 + expected.abs()), "{got} instead of {expected}");
                    }
                }
            }
        }
    }

    /// √p ∘ ξ − p (√p · ξ) is Σ √p ξ (onehot − p), so a row's gradient is that sum over its gradients on every token; and its outer
    /// products are in the mean Σ p (onehot − p)(onehot − p)ᵀ, the Gauss-Newton matrix.
    #[test]
    fn signs_draw_from_the_curvature() {
        let mut session = open(support::model_dir());
        let layout = session.gradients().layout(1).unwrap();
        let adapter = numbers(layout.len, 3, 0.1);
        let (vocabulary, each) = (session.gradients().model().vocab_size, session.signs_per_token());
        let side = each / 2;
        assert!((side - 1) * (side - 1) < vocabulary && side * side >= vocabulary);
        let weights = [0.0, 0.0, 1.0];
        let direction = numbers(layout.len, 4, 1.0);
        let mut along = |last: u32, signs: &[bool]| -> (f64, f64) {
            let tokens = [1_u32, 5, last];
            let row = CurvatureRow { row: GradientRow { tokens: &tokens, weights: &weights }, signs };
            let found = session.run(&[row], &[&adapter], &layout, SCALE).unwrap();
            let products = found.gradients[0].iter().zip(&direction).map(|(a, b)| f64::from(*a) * f64::from(*b));
            (f64::from(found.log_probs[0][2]), products.sum())
        };
        let own: Vec<(f64, f64)> = (0..vocabulary).map(|token| along(token as u32, &[])).collect();
        let curvature: f64 = own.iter().map(|(log_prob, slope)| log_prob.exp() * slope * slope).sum();
        let mut stream = 9_u64;
        let mut coin = || {
            stream = stream.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            stream >> 60 & 1 == 1
        };
        let (mut squares, draws) = (0.0, 400);
        for _ in 0..draws {
            let signs: Vec<bool> = (0..each * 3).map(|_| coin()).collect();
            let (_, found) = along(3, &signs);
            squares += found * found / f64::from(draws);
            let one = |at: usize| if signs[each * 2 + at] { 1.0 } else { -1.0 };
            let sign = |token: usize| one(token / side) * one(side + token % side);
            let terms =
                own.iter().enumerate().map(|(token, (log_prob, slope))| (log_prob / 2.0).exp() * sign(token) * slope);
            let expected: f64 = terms.sum();
            assert!(
                (found - expected).abs() < 1e-3 * (curvature.sqrt() + expected.abs()),
                "{found} instead of {expected}"
            );
        }
        // The mean of squares of something near a Gaussian: 7 % is one standard deviation.
        assert!((squares / curvature - 1.0).abs() < 0.25, "{squares} instead of {curvature}");
        let tokens = [1_u32, 5, 3];
        let row = GradientRow { tokens: &tokens, weights: &weights };
        let signs = vec![true; each * 2];
        let error = session.run(&[CurvatureRow { row, signs: &signs }], &[&adapter], &layout, SCALE).unwrap_err();
        assert!(matches!(error, EngineError::RequestInvalid { .. }), "{error}");
    }
}
