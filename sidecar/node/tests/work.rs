//! `openledger work` as processes: killed, stopped, and beside each other.

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

/// Four parts of some seconds each: one adapter in a run.
fn family(rows: &Path, out: &Path) -> Command {
    of_epochs(rows, out, "40")
}

fn of_epochs(rows: &Path, out: &Path, epochs: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_openledger"));
    command.args(["--output", "json", "train", "--family", "--placebo-seeds", "5", "--rank", "2", "--threads", "1"]);
    command.args(["--epochs", epochs, "--batch-rows", "4", "--run-rows", "4"]);
    command.arg("--model").arg(examples().join("model")).arg("--datanet").arg(rows).arg("--out").arg(out);
    command
}

/// A worker of the queue in a family's folder.
fn worker(out: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_openledger"));
    let queue = format!("sqlite:{}", out.join("queue.sqlite").display());
    command.args(["--output", "json", "work", "--lease", "6", "--queue", &queue]).args(args);
    command
}

/// Waits until a worker has begun a job.
fn until_begun(child: &mut Child, out: &Path) {
    let since = Instant::now();
    let begun = || {
        let all = fs::read_dir(out.join("queue.sqlite.results")).into_iter().flatten().flatten();
        all.filter(|entry| entry.file_name().to_string_lossy().starts_with(".unfinished-")).count() > 0
    };
    while !begun() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it began");
        assert!(since.elapsed() < DEADLINE, "it begins nothing");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_killed_workers_job_goes_to_another_and_the_family_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let rows = datanet(folder.path(), 4);
    let (alone, out) = (folder.path().join("alone"), folder.path().join("out"));
    let told = json(&family(&rows, &alone).output().unwrap());

    let asked = json(&family(&rows, &out).args(["--queue", "--detach"]).output().unwrap());
    assert_eq!((asked["jobs"].as_u64(), asked["finished"].as_bool()), (Some(4), Some(false)));
    // Nobody works yet, and asking again adds nothing.
    let again = json(&family(&rows, &out).args(["--queue", "--detach"]).output().unwrap());
    assert_eq!(again["jobs"], 0);

    // Killed without a word in the middle of its first job.
    let mut killed = worker(&out, &[]).stdout(Stdio::null()).spawn().unwrap();
    until_begun(&mut killed, &out);
    killed.kill().unwrap();
    killed.wait().unwrap();
    // Asked to stop in the middle of a job, which it gives back.
    for entry in fs::read_dir(out.join("queue.sqlite.results")).unwrap() {
        fs::remove_dir_all(entry.unwrap().path()).unwrap();
    }
    let mut stopped = worker(&out, &[]).stdout(Stdio::piped()).spawn().unwrap();
    until_begun(&mut stopped, &out);
    assert!(Command::new("kill").args(["-TERM", &stopped.id().to_string()]).status().unwrap().success());
    let stopped = json(&stopped.wait_with_output().unwrap());
    assert_eq!(stopped["stopped"], true);
    assert_eq!(stopped["given_back"], 1, "{stopped}");

    // Whoever waits gets the family from whoever works.
    let waiting = family(&rows, &out).arg("--queue").stdout(Stdio::piped()).spawn().unwrap();
    let workers: Vec<Child> =
        (0..2).map(|_| worker(&out, &["--jobs", "2"]).stdout(Stdio::piped()).spawn().unwrap()).collect();
    let tallies: Vec<Value> = workers.into_iter().map(|child| json(&child.wait_with_output().unwrap())).collect();
    let sum = |field: &str| tallies.iter().filter_map(|tally| tally[field].as_u64()).sum::<u64>();
    let before = stopped["made"].as_u64().unwrap();
    // On a machine so busy that heartbeats come late a part may be made twice: that costs time and changes nothing.
    assert!(before + sum("made") >= 5 && sum("failed") == 0, "{stopped} {tallies:?}");
    let fetched = json(&waiting.wait_with_output().unwrap());
    assert_eq!((fetched["finished"].as_bool(), fetched["adapters"].as_u64()), (Some(true), Some(4)));
    assert_eq!(fetched["index"], told["index"]);
    for file in ["adapters.json", "attribution.index", "without-body/adapter_model.safetensors"] {
        assert!(fs::read(alone.join(file)).unwrap() == fs::read(out.join(file)).unwrap(), "{file}");
    }

    // What is done is done: there is no work, and the family is not asked for again.
    let idle = json(&worker(&out, &[]).output().unwrap());
    assert_eq!((idle["made"].as_u64(), idle["found"].as_u64()), (Some(0), Some(0)));
    assert!(refusal(&family(&rows, &out).arg("--queue").output().unwrap()).contains("[TRAIN_EXISTS]"));
}

/// Results that are whole, by their names.
fn results(out: &Path) -> Vec<String> {
    let all = fs::read_dir(out.join("queue.sqlite.results")).into_iter().flatten().flatten();
    all.filter_map(|entry| entry.file_name().into_string().ok()).filter(|name| !name.starts_with('.')).collect()
}

#[test]
fn a_part_of_a_tail_survives_its_worker() {
    let folder = tempfile::tempdir().unwrap();
    let rows = datanet(folder.path(), 4);
    let (alone, out) = (folder.path().join("alone"), folder.path().join("out"));
    // Of two contributors of one size the second is the tail: full, one counterfactual, a placebo, one part of tangents.
    let tailed = |out: &Path| {
        let mut command = of_epochs(&rows, out, "10");
        command.args(["--tail", "5", "--retrain", "1", "--tail-draws", "6"]);
        command
    };
    let told = json(&tailed(&alone).output().unwrap());
    assert_eq!((told["adapters"].as_u64(), told["tail"].as_u64()), (Some(3), Some(1)));
    let asked = json(&tailed(&out).args(["--queue", "--detach"]).output().unwrap());
    assert_eq!(asked["jobs"], 4);
    // Killed in the last part, which is the tail's, after it was written at least once.
    let mut killed = worker(&out, &["--checkpoint-seconds", "1"]).stdout(Stdio::null()).spawn().unwrap();
    let since = Instant::now();
    let under_way = || {
        let all = fs::read_dir(out.join("queue.sqlite.results")).into_iter().flatten().flatten();
        let names = all.filter_map(|entry| entry.file_name().into_string().ok());
        names.filter_map(|name| Some(name.strip_prefix(".under-way-")?.strip_suffix(".safetensors")?.to_owned())).next()
    };
    let part = loop {
        // A part that is done has its states for a moment longer.
        let done = results(&out);
        if let Some(part) = under_way().filter(|part| done.len() == 3 && !done.contains(part)) {
            break part;
        }
        assert!(killed.try_wait().unwrap().is_none(), "it ended before the tail was written");
        assert!(since.elapsed() < DEADLINE, "it writes nothing");
        std::thread::sleep(Duration::from_millis(2));
    };
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert!(!results(&out).contains(&part), "the kill came too late to test anything");
    let waiting = tailed(&out).arg("--queue").stdout(Stdio::piped()).spawn().unwrap();
    let tally = json(&worker(&out, &[]).output().unwrap());
    assert_eq!((tally["made"].as_u64(), tally["failed"].as_u64()), (Some(2), Some(0)), "{tally}");
    let fetched = json(&waiting.wait_with_output().unwrap());
    assert_eq!(fetched["index"], told["index"]);
    let record = fs::read_to_string(out.join("queue.sqlite.results").join(part).join("result.json")).unwrap();
    assert!(record.contains("tail-0.safetensors"), "it was not the tail's: {record}");
    for file in ["adapters.json", "attribution.index", "tail-0.safetensors"] {
        assert!(fs::read(alone.join(file)).unwrap() == fs::read(out.join(file)).unwrap(), "{file}");
    }
}

#[test]
fn queues_that_are_none_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |args: &[&str]| refusal(&Command::new(env!("CARGO_BIN_EXE_openledger")).args(args).output().unwrap());
    let results = folder.path().to_str().unwrap();
    let told = refused(&["work", "--queue", "redis://here", "--results", results]);
    assert!(told.contains("[JOBS_QUEUE_ADDRESS]") && told.contains("fix:"), "{told}");
    assert!(refused(&["work", "--queue", "postgres://nobody@127.0.0.1:1/none"]).contains("--results"));
    let told = refused(&["work", "--queue", &format!("sqlite:{results}")]);
    assert!(told.contains("[JOBS_QUEUE]"), "a folder is no queue: {told}");
    let rows = datanet(folder.path(), 4);
    let mut alone = family(&rows, &folder.path().join("out"));
    assert!(refusal(&alone.arg("--detach").output().unwrap()).contains("--queue"));
}
