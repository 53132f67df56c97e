//! `openledger train` as a process: trained, killed, resumed, replayed.

#![allow(clippy::unwrap_used)]

mod support;

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;
use support::{datanet, examples, json, refusal};

const DEADLINE: Duration = Duration::from_secs(120);

fn command(datanet: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_openledger"));
    command.args(["--output", "json", "train"]).args(args);
    command.arg("--model").arg(examples().join("model")).arg("--datanet").arg(datanet).args(["--threads", "1"]);
    command
}

fn train(datanet: &Path, out: &Path, args: &[&str]) -> Command {
    let mut command = command(datanet, &[]);
    command.arg("--out").arg(out).args(["--epochs", "20", "--batch-rows", "4", "--checkpoint-every", "5"]).args(args);
    command
}

/// Waits for a checkpoint of a running training.
fn until_checkpoint(child: &mut Child, out: &Path, name: &str) {
    let since = Instant::now();
    while !out.join("checkpoints").join(name).exists() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before {name}");
        assert!(since.elapsed() < DEADLINE, "no {name}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_killed_training_goes_on_to_the_same_bits_and_its_transcript_holds() {
    let folder = tempfile::tempdir().unwrap();
    let rows = datanet(folder.path(), 6);
    let (whole, broken) = (folder.path().join("whole"), folder.path().join("broken"));
    let told = json(&train(&rows, &whole, &[]).output().unwrap());
    assert_eq!((told["finished"].as_bool(), told["training"]["steps"].as_u64()), (Some(true), Some(60)));
    assert!(told["training"]["last_loss"].as_f64() < told["training"]["first_loss"].as_f64());

    // Killed without a word, then asked to stop, then left to finish.
    let mut child = train(&rows, &broken, &[]).stdout(Stdio::null()).spawn().unwrap();
    until_checkpoint(&mut child, &broken, "step-00000010");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!broken.join("transcript.binpb").exists(), "the kill came too late to test anything");
    assert!(refusal(&train(&rows, &broken, &[]).output().unwrap()).contains("[TRAIN_EXISTS]"));

    let resumed = train(&rows, &broken, &["--resume"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut resumed = resumed;
    until_checkpoint(&mut resumed, &broken, "step-00000025");
    let stopped = Command::new("kill").args(["-INT", &resumed.id().to_string()]).status().unwrap();
    assert!(stopped.success());
    let stopped = json(&resumed.wait_with_output().unwrap());
    assert_eq!(stopped["finished"], false);
    let step = stopped["step"].as_u64().unwrap();
    assert!((25..60).contains(&step), "{step}");
    assert!(broken.join(format!("checkpoints/step-{step:08}")).exists());

    let finished = json(&train(&rows, &broken, &["--resume"]).output().unwrap());
    assert_eq!(finished["training"]["steps"], 60 - step);
    for field in ["adapter", "transcript"] {
        assert_eq!(finished[field], told[field], "{field}");
    }

    let verify = |extra: &[&str]| {
        let args = [&["verify", broken.to_str().unwrap()], extra].concat();
        command(&rows, &args).output().unwrap()
    };
    let found = json(&verify(&["--steps", "60"]));
    assert_eq!((found["verdict"].as_str(), found["exact"].as_u64()), (Some("exact"), Some(60)));
    assert_eq!(found["transcript"], told["transcript"]);
    assert!(json(&verify(&["--steps", "1"]))["replayed"].as_u64().unwrap() < 60);
    // A check that replays nothing would find everything.
    assert!(refusal(&verify(&["--steps", "0"])).contains("--steps"));

    // One word of one row.
    let file = rows.join("body.jsonl");
    let changed = fs::read_to_string(&file).unwrap().replacen("a ", "one ", 1);
    fs::write(&file, changed).unwrap();
    let refused = refusal(&verify(&[]));
    assert!(refused.contains("[TRAIN_TRANSCRIPT_REFUTED]") && refused.contains("fix:"), "{refused}");
}

/// The family's index is shown, built again to the same root, asked, and refused when it is damaged.
fn indexed(family: &Path, told: &Value) {
    let index = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_openledger"));
        command.args(["--output", "json", "index"]).args(args);
        command
    };
    let file = family.join("attribution.index");
    let shown = json(&index(&["show"]).arg(&file).output().unwrap());
    assert_eq!(shown["root"], told["index"]["root"]);
    assert_eq!(shown["contributors"], serde_json::json!(["animal", "body"]));
    let with_model = |args: &[&str]| {
        let mut command = index(args);
        command.arg("--model").arg(examples().join("model")).arg("--family").arg(family).args(["--threads", "1"]);
        command
    };
    let again = family.join("again.index");
    let built = json(&with_model(&["build"]).arg("--out").arg(&again).output().unwrap());
    assert_eq!(built["root"], shown["root"]);
    assert_eq!(fs::read(&again).unwrap(), fs::read(&file).unwrap());
    let asked = json(&with_model(&["ask", "What is a cicada?\n", "stout-bodied insect"]).output().unwrap());
    assert_eq!(asked["contributors"][0]["contributor"], "animal");
    assert!(asked["explained"].as_f64().unwrap() > 0.0);
    let strict = |threads: &str| {
        let mut ask = index(&["ask", "What is a cicada?\n", "stout-bodied insect", "--strict", "--threads", threads]);
        ask.arg("--model").arg(examples().join("model")).arg("--family").arg(family);
        // It looks for no ONNX Runtime, so a wrong place of it does not matter.
        json(&ask.env("ORT_DYLIB_PATH", "/nowhere").output().unwrap())
    };
    let (one, two) = (strict("1"), strict("2"));
    assert_eq!(one, two, "the same integers, to the digest");
    assert_eq!(one["contributors"][0]["contributor"], "animal");
    fs::write(&again, b"OLINDEX\0").unwrap();
    assert!(refusal(&index(&["show"]).arg(&again).output().unwrap()).contains("[INDEX_FILE_INVALID]"));
}

/// Trains parts of a family again.
fn made_again(rows: &Path, out: &Path) {
    let verify = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_openledger"));
        command.args(["--output", "json", "train", "verify"]).arg(out).args(args);
        command.arg("--model").arg(examples().join("model")).arg("--datanet").arg(rows).output().unwrap()
    };
    let whole = json(&verify(&["--parts", "9"]));
    let made: Vec<_> = whole["made"].as_array().unwrap().iter().map(|each| each["exact"].clone()).collect();
    assert_eq!(
        (whole["verdict"].as_str(), whole["parts"].as_u64(), made.len()),
        (Some("exact"), Some(1), 4),
        "{whole}"
    );
    let one = json(&verify(&["--only", "without-body"]));
    assert!(one["made"].as_array().unwrap().iter().any(|each| each["name"] == "without-body"), "{one}");
    assert!(refusal(&verify(&["--only", "without-nobody"])).contains("[TRAIN_RECIPE_INVALID]"));
    let file = out.join("adapters.json");
    let honest = fs::read_to_string(&file).unwrap();
    fs::write(&file, honest.replacen("\"contributor\": \"animal\"", "\"contributor\": \"body\"", 1)).unwrap();
    assert!(refusal(&verify(&[])).contains("[TRAIN_FAMILY_REFUTED]"));
    fs::write(&file, &honest).unwrap();
    let shown = Command::new(env!("CARGO_BIN_EXE_openledger"))
        .args(["--output", "json", "index", "show"])
        .arg(out.join("attribution.index"))
        .output()
        .unwrap();
    assert_eq!(whole["index"], json(&shown)["root"]);
    // An index that was built of something else.
    fs::write(&file, honest.replacen("\"datanet\"", "\"query_shift\": 99, \"datanet\"", 1)).unwrap();
    assert!(refusal(&verify(&[])).contains("attribution.index"));
    fs::write(&file, honest).unwrap();
}

#[test]
fn a_family_is_trained_and_nonsense_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let rows = datanet(folder.path(), 6);
    let out = folder.path().join("family");
    let quick = ["--family", "--placebo-seeds", "5", "--rank", "2", "--epochs", "1", "--dtype", "bf16"];
    let mut family = command(&rows, &[]);
    let told = json(&family.arg("--out").arg(&out).args(quick).output().unwrap());
    assert_eq!(told["adapters"], 4);
    let listed: Value = serde_json::from_slice(&fs::read(out.join("adapters.json")).unwrap()).unwrap();
    let kinds: Vec<_> = listed["variants"].as_array().unwrap().iter().map(|each| each["kind"].clone()).collect();
    assert_eq!(kinds, ["full", "counterfactual", "counterfactual", "placebo"]);
    indexed(&out, &told);
    made_again(&rows, &out);

    let other = folder.path().join("other");
    for (args, expected) in [
        (&["--rank", "0"][..], "[TRAIN_RECIPE_INVALID]"),
        (&["--learning-rate", "NaN"], "[TRAIN_RECIPE_INVALID]"),
        (&["--max-tokens", "9"], "[TRAIN_ROW_TOO_LONG]"),
        (&["--targets", "lm_head"], "[ADAPTER_SITE_UNKNOWN]"),
        (&["--leave-out", "nobody"], "[TRAIN_CONTRIBUTOR_UNKNOWN]"),
        (&["--family", "--resume"], "cannot be used with"),
        (&["--tail", "4"], "--family"),
        (&["--family", "--tail", "0"], "--tail"),
        (&["--family", "--tail", "4", "--tail-draws", "999"], "[TRAIN_RECIPE_INVALID]"),
        (&["--family", "--tail", "4", "--retrain", "0"], "[TRAIN_RECIPE_INVALID]"),
        (&["--rows", "x.jsonl"], "cannot be used with"),
    ] {
        let refused = refusal(&train(&rows, &other, args).output().unwrap());
        assert!(refused.contains(expected), "{args:?}: {refused}");
        assert!(!other.exists());
    }
    let nowhere = folder.path().join("nowhere");
    let missing = refusal(&train(&nowhere, &other, &[]).output().unwrap());
    assert!(missing.contains("[TRAIN_ROWS_INVALID]"), "{missing}");
    let bare = Command::new(env!("CARGO_BIN_EXE_openledger")).arg("train").output().unwrap();
    assert!(refusal(&bare).contains("--model"));
}
