//! ONNX Runtime plays no part: the bits are the same where it is loaded, where another library is configured, and where
//! there is none.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod support;

use std::process::Command;

use openledger_engine::{
    EngineError,
    gradient::{GradientConfig, GradientSession},
};
use openledger_strict::StrictOptions;
use support::{digest, example_model, open, run};

fn strict_digest() -> String {
    let mut session = open(example_model(), StrictOptions::default());
    assert_eq!(session.model().ort_version, openledger_strict::ARITHMETIC);
    digest(&run(&mut session, &[0, 1, 2]).unwrap())
}

/// Whether this process has mapped a library of that name.
fn loaded() -> bool {
    std::fs::read_to_string("/proc/self/maps").unwrap().contains("libonnxruntime")
}

fn onnx_runtime() -> Result<GradientSession, EngineError> {
    let config = GradientConfig { model_dir: example_model(), ort_library: None, threads: 1, targets: Vec::new() };
    GradientSession::open(&config)
}

#[test]
#[ignore = "the test below runs it where there is no ONNX Runtime"]
fn digest_of_a_child() {
    println!("digest {}", strict_digest());
    assert!(!loaded(), "strict arithmetic has loaded ONNX Runtime");
    assert!(matches!(onnx_runtime(), Err(EngineError::Runtime { .. })), "there must be none to find");
}

#[test]
fn the_bits_are_those_of_a_process_without_onnx_runtime() {
    let empty = tempfile::tempdir().unwrap();
    let wrong = empty.path().join("libonnxruntime.so.1.0.0");
    std::fs::write(&wrong, "another library").unwrap();
    let mut found = Vec::new();
    for library in [None, Some(&wrong)] {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "digest_of_a_child", "--ignored", "--nocapture", "--test-threads=1"]);
        child.env_remove("ORT_DYLIB_PATH").current_dir(empty.path());
        if let Some(library) = library {
            child.env("ORT_DYLIB_PATH", library);
        }
        let output = child.output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        let at = text.find("digest ").unwrap() + "digest ".len();
        found.push(text[at..at + 64].to_owned());
    }
    let _runtime = onnx_runtime().unwrap();
    assert!(loaded());
    assert_eq!(found, [strict_digest(), strict_digest()]);
    let committed = include_str!("digests.txt");
    assert!(committed.contains(&format!("{}  examples/model", found[0])), "{}", found[0]);
}
