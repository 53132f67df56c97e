//! The engine against transformers and PEFT on the same weights.

#![allow(clippy::unwrap_used)]

mod support;

use openledger_engine::ScoreRow;
use support::{answer, cases, golden, greedy, start_with_adapters};

const TOLERANCE: f64 = 1e-3;

#[tokio::test]
async fn logits_match_peft() {
    let engine = start_with_adapters().await;
    let bytes = std::fs::read(golden().join("logits.safetensors")).unwrap();
    let stored = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let mut worst = 0.0_f64;
    for case in cases() {
        let expected = stored.tensor(&case.id).unwrap();
        let positions = expected.shape()[0];
        let adapter = case.adapter();
        let found = engine.prompt_logits(adapter.as_deref(), case.prompt_ids.clone(), positions).await.unwrap();
        let expected = expected.data().chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap()));
        for (found, expected) in found.into_iter().flatten().zip(expected) {
            worst = worst.max(f64::from((found - expected).abs()));
        }
    }
    println!("largest logit difference to PEFT: {worst:.2e}");
    assert!(worst <= TOLERANCE, "{worst}");
}

#[tokio::test]
async fn log_probabilities_match_peft_in_one_mixed_batch() {
    let engine = start_with_adapters().await;
    let rows = |case: &support::Case| ScoreRow {
        adapter: case.adapter(),
        prompt: case.prompt_ids.clone(),
        completion: case.answer_ids.clone(),
    };
    let scores = engine.score(cases().iter().map(rows).collect()).await.unwrap();
    let mut worst = 0.0_f64;
    for (case, score) in cases().iter().zip(&scores) {
        worst = worst.max((score - case.answer_log_prob).abs());
    }
    println!("largest log-probability difference to PEFT: {worst:.2e} nats");
    assert_eq!(scores.len(), cases().len());
    assert!(worst <= TOLERANCE, "{worst}");
}

#[tokio::test]
async fn greedy_continuations_match_peft() {
    let engine = start_with_adapters().await;
    let eos = engine.model().eos_token_ids.clone();
    for case in cases() {
        assert_eq!(engine.encode(&case.prompt).unwrap(), case.prompt_ids);
        let found = answer(&engine, greedy(case.adapter(), case.prompt_ids.clone(), case.greedy_ids.len())).await;
        let end = case.greedy_ids.iter().position(|id| eos.contains(id));
        let expected = &case.greedy_ids[..end.map_or(case.greedy_ids.len(), |end| end + 1)];
        assert_eq!(found.tokens, expected, "{}", case.id);
        assert_eq!(found.text, engine.decode(expected).unwrap());
        assert_eq!(found.text, found.streamed);
    }
}
