//! A model exported by Optimum: no grouped attention, positions as an input, separate projections.
//! The golden numbers come from transformers and PEFT (`optimum/make.py`).

#![allow(clippy::unwrap_used)]

mod support;

use std::path::{Path, PathBuf};

use openledger_engine::{Engine, ScoreRow};
use serde::Deserialize;
use support::{answer, collect, greedy};

#[derive(Clone, Deserialize)]
struct Case {
    adapter: Option<String>,
    prompt: Vec<u32>,
    logits: Vec<f32>,
    greedy: Vec<u32>,
    log_prob: f64,
}

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/optimum")
}

fn cases() -> Vec<Case> {
    serde_json::from_slice(&std::fs::read(fixture().join("golden.json")).unwrap()).unwrap()
}

async fn start() -> Engine {
    let engine = Engine::start(support::config(fixture())).unwrap();
    let info = engine.load_adapter("adapter", &fixture().join("adapter"), None).await.unwrap();
    assert_eq!((info.rank, info.sites), (3, 14));
    engine
}

#[tokio::test]
async fn logits_and_log_probabilities_match_peft() {
    let engine = start().await;
    let mut worst = 0.0_f32;
    for case in cases() {
        let found = engine.prompt_logits(case.adapter.as_deref(), case.prompt.clone(), 1).await.unwrap();
        worst = found[0].iter().zip(&case.logits).fold(worst, |worst, (a, b)| worst.max((a - b).abs()));
    }
    println!("largest logit difference to PEFT: {worst:.2e}");
    assert!(worst <= 1e-3, "{worst}");
    let row = |case: Case| ScoreRow { adapter: case.adapter, prompt: case.prompt, completion: case.greedy };
    let scores = engine.score(cases().into_iter().map(row).collect()).await.unwrap();
    for (score, case) in scores.iter().zip(cases()) {
        assert!((score - case.log_prob).abs() <= 1e-3, "{score} {}", case.log_prob);
    }
}

#[tokio::test]
async fn a_mixed_batch_continues_as_each_request_alone() {
    let engine = start().await;
    let request = |case: &Case| greedy(case.adapter.clone(), case.prompt.clone(), case.greedy.len());
    let mut streams = Vec::new();
    for case in cases() {
        assert_eq!(answer(&engine, request(&case)).await.tokens, case.greedy);
        streams.push((engine.generate(request(&case)).await.unwrap(), case.greedy));
    }
    for (stream, expected) in streams {
        assert_eq!(collect(stream).await.unwrap().tokens, expected);
    }
}
