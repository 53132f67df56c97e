//! `openledger audit` as processes: alone, by workers of whom one is killed, and what is refused.

#![allow(clippy::unwrap_used)]

mod support;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json as value};
use support::{examples, json, refusal};

const DEADLINE: Duration = Duration::from_secs(120);

fn openledger() -> Command {
    Command::new(env!("CARGO_BIN_EXE_openledger"))
}

/// The adapters of the example family that a test needs: fewer are quicker.
fn family(folder: &Path) -> PathBuf {
    let (from, to) = (examples().join("adapters/wordnet"), folder.join("family"));
    let mut manifest: Value = serde_json::from_slice(&fs::read(from.join("adapters.json")).unwrap()).unwrap();
    let needed = ["full", "without-animal", "without-body", "placebo-1"];
    let variants = manifest["variants"].as_array_mut().unwrap();
    variants.retain(|variant| needed.iter().any(|name| variant["name"] == *name));
    for name in needed {
        fs::create_dir_all(to.join(name)).unwrap();
        for file in ["adapter_config.json", "adapter_model.safetensors"] {
            fs::copy(from.join(name).join(file), to.join(name).join(file)).unwrap();
        }
    }
    fs::write(to.join("adapters.json"), manifest.to_string()).unwrap();
    to
}

fn audit(family: &Path, answers: &Path) -> Command {
    let mut command = openledger();
    command.args(["--output", "json", "audit", "--threads", "1", "--model"]).arg(examples().join("model"));
    command.arg("--family").arg(family).arg("--answers").arg(answers);
    command
}

/// Questions about an example Datanet with the answers of their contributors, several times under other numbers.
fn answers(folder: &Path, count: usize) -> PathBuf {
    let text = fs::read_to_string(examples().join("questions.json")).unwrap();
    let questions: Vec<Value> = serde_json::from_str(&text).unwrap();
    let own: Vec<&Value> = questions.iter().filter(|question| question["datanet"] == "wordnet").collect();
    let lines: String = (0..count)
        .map(|number| {
            let (question, round) = (own[number % own.len()], number / own.len());
            let prompt = question["prompt"].as_str().unwrap();
            let prompt = if round == 0 { prompt.to_owned() } else { format!("{round}. {prompt}") };
            format!("{}\n", value!({ "prompt": prompt, "answer": question["answer"] }))
        })
        .collect();
    let file = folder.join("answers.jsonl");
    fs::write(&file, lines).unwrap();
    file
}

#[test]
fn answers_are_measured_and_their_contributors_found() {
    let folder = tempfile::tempdir().unwrap();
    let (family, file) = (family(folder.path()), answers(folder.path(), 3));
    let told = json(&audit(&family, &file).output().unwrap());
    assert_eq!((told["finished"].as_bool(), told["answers"].as_u64()), (Some(true), Some(3)));
    // All three were written by one contributor.
    let animal =
        told["contributors"].as_array().unwrap().iter().find(|known| known["contributor"] == "animal").unwrap();
    assert_eq!(animal["answers_paid"], 3, "{told}");
    let mean: f64 = told["contributors"].as_array().unwrap().iter().filter_map(|known| known["share"].as_f64()).sum();
    assert!((mean + told["unattributed"].as_f64().unwrap() - 1.0).abs() < 1e-9, "{told}");
    let first = &told["measured"][0];
    assert!(
        first["deltas"]["animal"].as_i64() > first["floor"].as_i64() && first["lift"].as_i64() > Some(0),
        "{first}"
    );
    let shares: u64 = first["shares"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
    assert_eq!(shares + first["unattributed"].as_u64().unwrap(), 1_000_000_000);

    // The same answers as lines of a file, and as a table.
    let out = folder.path().join("out.jsonl");
    let written = json(&audit(&family, &file).arg("--out").arg(&out).output().unwrap());
    assert_eq!((&written["digest"], &written["measured"]), (&told["digest"], &Value::Null));
    let lines = fs::read_to_string(&out).unwrap();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(told["measured"], Value::from(lines));
    let text = audit(&family, &file).args(["--output", "text"]).output().unwrap();
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("animal") && text.contains(told["digest"].as_str().unwrap()), "{text}");
}

#[test]
fn a_killed_workers_part_goes_to_another_and_the_audit_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (family, file) = (family(folder.path()), answers(folder.path(), 40));
    let told = json(&audit(&family, &file).output().unwrap());
    let queue = format!("sqlite:{}", folder.path().join("queue.sqlite").display());
    let queued = || {
        let mut command = audit(&family, &file);
        command.args(["--queue", &queue]);
        command
    };
    let worker = || {
        let mut command = openledger();
        command.args(["--output", "json", "work", "--lease", "6", "--queue", &queue]);
        command
    };
    let asked = json(&queued().arg("--detach").output().unwrap());
    assert_eq!((asked["jobs"].as_u64(), asked["finished"].as_bool()), (Some(2), Some(false)));
    assert_eq!(json(&queued().arg("--detach").output().unwrap())["jobs"], 0, "asked for twice it is one audit");

    // Killed without a word in the middle of its first part.
    let mut killed = worker().stdout(Stdio::null()).spawn().unwrap();
    let results = || {
        let all = fs::read_dir(folder.path().join("queue.sqlite.results")).into_iter().flatten().flatten();
        let names: Vec<String> = all.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        let begun = names.iter().filter(|name| name.starts_with(".unfinished-")).count();
        (begun, names.len() - begun)
    };
    let since = Instant::now();
    while results() != (1, 0) {
        assert!(killed.try_wait().unwrap().is_none(), "it ended before it began");
        assert!(since.elapsed() < DEADLINE, "it begins nothing");
        std::thread::sleep(Duration::from_millis(1));
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    let before = results().1;
    assert!(before < 2, "the kill came too late to test anything");

    // Whoever waits gets the measurements from whoever works.
    let waiting = queued().stdout(Stdio::piped()).spawn().unwrap();
    let tally = json(&worker().args(["--jobs", "2"]).output().unwrap());
    assert_eq!(
        (tally["made"].as_u64(), tally["failed"].as_u64()),
        (u64::try_from(2 - before).ok(), Some(0)),
        "{tally}"
    );
    let fetched = json(&waiting.wait_with_output().unwrap());
    assert_eq!(fetched, told);

    // What is done is done, and nobody has to work for it.
    assert_eq!(json(&queued().output().unwrap())["digest"], told["digest"]);
    assert_eq!(json(&worker().output().unwrap())["made"], 0);
}

#[test]
fn what_cannot_be_audited_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (family, file) = (family(folder.path()), answers(folder.path(), 1));
    let good = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{good}{{\"prompt\": \"What?\"}}\n")).unwrap();
    let told = refusal(&audit(&family, &file).output().unwrap());
    assert!(told.contains("[JOBS_ANSWER_INVALID]") && told.contains("line 2"), "{told}");
    fs::write(&file, "").unwrap();
    assert!(refusal(&audit(&family, &file).output().unwrap()).contains("no answer"));
    fs::write(&file, good).unwrap();
    assert!(refusal(&audit(&family, &file).arg("--detach").output().unwrap()).contains("--queue"));
    // A small contributor of whom only the index knows something.
    let manifest = family.join("adapters.json");
    let mut tailed: Value = serde_json::from_slice(&fs::read(&manifest).unwrap()).unwrap();
    let tangent =
        value!({ "name": "t", "kind": "tangent", "contributor": "zoe", "path": "t", "sha256": "00".repeat(32) });
    tailed["variants"].as_array_mut().unwrap().push(tangent);
    fs::write(&manifest, tailed.to_string()).unwrap();
    let told = refusal(&audit(&family, &file).output().unwrap());
    assert!(told.contains("[AUDIT_TAIL_UNMEASURED]"), "{told}");
}
