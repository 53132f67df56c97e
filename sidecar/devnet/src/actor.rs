//! The thread that owns the chain. Native contracts cannot move between threads, so work comes to them.

use std::{panic::AssertUnwindSafe, sync::Arc, thread};

use tokio::sync::{mpsc, oneshot};

use crate::{
    chain::{Artifacts, Chain, blocks::Block, fault::Fault, limits::Limits},
    error::DevnetError,
    genesis::Genesis,
    journal::{BlockRecord, Journal},
    query,
};

/// Requests that wait for the thread before callers wait to ask.
const QUEUE: usize = 1024;
/// Contracts call contracts on this stack.
const STACK_BYTES: usize = 64 << 20;

/// Work for the chain's thread; nothing to do closes it.
type Job = Option<Box<dyn FnOnce(&mut Chain) + Send>>;

/// Everything the chain is opened with.
pub struct Opening {
    pub genesis: Genesis,
    pub limits: Limits,
    pub artifacts: Artifacts,
    pub journal: Option<Journal>,
    pub recorded: Vec<BlockRecord>,
    /// Whether each transaction gets its block at once.
    pub block_per_tx: bool,
}

/// Access to the chain from anywhere.
#[derive(Clone)]
pub struct Sim {
    jobs: mpsc::Sender<Job>,
    block_per_tx: bool,
}

/// The answer to a broadcast.
pub struct Admitted {
    pub hash: [u8; 32],
    pub checked: Result<(), Fault>,
}

impl Sim {
    /// Opens the chain on a thread of its own.
    pub async fn open(opening: Opening) -> Result<Self, DevnetError> {
        let (jobs, mut inbox) = mpsc::channel::<Job>(QUEUE);
        let (ready, opened) = oneshot::channel();
        let block_per_tx = opening.block_per_tx;
        let run = move || {
            let Opening { genesis, limits, artifacts, journal, recorded, .. } = opening;
            match Chain::open(&genesis, limits, artifacts, journal, recorded) {
                Ok(mut chain) => {
                    let _ = ready.send(Ok(()));
                    // The inbox closes last (declared first), when the chain and its files are gone.
                    while let Some(Some(job)) = inbox.blocking_recv() {
                        // A panic outside the guarded parts must not take the chain along.
                        let job = AssertUnwindSafe(|| job(&mut chain));
                        if std::panic::catch_unwind(job).is_err() {
                            tracing::error!("a request panicked");
                        }
                    }
                }
                Err(error) => {
                    let _ = ready.send(Err(error));
                }
            }
        };
        thread::Builder::new()
            .name("devnet-chain".to_owned())
            .stack_size(STACK_BYTES)
            .spawn(run)
            .map_err(|_| DevnetError::Stopped)?;
        opened.await.map_err(|_| DevnetError::Stopped)??;
        Ok(Self { jobs, block_per_tx })
    }

    /// Runs work on the chain's thread.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Chain) -> T + Send + 'static,
    ) -> Result<T, DevnetError> {
        let (reply, answer) = oneshot::channel();
        let job: Job = Some(Box::new(move |chain| {
            let _ = reply.send(work(chain));
        }));
        self.jobs.send(job).await.map_err(|_| DevnetError::Stopped)?;
        answer.await.map_err(|_| DevnetError::Stopped)
    }

    /// Checks a transaction and takes it; with a block per transaction it is in a block when this returns.
    pub async fn broadcast(&self, bytes: Vec<u8>) -> Result<Admitted, DevnetError> {
        let at_once = self.block_per_tx;
        self.run(move |chain| {
            let (hash, checked) = chain.admit(&bytes);
            if checked.is_ok() && at_once {
                chain.produce()?;
            }
            Ok(Admitted { hash, checked })
        })
        .await?
    }

    /// Ends the thread and waits until it has let go of its files.
    pub async fn close(self) {
        if self.jobs.send(None).await.is_ok() {
            self.jobs.closed().await;
        }
    }

    /// Makes the next block: of what waits, or empty.
    pub async fn tick(&self) -> Result<Arc<Block>, DevnetError> {
        self.run(Chain::produce).await?
    }

    /// Moves block time ahead.
    pub async fn advance(&self, seconds: u64) -> Result<Arc<Block>, DevnetError> {
        self.run(move |chain| chain.advance(seconds)).await?
    }

    /// Answers a query path.
    pub async fn query(&self, path: String, data: Vec<u8>) -> Result<Result<Vec<u8>, Fault>, DevnetError> {
        self.run(move |chain| query::answer(chain, &path, &data)).await
    }
}
