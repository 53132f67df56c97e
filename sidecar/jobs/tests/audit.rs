//! Audits through a queue in a file: the same measurements for any number of workers, and what happens when something is lost or
//! wrong. The family is a trained example.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::{fs, ops::ControlFlow, path::Path, time::Duration};

use openledger_attribution::{Family, Measurement};
use openledger_jobs::{
    Answered, Ask, AuditEngine, AuditJob, AuditPlaces, Bench, Instrument, Job, JobsError, Progress, Queue, Results,
    Tally, audit_digest, gather,
};
use support::{examples, work_until_empty};

/// Answers of a part here: fewer than an audit puts into one, so that three parts are quick.
const PART: usize = 3;
/// Two whole parts and a rest.
const ANSWERS: usize = 2 * PART + 1;

/// An audit that was measured without a queue.
struct Audit {
    family: Family,
    instrument: Instrument,
    answers: Vec<Answered>,
    places: AuditPlaces,
    measured: Vec<Measurement>,
}

/// Answers as texts, one a line.
fn write_answers(file: &Path, count: usize) {
    let line = |number: usize| {
        let answer = ["a small insect", "a part of the body", "a tool of iron", "a large tree"][number % 4];
        format!("{}\n", serde_json::json!({ "prompt": format!("What is {number}?\n"), "answer": answer }))
    };
    fs::write(file, (0..count).map(line).collect::<String>()).unwrap();
}

fn in_process(folder: &Path, answers: usize) -> Audit {
    let places = AuditPlaces {
        model: examples().join("model"),
        family: examples().join("adapters/wordnet"),
        answers: folder.join("answers.jsonl"),
    };
    write_answers(&places.answers, answers);
    let family = Family::read(&places.family).unwrap();
    let engine = AuditEngine::start(&places.model, 1, None).unwrap();
    let (instrument, answers) = (engine.instrument(&family).unwrap(), engine.answers(&places.answers).unwrap());
    let measured = engine.with(family.clone()).unwrap().measure(&answers, |_| ControlFlow::Continue(())).unwrap();
    Audit { family, instrument, answers, places, measured }
}

impl Audit {
    fn parts(&self) -> Vec<AuditJob> {
        let one = |(number, some): (usize, &[Answered])| {
            let part = AuditJob::parts(&self.instrument, some, &self.places).remove(0);
            AuditJob { first: u32::try_from(number * PART).unwrap(), ..part }
        };
        self.answers.chunks(PART).enumerate().map(one).collect()
    }

    fn gathered(&self, results: &Results) -> Option<Vec<Measurement>> {
        gather(results, &self.parts(), &self.family).unwrap()
    }

    /// The only part of a short audit, asked for with other facts.
    fn refusal(&self, folder: &Path, change: impl Fn(&mut AuditJob)) -> JobsError {
        let mut job = self.parts().remove(0);
        change(&mut job);
        let mut bench = Bench::new(Results::at(&folder.join("results")), None, Duration::MAX);
        bench.perform(&Job::from(job), |_| ControlFlow::Continue(())).unwrap_err()
    }
}

async fn sqlite(folder: &Path) -> (Queue, Results) {
    let url = format!("sqlite:{}", folder.join("queue.sqlite").display());
    (Queue::open(&url).await.unwrap(), Results::at(&folder.join("results")))
}

#[tokio::test(flavor = "multi_thread")]
async fn any_number_of_workers_measures_the_same_and_what_is_lost_is_measured_again() {
    let folder = tempfile::tempdir().unwrap();
    let audit = in_process(folder.path(), ANSWERS);
    let parts = audit.parts();
    let file =
        |place: &Path, part: &AuditJob| place.join("results").join(hex::encode(part.id())).join("measurements.json");
    let mut files = Vec::new();
    for lanes in [1, 3] {
        let place = folder.path().join(format!("{lanes}-workers"));
        fs::create_dir(&place).unwrap();
        let (queue, results) = sqlite(&place).await;
        let ask = Ask::audit(queue.clone(), results.clone(), &parts);
        assert_eq!(ask.enqueue().await.unwrap(), 3);
        assert_eq!(ask.enqueue().await.unwrap(), 0, "asked for twice it is one audit");
        assert!(!ask.is_whole() && audit.gathered(&results).is_none());
        let tally = work_until_empty(&queue, &results, lanes).await;
        assert_eq!(tally, Tally { made: 3, ..Tally::default() });
        let standing = ask.standing().await.unwrap();
        assert!(standing.whole && standing.failed.is_none());
        assert_eq!((standing.parts, standing.made, standing.running), (3, 3, 0));
        assert!(!ask.take(&place.join("out")).unwrap(), "nothing is put together");

        let found = audit.gathered(&results).unwrap();
        assert_eq!(found, audit.measured);
        let digest = |measured: &[Measurement]| audit_digest(&audit.instrument, &audit.answers, measured);
        assert_eq!(digest(&found), digest(&audit.measured));
        files.push(parts.iter().map(|part| fs::read(file(&place, part)).unwrap()).collect::<Vec<_>>());

        // One result is gone, another one is damaged: the queue still says that all are done.
        fs::remove_dir_all(file(&place, &parts[0]).parent().unwrap()).unwrap();
        fs::write(file(&place, &parts[2]), b"{}").unwrap();
        assert_eq!(audit.gathered(&results), None);
        assert_eq!(ask.enqueue().await.unwrap(), 2, "reading showed the damage");
        let tally = work_until_empty(&queue, &results, lanes).await;
        assert_eq!(tally, Tally { made: 2, ..Tally::default() });
        assert_eq!(audit.gathered(&results).as_ref(), Some(&audit.measured));
    }
    assert!(files[0] == files[1]);
    assert!(
        audit.measured.iter().any(|measured| measured.lift() != 0 && measured.deltas().iter().any(|delta| *delta != 0))
    );
}

#[test]
fn a_stopped_part_leaves_nothing_and_is_measured_anew() {
    let folder = tempfile::tempdir().unwrap();
    let audit = in_process(folder.path(), 3);
    let (results, job) = (Results::at(&folder.path().join("results")), Job::from(audit.parts().remove(0)));
    let mut bench = Bench::new(results.clone(), None, Duration::MAX);
    let mut steps = Vec::new();
    for stop in [2, 0] {
        let done = bench.perform(&job, |Progress { step, steps: all }| {
            steps.push((*step, *all));
            if *step == stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert_eq!(done.is_ok(), stop == 0);
        assert_eq!(fs::read_dir(folder.path().join("results")).unwrap().count(), usize::from(stop == 0));
    }
    assert_eq!(steps, [(1, 3), (2, 3), (1, 3), (2, 3), (3, 3)]);
    assert_eq!(audit.gathered(&results).unwrap(), audit.measured);
}

#[test]
fn other_inputs_than_were_asked_for_are_not_measured() {
    let folder = tempfile::tempdir().unwrap();
    let audit = in_process(folder.path(), 3);
    let differs = |change: &dyn Fn(&mut AuditJob)| match audit.refusal(folder.path(), change) {
        error @ JobsError::Differs { what, .. } => {
            assert!(!error.is_final(), "another host may see the right ones");
            what
        }
        error => panic!("{error}"),
    };
    assert_eq!(differs(&|job| job.places.family = examples().join("adapters/sotu")), "the family");
    assert_eq!(differs(&|job| job.instrument.settings = [0; 32]), "an adapter's configuration");
    assert_eq!(differs(&|job| job.instrument.base = [0; 32]), "the base model");
    let unread = "the list of answers, or the tokenizer that reads it,";
    assert_eq!(differs(&|job| job.first = 1), unread);
    let other = folder.path().join("other.jsonl");
    fs::write(&other, fs::read_to_string(&audit.places.answers).unwrap().replacen("insect", "animal", 1)).unwrap();
    assert_eq!(differs(&|job| job.places.answers.clone_from(&other)), unread);
    fs::write(&other, "{}\n{}\n{}\n").unwrap();
    assert_eq!(differs(&|job| job.places.answers.clone_from(&other)), "the list of answers");
    let missing = audit.refusal(folder.path(), |job| job.places.answers = folder.path().join("none"));
    assert_eq!(missing.code(), "JOBS_FILE");
    let missing = audit.refusal(folder.path(), |job| job.places.family = folder.path().to_owned());
    assert_eq!(missing.code(), "AUDIT_FILE_INVALID");
    assert_eq!(fs::read_dir(folder.path().join("results")).map_or(0, Iterator::count), 0);
}

#[test]
fn a_family_with_a_tail_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(examples().join("adapters/wordnet/adapters.json")).unwrap();
    // Another small contributor, of whom only the index knows something.
    let tangent = format!(
        r#""variants": [{{ "name": "t", "kind": "tangent", "contributor": "zoe", "path": "t", "sha256": "{}" }},"#,
        "00".repeat(32)
    );
    fs::write(folder.path().join("adapters.json"), text.replacen("\"variants\": [", &tangent, 1)).unwrap();
    let family = Family::read(folder.path()).unwrap();
    let engine = AuditEngine::start(&examples().join("model"), 1, None).unwrap();
    assert_eq!(engine.instrument(&family).unwrap_err().code(), "AUDIT_TAIL_UNMEASURED");
    let whole = folder.path().join("whole");
    fs::create_dir(&whole).unwrap();
    let mut audit = in_process(&whole, 1);
    audit.instrument.family = family.digest();
    audit.instrument.settings = [0; 32];
    audit.places.family = folder.path().to_owned();
    let error = audit.refusal(&whole, |_| {});
    assert!(error.code() == "AUDIT_TAIL_UNMEASURED" && error.is_final(), "{error}");
}
