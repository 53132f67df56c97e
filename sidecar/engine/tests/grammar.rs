//! Answers that have to fit a grammar: they do, whatever the model would rather say and whatever else is in the batch.

// A test that unwraps fails, which is all it needs to do.
#![allow(clippy::unwrap_used)]

mod support;

use openledger_engine::{Engine, FinishReason, GenerateRequest, Grammar, Sampling};
use support::{answer, collect, greedy, start};

const PROMPT: [u32; 3] = [5, 40, 77];

fn hot(seed: u64, grammar: Grammar) -> GenerateRequest {
    let sampling = Sampling { temperature: 3.0, seed, ..Sampling::greedy() };
    GenerateRequest { sampling, grammar: Some(grammar), ..greedy(None, PROMPT.into(), 60) }
}

fn regex(text: &str) -> Grammar {
    Grammar::Regex(text.into())
}

#[tokio::test]
async fn an_answer_is_a_value_of_its_schema() {
    let engine = start();
    let schema = r#"{
        "type": "object",
        "properties": {
            "kind": { "enum": ["animal", "plant"] },
            "legs": { "type": "integer", "minimum": 0, "maximum": 8 }
        },
        "required": ["kind", "legs"],
        "additionalProperties": false
    }"#;
    for seed in 0..8 {
        let found = answer(&engine, hot(seed, Grammar::JsonSchema(schema.into()))).await;
        assert_eq!(found.reason, FinishReason::Eos, "{}", found.text);
        let value: serde_json::Value = serde_json::from_str(&found.text).unwrap();
        assert!(["animal", "plant"].contains(&value["kind"].as_str().unwrap()));
        assert!((0..=8).contains(&value["legs"].as_i64().unwrap()));
        assert_eq!(value.as_object().unwrap().len(), 2);
    }
}

#[tokio::test]
async fn an_answer_matches_its_expression_to_the_end() {
    let engine = start();
    for seed in 0..8 {
        let found = answer(&engine, hot(seed, regex("(yes|no), [0-9]{2,3} (ä|ö)+!"))).await;
        assert_eq!(found.reason, FinishReason::Eos);
        let (word, rest) = found.text.split_once(", ").unwrap();
        let (number, end) = rest.split_once(' ').unwrap();
        assert!(["yes", "no"].contains(&word) && (2..=3).contains(&number.len()) && number.parse::<u32>().is_ok());
        assert!(end.ends_with('!') && end.trim_end_matches('!').chars().all(|c| "äö".contains(c)), "{end}");
    }
}

#[tokio::test]
async fn what_else_is_in_the_batch_changes_nothing() {
    let engine = start();
    let alone = answer(&engine, hot(3, regex("[a-z]{1,40}"))).await;
    let requests = [
        hot(3, regex("[a-z]{1,40}")),
        GenerateRequest { grammar: None, ..hot(3, regex("")) },
        hot(4, regex("[0-9]{1,40}")),
        hot(3, Grammar::JsonSchema("{}".into())),
    ];
    let mut streams = Vec::new();
    for request in requests {
        streams.push(engine.generate(request).await.unwrap());
    }
    let first = streams.remove(0);
    for stream in streams {
        collect(stream).await.unwrap();
    }
    assert_eq!(collect(first).await.unwrap(), alone);
}

#[tokio::test]
async fn what_is_no_grammar_is_refused_before_it_is_queued() {
    let engine = start();
    let refused = |engine: Engine, grammar: Grammar| async move {
        let error = match engine.generate(hot(0, grammar.clone())).await {
            Ok(_) => panic!("{grammar:?} is taken"),
            Err(error) => error,
        };
        assert_eq!(error.code(), "REQUEST_INVALID", "{error}");
        error.to_string()
    };
    assert!(refused(engine.clone(), Grammar::JsonSchema("{".into())).await.contains("EOF"));
    refused(engine.clone(), Grammar::JsonSchema(r#"{"type": "nothing"}"#.into())).await;
    refused(engine.clone(), Grammar::JsonSchema("true".into())).await;
    refused(engine.clone(), regex("(unclosed")).await;
    refused(engine.clone(), regex(r"(a)\1")).await;
    assert!(refused(engine, regex(&"a".repeat(16 * 1024 + 1))).await.contains("16385 bytes"));
}

/// The thread that serves everybody is not held up: what an expression counts is not unfolded.
#[tokio::test]
async fn a_vast_expression_is_an_expression_like_others() {
    let engine = start();
    let found = answer(&engine, hot(0, regex("(((a{1,1000}){1,1000}){1,1000}b){1,1000}"))).await;
    assert!(found.text.starts_with('a') && found.text.chars().all(|c| "ab".contains(c)), "{}", found.text);
}

/// What an expression costs shows only while it is followed. That it costs too much is its author's fault, not the model's: who pays
/// for tokens must be able to tell.
#[tokio::test]
async fn an_expression_that_becomes_too_costly_is_its_authors_fault() {
    let engine = start();
    let costly = regex("hello, (([a-z]{1,90} ?){1,90}[^a-f]{80}|[a-y ]{50,1000}(a|e)[a-z]{99}|.{400}b.{400})+");
    let mut events = engine.generate(hot(1, costly)).await.unwrap();
    let mut tokens = 0;
    let error = loop {
        match events.recv().await.unwrap() {
            Ok(_) => tokens += 1,
            Err(error) => break error,
        }
    };
    assert!(tokens > 0, "it was refused at the start");
    assert_eq!(error.code(), "REQUEST_INVALID", "{error}");
}
