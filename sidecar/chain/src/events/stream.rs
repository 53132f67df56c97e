//! One height after another.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::Notify,
    time::{Instant, sleep},
};

use super::{
    backoff::Backoff,
    cursor::{BlockHash, Cursor, MAX_REMEMBERED},
    event::{ContractEvent, EventFilter},
    read::BlockRef,
};
use crate::{client::ChainClient, error::ChainError};

/// How the stream reads.
#[derive(Clone, Debug)]
pub struct StreamConfig {
    /// A block is handed out when so many lie above it.
    pub confirmations: u64,
    /// How many hashes the cursor remembers: the deepest change of history that can be taken back.
    pub remembered: usize,
    /// How often the latest height is asked for when there is nothing to read. A [`Hint`] shortens it.
    pub poll_interval: Duration,
    /// Pause after a first failure; it doubles with each further one.
    pub first_pause: Duration,
    /// Longest pause.
    pub longest_pause: Duration,
    /// After so much time without a usable answer, [`EventStream::next`] reports it. It goes on when called again.
    pub patience: Duration,
}

impl Default for StreamConfig {
    fn default() -> Self {
        Self {
            confirmations: 1,
            remembered: 200,
            poll_interval: Duration::from_millis(500),
            first_pause: Duration::from_millis(200),
            longest_pause: Duration::from_secs(30),
            patience: Duration::from_secs(120),
        }
    }
}

/// What happened next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Update {
    /// The next block.
    Block(BlockEvents),
    /// History changed: what came of this height and all above must be taken back. The stream goes on at this height.
    Reorg {
        /// The lowest height whose block is another one now.
        from_height: u64,
        /// To be kept together with what was taken back.
        cursor: Cursor,
    },
}

/// A block and what contracts reported in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockEvents {
    /// The height.
    pub height: u64,
    /// The block's hash.
    pub hash: BlockHash,
    /// Block time in unix nanoseconds.
    pub time_ns: u64,
    /// The wanted events, in order; often none.
    pub events: Vec<ContractEvent>,
    /// To be kept together with what came of the events: the place after this block.
    pub cursor: Cursor,
}

/// Makes a stream look at once, for example after the process has sent a transaction itself, or when something else
/// says that there is a block. Hints are only that: without any, and with false ones, nothing is missed.
#[derive(Clone, Debug)]
pub struct Hint(Arc<Notify>);

impl Hint {
    /// Looks now. Hints while the stream is not waiting are kept as one.
    pub fn look(&self) {
        self.0.notify_one();
    }
}

/// The events of a chain's contracts from a [`Cursor`] on. See the [module](super).
pub struct EventStream {
    client: ChainClient,
    filter: EventFilter,
    config: StreamConfig,
    cursor: Cursor,
    hint: Hint,
    backoff: Backoff,
    /// Since when nothing usable was answered.
    failing: Option<Instant>,
    /// The head at the last look.
    seen: Option<BlockRef>,
}

impl EventStream {
    /// A stream from a cursor on.
    ///
    /// # Errors
    /// [`ChainError::OtherChain`] when the client talks to another chain than the cursor's.
    pub fn new(
        client: ChainClient,
        filter: EventFilter,
        cursor: Cursor,
        mut config: StreamConfig,
    ) -> Result<Self, ChainError> {
        same_chain(&cursor, client.chain_id())?;
        config.remembered = config.remembered.clamp(1, MAX_REMEMBERED);
        config.poll_interval = config.poll_interval.max(Duration::from_millis(1));
        let backoff = Backoff::new(config.first_pause, config.longest_pause);
        let hint = Hint(Arc::default());
        Ok(Self { client, filter, config, cursor, hint, backoff, failing: None, seen: None })
    }

    /// A stream from the next block on.
    ///
    /// # Errors
    /// [`ChainError::Rpc`] or [`ChainError::BadAnswer`] when the latest block is not known.
    pub async fn from_now(client: ChainClient, filter: EventFilter, config: StreamConfig) -> Result<Self, ChainError> {
        let next = client.head().await?.height.saturating_add(1);
        let cursor = Cursor::new(client.chain_id(), next);
        Self::new(client, filter, cursor, config)
    }

    /// The place after the last update.
    #[must_use]
    pub fn cursor(&self) -> &Cursor {
        &self.cursor
    }

    /// A handle that makes the stream look at once.
    #[must_use]
    pub fn hint(&self) -> Hint {
        self.hint.clone()
    }

    /// How many blocks the chain was ahead of the stream when it last looked; `None` before the first answer.
    #[must_use]
    pub fn lag(&self) -> Option<u64> {
        let head = self.seen?.height;
        Some(head.saturating_add(1).saturating_sub(self.cursor.next_height()))
    }

    /// Waits for the next update. May be dropped at any moment: then nothing has been taken from the stream.
    ///
    /// # Errors
    /// Failures are waited out up to [`StreamConfig::patience`], then [`ChainError::StreamStalled`] tells the last one,
    /// and the next call goes on. [`ChainError::OtherChain`] and [`ChainError::HistoryReplaced`] need another cursor.
    pub async fn next(&mut self) -> Result<Update, ChainError> {
        loop {
            match self.step().await {
                Ok(update) => {
                    self.backoff.reset();
                    self.failing = None;
                    if let Some(update) = update {
                        return Ok(update);
                    }
                    tokio::select! {
                        () = sleep(self.config.poll_interval) => {}
                        () = self.hint.0.notified() => {}
                    }
                }
                Err(error @ (ChainError::OtherChain { .. } | ChainError::HistoryReplaced { .. })) => return Err(error),
                Err(error) => {
                    let since = *self.failing.get_or_insert_with(Instant::now);
                    let height = self.cursor.next_height();
                    tracing::debug!(height, %error, "no events");
                    if since.elapsed() >= self.config.patience {
                        self.failing = None;
                        return Err(ChainError::StreamStalled {
                            height,
                            waited_s: self.config.patience.as_secs(),
                            reason: error.to_string(),
                        });
                    }
                    sleep(self.backoff.pause()).await;
                }
            }
        }
    }

    /// One look at the chain. Nothing changes before everything has been read.
    async fn step(&mut self) -> Result<Option<Update>, ChainError> {
        let head = self.client.head().await?;
        let news = self.seen != Some(head);
        let next = self.cursor.next_height();
        // A head that is known by another hash: the node has another history.
        if self.cursor.hash_at(head.height).is_some_and(|known| known != head.hash) {
            return self.reorganise(head).await.map(Some);
        }
        if head.height.saturating_sub(self.config.confirmations) < next {
            // Nothing to hand out: wait for the chain, or for a node that lags behind. The head tells nothing of the last
            // block below it, so that is compared whenever the head is new.
            let last = next.saturating_sub(1);
            if news
                && head.height > last
                && let Some(known) = self.cursor.hash_at(last)
                && self.client.block_at(last).await?.hash != known
            {
                return self.reorganise(head).await.map(Some);
            }
            self.seen = Some(head);
            return Ok(None);
        }
        let block = self.client.block_at(next).await?;
        same_chain(&self.cursor, &block.chain_id)?;
        let known = next.checked_sub(1).and_then(|parent| self.cursor.hash_at(parent));
        if known.is_some() && known != block.parent {
            return self.reorganise(head).await.map(Some);
        }
        let events = self.client.events_in(&block, &self.filter).await?;
        // Results are looked up by transaction, not by block: were they this block's?
        if !block.txs.is_empty() && self.client.block_at(next).await?.hash != block.hash {
            return Err(ChainError::answer("GetBlockByHeight", format!("block {next} changed while it was read")));
        }
        let cursor = self.cursor.after(block.hash, self.config.remembered);
        self.seen = Some(head);
        self.cursor = cursor.clone();
        let (height, hash, time_ns) = (block.height, block.hash, block.time_ns);
        Ok(Some(Update::Block(BlockEvents { height, hash, time_ns, events, cursor })))
    }

    /// Finds the lowest remembered height whose block is another one now, and goes back to it.
    async fn reorganise(&mut self, head: BlockRef) -> Result<Update, ChainError> {
        let last = self.cursor.next_height().saturating_sub(1);
        let oldest = self.cursor.oldest();
        let start = last.min(head.height);
        let mut height = start;
        while height >= oldest {
            let block = self.client.block_at(height).await?;
            same_chain(&self.cursor, &block.chain_id)?;
            if Some(block.hash) == self.cursor.hash_at(height) {
                break;
            }
            height = height.saturating_sub(1);
        }
        if height < oldest {
            return Err(ChainError::HistoryReplaced { oldest });
        }
        if height == start {
            // Every remembered block still stands: the answers came from two nodes, or from one that is changing.
            return Err(ChainError::answer(
                "GetBlockByHeight",
                format!("the blocks around {start} contradict each other"),
            ));
        }
        let from_height = height.saturating_add(1);
        tracing::warn!(from_height, last, "the chain's history changed");
        self.cursor = self.cursor.back_to(from_height);
        self.seen = None;
        Ok(Update::Reorg { from_height, cursor: self.cursor.clone() })
    }
}

impl std::fmt::Debug for EventStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventStream")
            .field("chain_id", &self.cursor.chain_id())
            .field("next_height", &self.cursor.next_height())
            .finish_non_exhaustive()
    }
}

fn same_chain(cursor: &Cursor, found: &str) -> Result<(), ChainError> {
    if cursor.chain_id() == found {
        return Ok(());
    }
    let found = crate::tx::brief(found);
    Err(ChainError::OtherChain { expected: cursor.chain_id().to_owned(), found })
}
