//! The command line on an empty home.

#![allow(clippy::unwrap_used)]

use std::{
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;

fn openledger(home: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_openledger")).arg("--home").arg(home).args(args).output().unwrap()
}

fn json(home: &Path, args: &[&str]) -> Value {
    let output = openledger(home, &[args, &["--output", "json"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn refused(home: &Path, args: &[&str]) -> String {
    let output = openledger(home, args);
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_home_is_made_once_and_keys_are_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    assert!(json(&home, &["init"])["config"].as_str().unwrap().ends_with("openledger.toml"));
    let again = refused(&home, &["init"]);
    assert!(again.contains("[CONFIG]") && again.contains("fix:"), "{again}");

    let added = json(&home, &["keys", "add"]);
    assert!(added["address"].as_str().unwrap().starts_with("wasm1"));
    assert_eq!(json(&home, &["keys", "show"]), added);
    assert!(refused(&home, &["keys", "add"]).contains("CHAIN_KEY_FILE"));
    assert_eq!(json(&home, &["keys", "show"]), added);
    assert!(refused(&home, &["keys", "show", "../operator"]).contains("letters"));

    let bls = json(&home, &["keys", "bls"]);
    assert_eq!(bls["bls_public_key"].as_str().unwrap().len(), 96);
    assert_eq!(json(&home, &["keys", "bls"]), bls);
}

#[test]
fn starting_without_a_configuration_says_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let error = refused(folder.path(), &["start"]);
    assert!(error.contains("openledger.toml") && error.contains("fix:"), "{error}");
}

#[test]
fn a_bond_needs_a_configuration_with_addresses() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    let missing = refused(&home, &["bond", "show"]);
    assert!(missing.contains("[CONFIG]") && missing.contains("openledger.toml"), "{missing}");
    json(&home, &["init"]);
    let empty = refused(&home, &["bond", "node", "--amount", "1000000"]);
    assert!(empty.contains("[CONFIG]") && empty.contains("contracts.open_token is empty"), "{empty}");
    assert!(refused(&home, &["bond", "node", "--amount", "-1"]).contains("--amount"));
    let both = refused(&home, &["bond", "validator", "--amount", "1", "--add", "--moniker", "me"]);
    assert!(both.contains("cannot be used with"), "{both}");
}

#[test]
fn the_version_is_the_crates() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(json(folder.path(), &["version"])["version"], env!("CARGO_PKG_VERSION"));
}
