//! Families through a queue in a file: the same bytes for any number of workers, and what happens when something is lost or wrong.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::{fs, ops::ControlFlow, time::Duration};

use openledger_jobs::{Ask, Bench, Job, JobsError, Part, Progress, Queue, Results, State, Tally, TrainingJob};
use openledger_trainer::{FamilyRecipe, Recipe};
use support::{assembly, assert_same, in_process, parts, recipe, tailed, through_queue, work_until_empty};

#[tokio::test(flavor = "multi_thread")]
async fn any_number_of_workers_makes_the_same_family() {
    let folder = tempfile::tempdir().unwrap();
    let (family, places, alone) = in_process(folder.path(), &recipe());
    for lanes in [1, 3] {
        let place = folder.path().join(format!("{lanes}-workers"));
        fs::create_dir(&place).unwrap();
        let url = format!("sqlite:{}", place.join("queue.sqlite").display());
        let (ask, tally) = through_queue(&url, &place, &family, &places, lanes).await;
        assert_eq!(tally, Tally { made: 5, ..Tally::default() });
        assert_same(&alone, &place.join("out"));
        // Done is done: nothing goes into the queue, nobody works.
        assert_eq!(ask.enqueue().await.unwrap(), 0);
        let standing = ask.standing().await.unwrap();
        assert!(standing.whole && standing.failed.is_none());
        assert_eq!((standing.parts, standing.made, standing.running), (4, 4, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tail_has_the_same_bits_for_any_number_of_workers() {
    let folder = tempfile::tempdir().unwrap();
    let (family, places, alone) = tailed(folder.path(), &recipe());
    let parts: Vec<Part> = TrainingJob::parts(&family, &places).unwrap().iter().map(|job| job.part).collect();
    let adapters = [Part::Shard(0), Part::Shard(1), Part::Shard(2)];
    assert_eq!(parts, [&adapters[..], &[Part::Tangents(0), Part::Tangents(1)]].concat());
    for lanes in [1, 3] {
        let place = folder.path().join(format!("{lanes}-workers"));
        fs::create_dir(&place).unwrap();
        let url = format!("sqlite:{}", place.join("queue.sqlite").display());
        let (_, tally) = through_queue(&url, &place, &family, &places, lanes).await;
        assert_eq!(tally, Tally { made: 6, ..Tally::default() });
        assert_same(&alone, &place.join("out"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_that_share_runs_have_the_bits_of_the_whole() {
    let folder = tempfile::tempdir().unwrap();
    // Eight rows in steps of three leave a step of two, in which three adapters would fit.
    let shared = Recipe { batch_rows: 3, run_rows: 6, epochs: 2, ..recipe() };
    let (family, places, alone) = in_process(folder.path(), &shared);
    let (queue, results) = sqlite(folder.path()).await;
    let ask = Ask::family(queue.clone(), results.clone(), &family, &places).unwrap();
    assert_eq!(ask.enqueue().await.unwrap(), 2, "two adapters in a part");
    work_until_empty(&queue, &results, 2).await;
    assert!(ask.take(&folder.path().join("out")).unwrap());
    assert_same(&alone, &folder.path().join("out"));
}

async fn sqlite(folder: &std::path::Path) -> (Queue, Results) {
    let url = format!("sqlite:{}", folder.join("queue.sqlite").display());
    (Queue::open(&url).await.unwrap(), Results::at(&folder.join("results")))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_lost_is_made_again_and_the_rest_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let (family, places, alone) = in_process(folder.path(), &recipe());
    let url = format!("sqlite:{}", folder.path().join("queue.sqlite").display());
    let (ask, _) = through_queue(&url, folder.path(), &family, &places, 1).await;
    let (queue, results) = sqlite(folder.path()).await;
    let shards = parts(&family, &places);
    let place = |job: &Job| folder.path().join("results").join(hex::encode(job.id()));
    // A part and the whole are gone, another part is damaged: the queue still says that all are done.
    fs::remove_dir_all(place(&assembly(&family, &places))).unwrap();
    fs::remove_dir_all(place(&shards[1])).unwrap();
    fs::write(place(&shards[2]).join("without-body/adapter_model.safetensors"), b"bits").unwrap();
    assert_eq!(ask.enqueue().await.unwrap(), 1, "the damage shows when somebody reads it");
    assert!(!ask.take(&folder.path().join("too-early")).unwrap());
    let tally = work_until_empty(&queue, &results, 2).await;
    assert_eq!((tally.made, tally.failed), (3, 0), "{tally:?}");
    assert!(ask.take(&folder.path().join("again")).unwrap());
    assert_same(&alone, &folder.path().join("again"));
    // Without a queue's memory the results are found.
    let other = Queue::open(&format!("sqlite:{}", folder.path().join("other.sqlite").display())).await.unwrap();
    for job in &shards {
        assert!(other.push(job).await.unwrap());
        assert!(!other.push(job).await.unwrap());
    }
    let tally = work_until_empty(&other, &results, 1).await;
    assert_eq!(tally, Tally { found: 4, ..Tally::default() });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_cannot_succeed_is_given_up_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let (family, places, _) = in_process(folder.path(), &recipe());
    let (queue, results) = sqlite(folder.path()).await;
    // No row fits: every attempt on every host would say so.
    let short = FamilyRecipe { recipe: Recipe { max_tokens: 2, ..recipe() }, ..family.clone() };
    let ask = Ask::family(queue.clone(), results.clone(), &short, &places).unwrap();
    assert_eq!(ask.enqueue().await.unwrap(), 4);
    let tally = work_until_empty(&queue, &results, 2).await;
    assert_eq!(tally, Tally { failed: 4, ..Tally::default() });
    let failed = ask.standing().await.unwrap().failed.unwrap();
    assert!(
        matches!(&failed, JobsError::GivenUp { attempts: 1, reason, .. } if reason.starts_with("[TRAIN_ROW_TOO_LONG]")),
        "{failed}"
    );
    ask.mend().await.unwrap();
    assert_eq!(queue.under_way().await.unwrap(), 0, "it stays given up");
    assert_eq!(ask.enqueue().await.unwrap(), 4, "until somebody asks again");

    let id = parts(&short, &places)[0].id();
    assert_eq!(queue.standing(&[id]).await.unwrap()[&id], State::Waiting);
    assert!(!queue.forget(&id).await.unwrap(), "what is under way is not forgotten");
    let error = Queue::open("mysql://here").await.unwrap_err();
    assert_eq!(error.code(), "JOBS_QUEUE_ADDRESS");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_takes_its_workers_down_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let (family, places, _) = in_process(folder.path(), &recipe());
    let (queue, results) = sqlite(folder.path()).await;
    let job = assembly(&family, &places);
    assert!(queue.push(&job).await.unwrap());
    // As after five workers that were killed while they had it.
    let url = format!("sqlite:{}", folder.path().join("queue.sqlite").display());
    let store = sqlx::SqlitePool::connect(&url).await.unwrap();
    assert_eq!(sqlx::query("UPDATE Jobs SET attempts = 5").execute(&store).await.unwrap().rows_affected(), 1);
    let tally = work_until_empty(&queue, &results, 1).await;
    assert_eq!(tally, Tally { failed: 1, ..Tally::default() });
    let state = queue.standing(&[job.id()]).await.unwrap().remove(&job.id());
    assert!(matches!(&state, Some(State::Failed { reason, .. }) if reason.contains("after 5 attempts")), "{state:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_part_goes_on_where_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let longer = Recipe { epochs: 3, ..recipe() };
    let (family, places, alone) = in_process(folder.path(), &longer);
    let results = Results::at(&folder.path().join("results"));
    let job = &parts(&family, &places)[1];
    // Six steps. Written after each and stopped in the fourth; then written never, and stopped in what is then the first one.
    let until = |every: Duration, stop: usize| {
        let mut steps = Vec::new();
        let done = Bench::new(results.clone(), None, every).perform(job, |progress| {
            steps.push((progress.step, progress.steps));
            if steps.len() == stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        (done.is_ok(), steps)
    };
    assert_eq!(until(Duration::ZERO, 4), (false, vec![(1, 6), (2, 6), (3, 6), (4, 6)]));
    assert!(results.under_way(&job.id()).exists());
    assert_eq!(until(Duration::MAX, 1), (false, vec![(5, 6)]));
    assert_eq!(until(Duration::MAX, 0), (true, vec![(6, 6)]));
    assert!(!results.under_way(&job.id()).exists(), "nobody needs it any more");
    let made = results.read(&job.id()).unwrap().unwrap();
    let file = "without-animal/adapter_model.safetensors";
    assert!(fs::read(made.folder.join(file)).unwrap() == fs::read(alone.join(file)).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_part_of_a_tail_goes_on_where_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let (family, places, alone) = tailed(folder.path(), &recipe());
    let results = Results::at(&folder.path().join("results"));
    let jobs = parts(&family, &places);
    let job = jobs.last().unwrap();
    let mut steps = Vec::new();
    // Three steps: stopped in the second, which is written, then done.
    for stop in [2, 0] {
        let done = Bench::new(results.clone(), None, Duration::MAX).perform(job, |progress| {
            steps.push((progress.step, progress.steps));
            if steps.len() == stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert_eq!(done.is_ok(), stop == 0);
        assert_eq!(results.under_way(&job.id()).exists(), stop != 0);
    }
    assert_eq!(steps, [(1, 3), (2, 3), (3, 3)]);
    let made = results.read(&job.id()).unwrap().unwrap();
    let file = "tail-1.safetensors";
    assert!(fs::read(made.folder.join(file)).unwrap() == fs::read(alone.join(file)).unwrap());
    // Another host with another order of the same rows would have another tail.
    let other = FamilyRecipe { tail: vec![0, 2], ..family };
    let other = &parts(&other, &places)[0];
    let error = Bench::new(results, None, Duration::MAX).perform(other, |_| ControlFlow::Continue(())).unwrap_err();
    assert!(matches!(error, JobsError::Differs { what: "the tail of the contributors", .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_changed_are_not_trained_on() {
    let folder = tempfile::tempdir().unwrap();
    let (family, places, _) = in_process(folder.path(), &recipe());
    let file = folder.path().join("rows/body.jsonl");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replacen("a ", "one ", 1)).unwrap();
    let mut bench = Bench::new(Results::at(&folder.path().join("results")), None, Duration::MAX);
    let job = &parts(&family, &places)[0];
    let on = |_: &Progress| ControlFlow::Continue(());
    let error = bench.perform(job, on).unwrap_err();
    assert!(matches!(error, JobsError::Differs { what: "the Datanet's content", .. }), "{error}");
    assert!(!error.is_final(), "another host may see the right ones");
    fs::write(&file, text).unwrap();
    let stop = |_: &Progress| ControlFlow::Break(());
    assert!(matches!(bench.perform(job, stop), Err(JobsError::Stopped)));
    let left = fs::read_dir(folder.path().join("results")).unwrap().count();
    assert_eq!(left, 1, "a stopped job leaves its states and no result");
    let early = bench.perform(&assembly(&family, &places), on).unwrap_err();
    assert!(matches!(early, JobsError::Missing { part: Part::Shard(0) }), "{early}");
}
