//! `openledger datanet` as a user runs it.

use std::{fs, path::Path, process::Command};

use serde_json::Value;
use tempfile::tempdir;

fn openledger(arguments: &[&str], folder: &Path) -> (bool, Value, String) {
    let program = env!("CARGO_BIN_EXE_openledger");
    let output =
        Command::new(program).args(["--output", "json", "datanet"]).args(arguments).current_dir(folder).output();
    let output = output.expect("the program starts");
    let value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (output.status.success(), value, String::from_utf8_lossy(&output.stderr).into_owned())
}

fn rows(folder: &Path, name: &str, rows: &[[&str; 2]]) {
    let line = |[prompt, completion]: &[&str; 2]| {
        serde_json::json!({ "prompt": prompt, "completion": completion }).to_string() + "\n"
    };
    fs::write(folder.join(name), rows.iter().map(line).collect::<String>()).expect("write");
}

#[test]
fn a_copy_is_found_and_the_order_says_who_was_first() {
    let folder = tempdir().expect("folder");
    let folder = folder.path();
    rows(
        folder,
        "ann.jsonl",
        &[["What is a fjord?", "A long, narrow inlet of the sea."], ["What is ice?", "Frozen water."]],
    );
    rows(folder, "bob.jsonl", &[["WHAT IS A FJORD", "a long narrow inlet of the sea"]]);

    let (done, found, _) = openledger(&["clusters", "."], folder);
    assert!(done);
    assert_eq!((&found["rows"], &found["clusters"]), (&3.into(), &2.into()));
    assert_eq!(found["shared"].as_array().map(Vec::len), Some(1));
    assert_eq!(found["shared"][0]["first"], "ann");

    let (_, turned, _) = openledger(&["clusters", ".", "--order", "bob"], folder);
    assert_eq!(turned["shared"][0]["first"], "bob");
    assert_ne!(turned["root"], found["root"]);

    let (done, _, error) = openledger(&["clusters", ".", "--order", "eve"], folder);
    assert!(!done && error.contains("eve"), "{error}");
    let (done, _, error) = openledger(&["clusters", ".", "--threshold", "0.5"], folder);
    assert!(!done && error.contains("CORPUS_BAD_THRESHOLD"), "{error}");
}

#[test]
fn a_cluster_that_is_not_there_is_an_error_and_no_other_answer() {
    let folder = tempdir().expect("folder");
    let folder = folder.path();
    rows(folder, "ann.jsonl", &[["What is ice?", "Frozen water."]]);
    let (done, found, error) = openledger(&["clusters", ".", "--cluster", "df://127.0.0.1:1"], folder);
    assert!(!done && found.is_null(), "{found}");
    let expected = if cfg!(feature = "cluster") { "CLUSTER_ENGINE" } else { "--features cluster" };
    assert!(error.contains(expected), "{error}");
    let (done, _, error) = openledger(&["clusters", ".", "--cluster-parts", "4"], folder);
    assert!(!done && error.contains("--cluster <ADDRESS>"), "{error}");
}

#[test]
fn a_converted_file_has_the_same_roots() {
    let folder = tempdir().expect("folder");
    let folder = folder.path();
    rows(folder, "ann.jsonl", &[["What is a fjord?", "A long, \"narrow\" inlet."], ["What is ice?", "Frozen\nwater."]]);
    let (done, before, _) = openledger(&["check", "."], folder);
    assert!(done);
    for name in ["ann.parquet", "ann.csv", "again.jsonl"] {
        fs::create_dir(folder.join(name.replace('.', "-"))).expect("folder");
        let to = format!("{}/ann.{}", name.replace('.', "-"), name.rsplit('.').next().unwrap_or_default());
        let (done, _, error) = openledger(&["convert", "ann.jsonl", &to], folder);
        assert!(done, "{error}");
        let (done, after, error) = openledger(&["check", &name.replace('.', "-")], folder);
        assert!(done, "{error}");
        assert_eq!(after, before, "{name}");
    }
    fs::write(folder.join("notes.txt"), "one two three four\n").expect("write");
    let (done, made, error) =
        openledger(&["convert", "notes.txt", "notes.parquet", "--text-prompt-words", "2"], folder);
    assert!(done && made["rows"] == 1, "{error}");
    let (done, _, error) = openledger(&["convert", "notes.txt", "notes.csv"], folder);
    assert!(!done && error.contains("CORPUS_UNKNOWN_FORMAT"), "{error}");
}
