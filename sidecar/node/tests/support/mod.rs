//! What tests of trainings share: a small Datanet, and what a command said.

#![allow(dead_code, clippy::unwrap_used)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use serde_json::Value;

pub fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

/// A Datanet of the first rows of two contributors.
pub fn datanet(folder: &Path, rows: usize) -> PathBuf {
    let place = folder.join("datanet");
    fs::create_dir(&place).unwrap();
    for name in ["animal.jsonl", "body.jsonl"] {
        let text = fs::read_to_string(examples().join("datanets/wordnet").join(name)).unwrap();
        let rows: String = text.lines().take(rows).flat_map(|line| [line, "\n"]).collect();
        fs::write(place.join(name), rows).unwrap();
    }
    place
}

/// What a command that succeeded printed.
pub fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What a command that was refused said.
pub fn refusal(output: &Output) -> String {
    assert!(!output.status.success());
    String::from_utf8(output.stderr.clone()).unwrap()
}
