//! `openledger model check` on the model folders of the tests.

#![allow(clippy::unwrap_used)]

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

fn check(args: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    // A home that is not there, and a library that cannot be loaded: neither is needed.
    Command::new(env!("CARGO_BIN_EXE_openledger"))
        .arg("--home")
        .arg(folder.path().join("none"))
        .args(["model", "check"])
        .args(args)
        .env("ORT_DYLIB_PATH", "/nowhere/libonnxruntime.so")
        .output()
        .unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

fn shape(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/models").join(name)
}

fn copy_of(folder: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file()) {
        std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    copy
}

#[test]
fn a_folder_is_told_in_numbers() {
    let folder = shape("llama-int4");
    let adapter = folder.join("adapters/patterns");
    let output = check(&[folder.to_str().unwrap(), "--adapter", adapter.to_str().unwrap(), "--output", "json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found = json(&output);
    for (field, expected) in [
        ("export", Value::from("onnxruntime-genai builder")),
        ("family", "llama".into()),
        ("precision", "int4".into()),
        ("layers", 2.into()),
        ("heads", 2.into()),
        ("kv_heads", 1.into()),
        ("head_size", 16.into()),
        ("vocab_size", 288.into()),
        ("context_length", 128.into()),
        ("batched", true.into()),
        // Two layers, a key and a value of one head of 16 numbers of 4 bytes.
        ("kv_bytes_per_token", 256.into()),
        ("served", true.into()),
    ] {
        assert_eq!(found[field], expected, "{field}");
    }
    let sites = found["lora_sites"].as_object().unwrap();
    assert_eq!(sites.len(), 7);
    assert!(sites.values().all(|layers| layers == 2), "{sites:?}");
    let size = |name: &str| std::fs::metadata(folder.join(name)).unwrap().len();
    assert_eq!(found["base_bytes"], size("model.onnx") + size("model.onnx.data"));
    assert_eq!(found["base_digest"].as_str().unwrap().len(), 64);
    let adapter = &found["adapters"][0];
    assert_eq!((&adapter["fits"], &adapter["rank"], &adapter["modules"]), (&true.into(), &6.into(), &6.into()));
    assert_eq!(found["chat_templates"], Value::Array(Vec::new()));
}

#[test]
fn a_folder_of_16_bits_says_where_and_how_it_runs() {
    for (name, precision, providers) in
        [("llama-fp16", "fp16", vec!["cpu", "cuda"]), ("llama-bf16", "bf16", vec!["cuda"])]
    {
        let folder = shape("../half").join(name);
        let adapter = folder.join("adapters/patterns");
        let args = [folder.to_str().unwrap(), "--adapter", adapter.to_str().unwrap()];
        let found = json(&check(&[args.as_slice(), &["--output", "json"]].concat()));
        assert_eq!((&found["precision"], &found["cache_precision"]), (&precision.into(), &precision.into()));
        assert_eq!((&found["providers"], &found["portable_only"]), (&providers.clone().into(), &true.into()));
        // Half of what 32 bits take.
        assert_eq!((&found["kv_bytes_per_token"], &found["adapters"][0]["fits"]), (&128.into(), &true.into()));
        let text = String::from_utf8(check(&args).stdout).unwrap();
        let line = format!("runs on         {}; lora = \"standard\", attention = \"stock\"", providers.join(", "));
        assert!(text.contains(&line), "{line}\n{text}");
    }
    let found = json(&check(&[shape("llama").to_str().unwrap(), "--output", "json"]));
    assert_eq!((&found["providers"], &found["portable_only"]), (&serde_json::json!(["cpu"]), &false.into()));
}

#[test]
fn people_read_lines_and_chat_templates_are_named() {
    let copy = copy_of(&shape("qwen3"));
    std::fs::write(copy.path().join("chat_template.jinja"), "{{ messages[0].content }}").unwrap();
    let output = check(&[copy.path().to_str().unwrap()]);
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    for line in ["precision       fp32", "chat template   default", "q_proj x 2", "cache           512 bytes per token"]
    {
        assert!(text.contains(line), "{line}\n{text}");
    }
    std::fs::write(copy.path().join("chat_template.jinja"), "{% if %}").unwrap();
    let text = String::from_utf8(check(&[copy.path().to_str().unwrap()]).stdout).unwrap();
    assert!(text.contains("chat template   broken: "), "{text}");
}

#[test]
fn an_export_by_optimum_is_known() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../engine/tests/optimum");
    let found = json(&check(&[folder.to_str().unwrap(), "--output", "json"]));
    assert_eq!((&found["export"], &found["batched"]), (&"Optimum".into(), &false.into()));
}

#[test]
fn an_adapter_that_does_not_fit_fails_the_check() {
    let (folder, other) = (shape("llama"), shape("qwen3").join("adapters/patterns"));
    let output = check(&[folder.to_str().unwrap(), "--adapter", other.to_str().unwrap(), "--output", "json"]);
    assert!(!output.status.success());
    let adapter = &json(&output)["adapters"][0];
    assert_eq!((&adapter["fits"], &adapter["code"]), (&false.into(), &"ADAPTER_SHAPE_MISMATCH".into()));
    assert!(String::from_utf8_lossy(&output.stderr).contains("[ADAPTER_SHAPE_MISMATCH]"));
}

#[test]
fn a_folder_that_cannot_be_served_is_refused_with_a_reason() {
    let copy = copy_of(&shape("llama"));
    let path = copy.path().join("genai_config.json");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3")).unwrap();
    for (folder, code) in [(copy.path().to_owned(), "MODEL_UNSUPPORTED"), (shape("none"), "MODEL_FOLDER_INVALID")] {
        let output = check(&[folder.to_str().unwrap(), "--output", "json"]);
        assert!(!output.status.success());
        let found = json(&output);
        assert_eq!((&found["served"], &found["code"]), (&false.into(), &code.into()));
        assert!(String::from_utf8_lossy(&output.stderr).contains(&format!("[{code}]")));
    }
}

#[test]
fn a_run_needs_the_runtime_and_says_which() {
    let folder = shape("llama");
    let adapter = folder.join("adapters/all-linear");
    let args = [folder.to_str().unwrap(), "--adapter", adapter.to_str().unwrap(), "--run", "--output", "json"];
    let output = check(&args);
    assert!(!output.status.success());
    let found = json(&output);
    assert_eq!((&found["served"], &found["run_error"]["code"]), (&false.into(), &"RUNTIME_UNAVAILABLE".into()));

    let output = Command::new(env!("CARGO_BIN_EXE_openledger")).args(["model", "check"]).args(args).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found = json(&output);
    assert_eq!((&found["served"], &found["adapters"][0]["fits"]), (&true.into(), &true.into()));
    assert!(found["ort_version"].as_str().unwrap().starts_with("1."));
}
