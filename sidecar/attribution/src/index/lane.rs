//! The index in a running node: a thread that owns the gradient session, and the adapters that are paid by their indexes.

use std::{sync::Arc, thread};

use openledger_engine::{
    Engine, EngineError, ScoreRow,
    gradient::{GradientConfig, GradientSession, StoredAdapter, stored_targets},
};
use tokio::sync::{mpsc, oneshot};

use super::{
    Answer, Index, IndexError, Query, Scores,
    query::{gradients, served},
};
use crate::{Family, measure::micro_nats};

/// Runs that may wait for the thread; whoever sends more waits itself.
const QUEUE: usize = 16;

/// How much the thread yields to whoever else wants the processor: text is awaited, receipts are not.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// Token ids of a prompt and of what was answered.
pub type Tokens = (Vec<u32>, Vec<u32>);

/// An answer to be attributed.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// Prompt and response.
    pub tokens: Tokens,
    /// Log-probability of the response under the served adapter in nats, from whoever made it with this engine: it saves
    /// scoring it again. Without it both sides of the lift are scored.
    pub log_prob: Option<f64>,
}

enum Job {
    Load { family: Box<Family>, index: Arc<Index>, reply: oneshot::Sender<Result<usize, IndexError>> },
    Query { adapter: usize, answers: Vec<Tokens>, reply: oneshot::Sender<Result<Vec<Query>, IndexError>> },
}

/// The thread that computes gradients. Clones share it; it ends with the last of them.
#[derive(Clone)]
pub struct Gradients {
    jobs: mpsc::Sender<Job>,
}

impl Gradients {
    /// Starts the thread, which on Linux yields to the rest of the process. It compiles the model with the first adapter, once
    /// for each set of modules that adapters are for; `config` says everything but these.
    ///
    /// # Errors
    /// [`EngineError::Stopped`] when there is no thread to be had.
    pub fn start(config: GradientConfig) -> Result<Self, EngineError> {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let thread = thread::Builder::new().name("attribution".to_owned());
        let run = move || {
            yield_to_others();
            Worker { config, sessions: Vec::new(), adapters: Vec::new() }.run(queue);
        };
        thread.spawn(run).map_err(|_| EngineError::Stopped)?;
        Ok(Self { jobs })
    }

    async fn ask<T>(&self, job: impl FnOnce(oneshot::Sender<Result<T, IndexError>>) -> Job) -> Result<T, IndexError> {
        let (reply, answer) = oneshot::channel();
        self.jobs.send(job(reply)).await.map_err(|_| EngineError::Stopped)?;
        answer.await.map_err(|_| EngineError::Stopped)?
    }
}

#[cfg(target_os = "linux")]
fn yield_to_others() {
    // Niceness belongs to a thread on Linux, to the process elsewhere. A refusal leaves the thread as it is.
    _ = rustix::process::setpriority_process(None, NICENESS);
}

#[cfg(not(target_os = "linux"))]
fn yield_to_others() {}

/// What the thread owns.
struct Worker {
    config: GradientConfig,
    /// One per set of modules: an adapter's parameters are those of its own modules.
    sessions: Vec<(Vec<String>, GradientSession)>,
    /// Position of the session, the adapter, and its index.
    adapters: Vec<(usize, StoredAdapter, Arc<Index>)>,
}

impl Worker {
    fn run(mut self, mut queue: mpsc::Receiver<Job>) {
        while let Some(job) = queue.blocking_recv() {
            // Whoever asked may be gone.
            match job {
                Job::Load { family, index, reply } => _ = reply.send(self.load(&family, index)),
                Job::Query { adapter, answers, reply } => _ = reply.send(self.queries(adapter, &answers)),
            }
        }
    }

    fn load(&mut self, family: &Family, index: Arc<Index>) -> Result<usize, IndexError> {
        let targets = stored_targets(&family.full.folder)?;
        let place = match self.sessions.iter().position(|(known, _)| *known == targets) {
            Some(place) => place,
            None => {
                let config = GradientConfig { targets: targets.clone(), ..self.config.clone() };
                self.sessions.push((targets, GradientSession::open(&config)?));
                self.sessions.len().saturating_sub(1)
            }
        };
        let (_, session) = self.sessions.get(place).ok_or(EngineError::Stopped)?;
        self.adapters.push((place, served(session, family, &index)?, index));
        Ok(self.adapters.len().saturating_sub(1))
    }

    fn queries(&mut self, adapter: usize, answers: &[Tokens]) -> Result<Vec<Query>, IndexError> {
        let (place, adapter, index) = self.adapters.get(adapter).ok_or(EngineError::Stopped)?;
        let (_, session) = self.sessions.get_mut(*place).ok_or(EngineError::Stopped)?;
        let answers: Vec<Answer<'_>> = answers.iter().map(|(prompt, response)| Answer { prompt, response }).collect();
        let found = gradients(session, adapter, &answers)?;
        found.into_iter().map(|(gradient, log_prob)| Query::of(index, &gradient, log_prob)).collect()
    }
}

/// What the index says of one answer, with all that its receipt needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Indexed {
    /// The answer's gradient in the index's coordinates.
    pub query: Query,
    /// Products with every row.
    pub scores: Scores,
    /// What the adapter adds over its base, in micro-nats.
    pub lift: i64,
}

/// One adapter that is paid by its index.
#[derive(Clone)]
pub struct IndexLane {
    gradients: Gradients,
    engine: Engine,
    /// The served adapter's id in the engine.
    served: String,
    /// Its place on the thread.
    adapter: usize,
    index: Arc<Index>,
}

impl IndexLane {
    /// Takes a family's index, and its served adapter, which the engine knows as `served`.
    ///
    /// # Errors
    /// [`IndexError::Mismatch`] for an index of another base or family, and all errors of adapters.
    pub async fn load(
        engine: Engine,
        gradients: Gradients,
        served: String,
        family: &Family,
        index: Index,
    ) -> Result<Self, IndexError> {
        let index = Arc::new(index);
        let (family, shared) = (Box::new(family.clone()), index.clone());
        let adapter = gradients.ask(|reply| Job::Load { family, index: shared, reply }).await?;
        Ok(Self { gradients, engine, served, adapter, index })
    }

    /// The index.
    #[must_use]
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// What the index says of each answer: one forward and one backward pass under the adapter at the query point, one
    /// forward pass without the adapter and one with it unless its outcome is known, products with every row. An empty answer was
    /// made by nobody.
    ///
    /// # Errors
    /// Errors of requests and inference, [`IndexError::Length`] for an empty prompt.
    pub async fn attribute(&self, answers: Vec<Said>) -> Result<Vec<Indexed>, IndexError> {
        let is_silent = |answer: &Said| answer.tokens.1.is_empty();
        let said: Vec<&Said> = answers.iter().filter(|answer| !is_silent(answer)).collect();
        let lifts = self.lifts(&said).await?;
        let tokens = said.into_iter().map(|answer| answer.tokens.clone()).collect();
        let adapter = self.adapter;
        let queries = self.gradients.ask(|reply| Job::Query { adapter, answers: tokens, reply }).await?;
        let mut found = queries.into_iter().zip(lifts);
        let each = answers.iter().map(|answer| {
            let (query, lift) = if is_silent(answer) {
                (Query::nothing(&self.index), 0)
            } else {
                found.next().ok_or(EngineError::Stopped)?
            };
            Ok(Indexed { scores: Scores::of(&self.index, &query)?, query, lift })
        });
        each.collect()
    }

    /// What the adapter adds to each answer's log-probability over the base, in micro-nats.
    async fn lifts(&self, answers: &[&Said]) -> Result<Vec<i64>, IndexError> {
        let mut found = Vec::with_capacity(answers.len());
        for part in answers.chunks((self.engine.limits().max_score_rows / 2).max(1)) {
            let rows = part.iter().flat_map(|said| {
                let (prompt, completion) = &said.tokens;
                let row = |adapter| ScoreRow { adapter, prompt: prompt.clone(), completion: completion.clone() };
                let full = said.log_prob.is_none().then(|| row(Some(self.served.clone())));
                full.into_iter().chain([row(None)])
            });
            let mut scores = self.engine.score(rows.collect()).await?.into_iter();
            let mut next = || scores.next().ok_or(EngineError::Stopped);
            for said in part {
                let full = said.log_prob.map_or_else(&mut next, Ok)?;
                found.push(micro_nats("full", full)?.saturating_sub(micro_nats("base", next()?)?));
            }
        }
        Ok(found)
    }
}
