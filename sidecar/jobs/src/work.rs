//! Taking jobs out of the queue.

use std::{
    ops::ControlFlow,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use apalis::prelude::{
    AbortError, Attempt, BackendExt as _, BoxDynError, Data, WorkerBuilder, WorkerBuilderExt as _, WorkerContext,
    WorkerError,
};
use openledger_protocol::Hash;
use tokio_util::sync::CancellationToken;

use crate::{
    Ask, Bench, Job, JobsError, Outcome, Queue, Results,
    job::Ticket,
    queue::{MAX_ATTEMPTS, Store},
};

/// How often an idle worker asks for a job, and how often one looks whether anything is left.
const POLL: Duration = Duration::from_secs(1);
/// Longest wait after a failed attempt.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How to work.
#[derive(Debug, Clone)]
pub struct WorkOptions {
    /// Jobs at a time. Each has base, rows and threads of its own.
    pub lanes: usize,
    /// Wait for more when the queue is empty.
    pub keep: bool,
    /// How long a worker may be silent before its job goes to another one; the same for all workers of a queue.
    pub lease: Duration,
    /// Time between two writings of a part under way: what a worker that is killed loses at most.
    pub keep_every: Duration,
    /// ONNX Runtime's library; looked for when absent.
    pub ort_library: Option<PathBuf>,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Jobs whose result was made.
    pub made: usize,
    /// Jobs whose result was there.
    pub found: usize,
    /// Attempts that failed.
    pub failed: usize,
    /// Jobs that went back to the queue because the work was stopped.
    pub given_back: usize,
}

#[derive(Default)]
struct Counters {
    made: AtomicUsize,
    found: AtomicUsize,
    failed: AtomicUsize,
    given_back: AtomicUsize,
}

/// One lane: a worker of the queue that has one job at a time.
struct Lane {
    name: String,
    queue: Queue,
    results: Results,
    bench: Mutex<Bench>,
    /// Interrupts the job: the work was stopped, or the queue failed.
    stop: CancellationToken,
    counters: Arc<Counters>,
    /// The job that it was stopped in.
    stopped: Mutex<Option<Hash>>,
}

/// Does jobs until none is left in the queue, done by whomever; with [`WorkOptions::keep`] until it is stopped. When `stop` is cancelled, jobs
/// end at their next step and go back to the queue.
///
/// # Errors
/// [`JobsError::Queue`] when the queue fails: jobs that were under way then go to other workers after their lease.
pub async fn work(
    queue: &Queue,
    results: &Results,
    options: &WorkOptions,
    stop: CancellationToken,
) -> Result<Tally, JobsError> {
    let counters = Arc::new(Counters::default());
    // Ends the lanes between jobs; they all end when one of them cannot go on.
    let end = stop.child_token();
    let own = random()?;
    let lanes = (0..options.lanes.max(1)).map(|number| {
        let lane = Arc::new(Lane {
            name: format!("openledger-{}-{own}-{number}", std::process::id()),
            queue: queue.clone(),
            results: results.clone(),
            bench: Mutex::new(Bench::new(results.clone(), options.ort_library.clone(), options.keep_every)),
            stop: stop.child_token(),
            counters: Arc::clone(&counters),
            stopped: Mutex::new(None),
        });
        let end = end.clone();
        async move {
            let ended = lane.run(options.lease, end.clone()).await;
            end.cancel();
            ended
        }
    });
    let watch = async {
        let watched = if options.keep { Ok(()) } else { until_empty(queue, &end).await };
        if !options.keep || watched.is_err() {
            end.cancel();
        }
        watched
    };
    let (ended, watched) = futures::future::join(futures::future::join_all(lanes), watch).await;
    ended.into_iter().chain([watched]).collect::<Result<(), JobsError>>()?;
    let count = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
    Ok(Tally {
        made: count(&counters.made),
        found: count(&counters.found),
        failed: count(&counters.failed),
        given_back: count(&counters.given_back),
    })
}

/// Waits until the queue has no job that is neither done nor given up. As long as another worker has one, it may be that it
/// has to be done again.
async fn until_empty(queue: &Queue, end: &CancellationToken) -> Result<(), JobsError> {
    while queue.under_way().await? > 0 {
        tokio::select! {
            () = end.cancelled() => return Ok(()),
            () = tokio::time::sleep(POLL) => {}
        }
    }
    Ok(())
}

/// Two workers of one name would be one to the queue, and process numbers repeat on other hosts.
fn random() -> Result<String, JobsError> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(JobsError::queue)?;
    Ok(hex::encode(bytes))
}

/// apalis's worker over either store: the same words, of other types.
macro_rules! worker {
    ($lane:expr, $backend:expr, $end:expr) => {
        WorkerBuilder::new($lane.name.as_str())
            .backend($backend.poll_with_interval(POLL))
            .data(Arc::clone($lane))
            .concurrency(1)
            .build(attempt)
            .run_with_ctx(move |context| stopped(context, $end.clone()))
            .await
    };
}

impl Lane {
    async fn run(self: &Arc<Self>, lease: Duration, end: CancellationToken) -> Result<(), JobsError> {
        let ended = match &self.queue.store {
            Store::Sqlite(pool) => worker!(self, Queue::sqlite(pool, lease), end),
            Store::Postgres(pool) => worker!(self, Queue::postgres(pool, lease), end),
        };
        if ended.is_err() {
            // The job is another worker's after the lease; nobody waits for this one's thread.
            self.stop.cancel();
        }
        let stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner).take();
        let back = self.queue.give_back(&self.name, stopped).await;
        ended.map_err(JobsError::queue)?;
        back.map(|_| ())
    }

    /// Does a job, and what follows from it.
    async fn perform(self: &Arc<Self>, job: &Job) -> Result<Outcome, JobsError> {
        let (lane, own) = (Arc::clone(self), job.clone());
        let worked = tokio::task::spawn_blocking(move || {
            let mut bench = lane.bench.lock().unwrap_or_else(PoisonError::into_inner);
            bench.perform(&own, |_| {
                if lane.stop.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })
        });
        let outcome = worked.await.map_err(|error| JobsError::Died { reason: error.to_string() })?;
        if let (Job::Training(job), Ok(_) | Err(JobsError::Missing { .. })) = (job, &outcome) {
            // Whoever does the last part asks for the assembly, and whoever misses a part for that part.
            Ask::family(self.queue.clone(), self.results.clone(), &job.family, &job.places)?.mend().await?;
        }
        match outcome {
            // Not a failed attempt: the assembly is asked for again when the part is there.
            Err(JobsError::Missing { .. }) => Ok(Outcome::Found),
            other => other,
        }
    }
}

/// Stops the worker when it is to end. It can be stopped only once it has begun.
async fn stopped(context: WorkerContext, end: CancellationToken) -> Result<(), WorkerError> {
    end.cancelled().await;
    while context.stop().is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// What the queue keeps of a failure.
#[derive(Debug, thiserror::Error)]
#[error("[{code}] {text}")]
struct Told {
    code: &'static str,
    text: String,
}

/// One attempt at a job, as apalis calls it.
async fn attempt(ticket: Ticket, attempt: Attempt, lane: Data<Arc<Lane>>) -> Result<(), BoxDynError> {
    let (lane, number) = (&lane.0, attempt.current());
    let outcome = match Job::try_from(ticket) {
        // A job that took its workers down with it has no failed attempts, only begun ones.
        Ok(job) if number > MAX_ATTEMPTS => Err((
            job.name(),
            JobsError::GivenUp {
                id: hex::encode(job.id()),
                attempts: u64::try_from(number.saturating_sub(1)).unwrap_or(u64::MAX),
                reason: "its workers ended without a word".to_owned(),
            },
        )),
        Ok(job) => {
            tracing::info!(job = job.name(), worker = lane.name, "begun");
            let done = lane.perform(&job).await;
            if matches!(done, Err(JobsError::Stopped)) {
                *lane.stopped.lock().unwrap_or_else(PoisonError::into_inner) = Some(job.id());
            }
            done.map(|outcome| (job.name(), outcome)).map_err(|error| (job.name(), error))
        }
        Err(error) => Err(("unknown".to_owned(), error)),
    };
    let add = |counter: &AtomicUsize| counter.fetch_add(1, Ordering::Relaxed);
    match outcome {
        Ok((job, Outcome::Made)) => {
            add(&lane.counters.made);
            tracing::info!(job, "done");
            Ok(())
        }
        Ok((job, Outcome::Found)) => {
            add(&lane.counters.found);
            tracing::info!(job, "its result was there");
            Ok(())
        }
        Err((job, error)) => {
            let told = Told { code: error.code(), text: error.to_string() };
            if matches!(error, JobsError::Stopped) {
                add(&lane.counters.given_back);
                tracing::info!(job, "given back");
                return Err(told.into());
            }
            add(&lane.counters.failed);
            tracing::warn!(job, attempt = number, error = %told, "failed");
            if error.is_final() {
                return Err(AbortError::new(told).into());
            }
            // Whatever is wrong with this host or the files may pass; the others may take other jobs meanwhile.
            let pause = Duration::from_secs(1 << number.min(5)).min(LONGEST_PAUSE);
            tokio::select! {
                () = lane.stop.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
            }
            Err(told.into())
        }
    }
}
