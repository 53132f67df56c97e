//! `openledger evidence` on an example Datanet.

#![allow(clippy::unwrap_used)]

use std::{path::Path, process::Command};

use serde_json::Value;

fn evidence(args: &[&str]) -> std::process::Output {
    let datanet = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/datanets/wordnet");
    Command::new(env!("CARGO_BIN_EXE_openledger")).arg("evidence").arg(datanet).args(args).output().unwrap()
}

#[test]
fn an_answer_is_found_with_its_contributor() {
    let answer = "a whitish soft-bodied ant-like social insect that feeds on wood";
    let output = evidence(&[answer, "--output", "json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let span = &found["verbatim"][0];
    assert!(answer.contains(span["text"].as_str().unwrap()) && span["words"].as_u64().unwrap() >= 8, "{found}");
    assert_eq!(span["places"][0]["contributor"], "animal", "{found}");
    assert_eq!(span["places"][0]["field"], "completion");
    assert!(found["similar"][0]["prompt"].as_str().unwrap().contains("termite"), "{found}");
    let text = String::from_utf8(evidence(&[answer]).stdout).unwrap();
    assert!(text.contains("animal, row") && text.contains("measured influence alone"), "{text}");
    let nothing = String::from_utf8(evidence(&["zzz qqq"]).stdout).unwrap();
    assert!(nothing.contains("no part stands verbatim"), "{nothing}");
}

#[test]
fn what_is_too_long_or_missing_is_told() {
    let output = evidence(&[&"x ".repeat(40_000)]);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("look for parts of it"));
}
