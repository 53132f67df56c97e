//! A stream that reads ahead in a task of its own.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use futures::Stream;
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::stream::{EventStream, Update};
use crate::error::ChainError;

/// Updates that were read ahead, up to a bound: a slow consumer slows the reading down and loses nothing. Dropping it
/// ends the task.
#[derive(Debug)]
pub struct Subscription {
    updates: mpsc::Receiver<Result<Update, ChainError>>,
    stop: DropGuard,
}

impl EventStream {
    /// Reads ahead by up to `capacity` updates until `stop` is cancelled, an error needs another cursor, or the
    /// subscription is dropped. Must be called within a Tokio runtime.
    #[must_use]
    pub fn subscribe(mut self, capacity: usize, stop: &CancellationToken) -> Subscription {
        let (sender, updates) = mpsc::channel(capacity.max(1));
        let stop = stop.child_token();
        let ended = stop.clone();
        tokio::spawn(async move {
            let reading = async {
                loop {
                    let update = self.next().await;
                    let last = matches!(&update, Err(error) if !matches!(error, ChainError::StreamStalled { .. }));
                    if sender.send(update).await.is_err() || last {
                        return;
                    }
                }
            };
            ended.run_until_cancelled(reading).await;
        });
        Subscription { updates, stop: stop.drop_guard() }
    }
}

impl Subscription {
    /// The next update; `None` after the end.
    ///
    /// # Errors
    /// As [`EventStream::next`].
    pub async fn next(&mut self) -> Option<Result<Update, ChainError>> {
        self.updates.recv().await
    }

    /// Ends the reading. What was read ahead is dropped; the cursor of the last update that was taken stays right.
    pub fn stop(self) {
        drop(self.stop);
    }
}

impl Stream for Subscription {
    type Item = Result<Update, ChainError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.updates.poll_recv(context)
    }
}
