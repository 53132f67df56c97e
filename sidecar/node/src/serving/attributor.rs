//! Attributes delivered answers, beside the stream and not in it: a client has its whole text before this begins.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use openledger_attribution::index::{IndexError, Said};
use openledger_chain::Signer;
use openledger_engine::EngineError;
use openledger_protocol::amount;
use tokio::sync::{mpsc, oneshot};

use super::{Attributed, Catalog, ServedAdapter, receipt};
use crate::{
    api::OpenedReceipt,
    error::NodeError,
    ledger::{Delivered, Ledger},
};

/// Delivered answers that may wait in memory; a node that is so far behind takes no more questions.
const QUEUE: usize = 1024;
/// Answers that are attributed together.
const TOGETHER: usize = 16;

/// Between two tries when the engine is full.
const RETRY: Duration = Duration::from_millis(100);
/// Tries before an answer is left for the next start.
const RETRIES: usize = 600;

/// Where the receipt of an answer goes once it exists.
type Reply = oneshot::Sender<Result<OpenedReceipt, NodeError>>;

struct Waiting {
    answer: Delivered,
    reply: Option<Reply>,
}

/// The line of delivered answers. Clones share it.
#[derive(Clone)]
pub struct Attributor {
    line: mpsc::Sender<Waiting>,
}

/// What attributes them, until the last [`Attributor`] is gone and the line is empty.
pub struct Attributing {
    line: mpsc::Receiver<Waiting>,
    /// What an earlier process left.
    left: Vec<Delivered>,
    catalog: Arc<Catalog>,
    signer: Signer,
    ledger: Ledger,
}

impl Attributor {
    /// A line and its worker, which the caller runs. What an earlier process left is read now, before anything is delivered:
    /// later it could not be told from what is in the line.
    pub async fn new(catalog: Arc<Catalog>, signer: Signer, ledger: Ledger) -> Result<(Self, Attributing), NodeError> {
        let (sender, line) = mpsc::channel(QUEUE);
        let left = ledger.waiting_answers().await?;
        Ok((Self { line: sender }, Attributing { line, left, catalog, signer, ledger }))
    }

    /// Refuses when too many answers wait already.
    pub fn check(&self) -> Result<(), NodeError> {
        if self.line.capacity() == 0 { Err(NodeError::Busy("attributions")) } else { Ok(()) }
    }

    /// Puts a stored answer into the line; the receipt arrives when it is signed and stored.
    pub async fn add(
        &self,
        answer: Delivered,
    ) -> Result<oneshot::Receiver<Result<OpenedReceipt, NodeError>>, NodeError> {
        let (reply, receipt) = oneshot::channel();
        let waiting = Waiting { answer, reply: Some(reply) };
        // A line that has ended leaves the answer in the store: the next start takes it up.
        self.line.send(waiting).await.map_err(|_| NodeError::Busy("a restart and attributions"))?;
        Ok(receipt)
    }
}

impl Attributing {
    /// Takes up what an earlier process left, then whatever is delivered.
    pub async fn run(mut self) {
        let left = std::mem::take(&mut self.left);
        if !left.is_empty() {
            tracing::info!(answers = left.len(), "attributing answers that were delivered before the start");
        }
        let mut left = left.into_iter().map(|answer| Waiting { answer, reply: None }).peekable();
        while left.peek().is_some() {
            self.settle(left.by_ref().take(TOGETHER).collect()).await;
        }
        let mut some = Vec::with_capacity(TOGETHER);
        while self.line.recv_many(&mut some, TOGETHER).await > 0 {
            self.settle(std::mem::take(&mut some)).await;
        }
    }

    /// Attributes, signs and stores a few answers. Those of one adapter share runs.
    async fn settle(&self, some: Vec<Waiting>) {
        let mut by_adapter: BTreeMap<u64, Vec<Waiting>> = BTreeMap::new();
        for waiting in some {
            let adapter = adapter_of(&waiting.answer.draft).unwrap_or_default();
            by_adapter.entry(adapter).or_default().push(waiting);
        }
        let groups = by_adapter.into_iter().map(|(adapter, group)| self.settle_group(adapter, group));
        futures::future::join_all(groups).await;
    }

    async fn settle_group(&self, adapter_id: u64, group: Vec<Waiting>) {
        let mut attributed = self.attribute(adapter_id, &group).await;
        // Clients come first in the engine's queue too: what they leave no room for waits, and is not given up.
        for _ in 0..RETRIES {
            match &attributed {
                Err(error) if is_crowded(error) => tokio::time::sleep(RETRY).await,
                _ => break,
            }
            attributed = self.attribute(adapter_id, &group).await;
        }
        match attributed {
            Ok(attributed) => {
                for (waiting, attributed) in group.into_iter().zip(attributed) {
                    let settled = self.sign(&waiting.answer.draft, attributed).await;
                    self.end(waiting, settled).await;
                }
            }
            // One answer that cannot be attributed must not cost the others their receipts.
            Err(error) if group.len() > 1 && !is_over(&error) => {
                tracing::warn!(reason = error.reason(), %error, "attributing answers one by one");
                for waiting in group {
                    Box::pin(self.settle_group(adapter_id, vec![waiting])).await;
                }
            }
            Err(error) => {
                let mut error = Some(error);
                for waiting in group {
                    let error = error.take().unwrap_or(NodeError::Busy("a restart and attributions"));
                    self.end(waiting, Err(error)).await;
                }
            }
        }
    }

    async fn attribute(&self, adapter_id: u64, group: &[Waiting]) -> Result<Vec<Attributed>, NodeError> {
        let adapter = self.catalog.get(adapter_id)?;
        let answers = group.iter().map(|waiting| opened(&adapter, &waiting.answer)).collect::<Result<_, _>>()?;
        adapter.lane().attribute(answers).await
    }

    async fn sign(&self, draft: &OpenedReceipt, attributed: Attributed) -> Result<OpenedReceipt, NodeError> {
        let receipt = draft.receipt.as_ref().and_then(|signed| signed.receipt.as_ref()).ok_or_else(broken)?;
        let (session, sequence, fee) = (receipt.session_id, receipt.voucher_sequence, amount::parse(&receipt.fee)?);
        let signed = |cumulative| receipt::sign(draft.clone(), attributed, self.signer.key(), cumulative);
        self.ledger.charge_and_store(session, sequence, fee, signed).await
    }

    /// Tells whoever waits. An answer that cannot be attributed is not charged, unless the process is ending: then the next one
    /// tries again.
    async fn end(&self, waiting: Waiting, settled: Result<OpenedReceipt, NodeError>) {
        if let Err(error) = &settled
            && !is_over(error)
        {
            tracing::error!(reason = error.reason(), %error, "an answer stays without receipt and is not charged");
            let of = waiting.answer.draft.receipt.as_ref().and_then(|signed| signed.receipt.as_ref());
            if let Some(receipt) = of
                && let Err(error) = self.ledger.release(receipt.session_id, receipt.voucher_sequence).await
            {
                tracing::error!(%error, "its reservation cannot be freed");
            }
        }
        if let Some(reply) = waiting.reply {
            // A client that left fetches its receipt later.
            _ = reply.send(settled);
        }
    }
}

fn adapter_of(draft: &OpenedReceipt) -> Option<u64> {
    Some(draft.receipt.as_ref()?.receipt.as_ref()?.adapter_id)
}

/// What was asked and answered, and the salt of its commitments. A draft of another version than is served now cannot be attributed.
fn opened(adapter: &ServedAdapter, answer: &Delivered) -> Result<(Said, [u8; 32]), NodeError> {
    let Delivered { draft, log_prob } = answer;
    let receipt = draft.receipt.as_ref().and_then(|signed| signed.receipt.as_ref()).ok_or_else(broken)?;
    if receipt.adapter_version != adapter.terms.version {
        let problem =
            format!("version {} answered, version {} is served", receipt.adapter_version, adapter.terms.version);
        return Err(NodeError::AdapterMismatch { adapter_id: receipt.adapter_id, problem });
    }
    let salt = draft.salt.as_slice().try_into().map_err(|_| broken())?;
    Ok((Said { tokens: (draft.prompt.clone(), draft.response.clone()), log_prob: *log_prob }, salt))
}

fn broken() -> NodeError {
    NodeError::Ledger("a stored answer cannot be read".into())
}

/// What the engine said, whichever lane asked it.
fn engine_error(error: &NodeError) -> Option<&EngineError> {
    match error {
        NodeError::Engine(error) | NodeError::Index(IndexError::Engine(error)) => Some(error),
        _ => None,
    }
}

/// The engine has no room at the moment.
fn is_crowded(error: &NodeError) -> bool {
    matches!(engine_error(error), Some(EngineError::QueueFull { .. } | EngineError::TenantLimit { .. }))
}

/// This process attributes no more, the next one may.
fn is_over(error: &NodeError) -> bool {
    matches!(error, NodeError::Busy(_))
        || matches!(engine_error(error), Some(EngineError::Stopped))
        || is_crowded(error)
}
