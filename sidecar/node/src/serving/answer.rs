//! One paid answer from question to receipt.

use std::time::{Duration, Instant};

use openledger_engine::{EngineError, FinishReason, GenerateEvent, GenerateRequest, Likelihood};
use openledger_protocol::{Sampling, Voucher, fees};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use super::{ServedAdapter, Serving, payment, receipt, sampling};
use crate::{api::OpenedReceipt, error::NodeError, ledger::Reservation};

/// Longest prompt, in bytes of text.
const MAX_PROMPT_BYTES: usize = 16 * 1024;

/// How long a client may leave a token unread.
const READER_TIMEOUT: Duration = Duration::from_secs(10);

/// A question with its payment.
#[derive(Debug, Clone)]
pub struct Question {
    /// Adapter in the models contract.
    pub adapter_id: u64,
    /// Text.
    pub prompt: String,
    /// How to draw tokens.
    pub sampling: Sampling,
    /// Reports the likelihood of each token with so many candidates beside it.
    pub logprobs: Option<usize>,
    /// Payment.
    pub voucher: Voucher,
    /// Session key's signature of the voucher.
    pub voucher_signature: Vec<u8>,
    /// When the client stops waiting.
    pub deadline: Option<Instant>,
}

/// What a client sees while its answer is made.
#[derive(Debug)]
pub enum AnswerEvent {
    /// A token and the text that became final with it.
    Token {
        /// Token id.
        id: u32,
        /// Text.
        text: String,
        /// How likely it was; absent unless asked for.
        likelihood: Option<Likelihood>,
    },
    /// The end of the text.
    Finished {
        /// Whole text.
        text: String,
        /// Why it ended.
        reason: FinishReason,
        /// Fee, in uopen.
        fee: u128,
        /// Tokens delivered.
        response_tokens: u32,
    },
    /// The receipt with its openings, after it was stored.
    Receipt(Box<OpenedReceipt>),
}

/// An answer that was accepted and is being made.
pub struct Answer {
    /// Highest fee, in uopen.
    pub max_fee: u128,
    /// Tokens of the prompt.
    pub prompt_tokens: u32,
    /// Tokens, the end of the text, then the receipt.
    pub events: mpsc::Receiver<Result<AnswerEvent, NodeError>>,
}

impl Serving {
    /// Checks a question and its payment and starts to answer it. An error here charged nothing.
    pub async fn answer(&self, question: Question) -> Result<Answer, NodeError> {
        let adapter = self.validate(&question)?;
        self.attributor.check()?;
        let sampling = question.sampling.clone();
        let prompt = self.engine.encode(&question.prompt)?;
        let new_tokens = sampling.max_new_tokens as usize;
        let context = self.engine.model().context_length.saturating_sub(new_tokens);
        let limit = self.engine.limits().max_prompt_tokens.min(context);
        let prompt_tokens = u32::try_from(prompt.len()).ok().filter(|_| prompt.len() <= limit).ok_or_else(|| {
            NodeError::BadRequest {
                field: "prompt",
                problem: format!("it has {} tokens; at most {limit} fit beside {new_tokens} new ones", prompt.len()),
            }
        })?;
        let terms = &adapter.terms;
        let max_fee = fees::fee(prompt_tokens, terms.prompt_price, sampling.max_new_tokens, terms.response_price)
            .map_err(|error| NodeError::BadRequest { field: "max_new_tokens", problem: error.to_string() })?;
        let (reservation, buyer) =
            payment::check(&self.network, self.signer.address(), &adapter, &question, max_fee).await?;
        let (logprobs, deadline) = (question.logprobs, question.deadline);
        let work = Work { adapter, prompt, prompt_tokens, sampling, logprobs, max_fee, buyer, deadline };

        // From here on the work goes on without its caller: a call that is cancelled must not leave its voucher reserved.
        let (ready, accepted) = oneshot::channel();
        self.tasks.spawn(self.clone().make(work, reservation, ready));
        accepted.await.map_err(|_| NodeError::Internal("the answer was cut off".into()))?
    }

    /// Reserves, generates and settles; `ready` learns whether tokens will come.
    async fn make(self, work: Work, reservation: Reservation, ready: oneshot::Sender<Result<Answer, NodeError>>) {
        if let Err(error) = self.ledger.reserve(&reservation).await {
            _ = ready.send(Err(error));
            return;
        }
        let request = GenerateRequest {
            adapter: Some(work.adapter.engine_id()),
            more_adapters: Vec::new(),
            prompt: work.prompt.clone(),
            sampling: sampling::of(&work.sampling),
            max_new_tokens: work.sampling.max_new_tokens as usize,
            stop: work.sampling.stop.clone(),
            grammar: sampling::grammar(&work.sampling),
            logprobs: work.logprobs,
            tenant: Some(work.buyer.clone()),
            deadline: work.deadline,
        };
        let (max_fee, prompt_tokens) = (work.max_fee, work.prompt_tokens);
        let generated = self.engine.generate(request).await;
        let task = AnswerTask { serving: self, work, reservation };
        let tokens = match generated {
            Ok(tokens) => tokens,
            Err(error) => {
                _ = ready.send(Err(task.decline(error.into()).await));
                return;
            }
        };
        // One token at a time: what waits in a queue was not delivered.
        let (sender, events) = mpsc::channel(1);
        if ready.send(Ok(Answer { max_fee, prompt_tokens, events })).is_err() {
            let gone = task.decline(NodeError::Internal("the client left before the answer began".into())).await;
            tracing::debug!(error = %gone, "answer dropped");
            return;
        }
        task.run(tokens, sender).await;
    }

    fn validate(&self, question: &Question) -> Result<ServedAdapter, NodeError> {
        let bad = |field, problem: &str| Err(NodeError::BadRequest { field, problem: problem.into() });
        let adapter = self.catalog.get(question.adapter_id)?;
        if question.prompt.is_empty() || question.prompt.len() > MAX_PROMPT_BYTES {
            return bad("prompt", "give 1 to 16384 bytes of text");
        }
        Ok(adapter)
    }
}

/// Whether the client chose what ended its answer: how long to wait, or a grammar that costs too much to follow to the end. Were such
/// answers free, a client could make all of its answers end so.
fn is_the_clients_choice(error: &EngineError) -> bool {
    matches!(error, EngineError::DeadlineExceeded | EngineError::RequestInvalid { .. })
}

/// What is to be made.
struct Work {
    adapter: ServedAdapter,
    prompt: Vec<u32>,
    prompt_tokens: u32,
    sampling: Sampling,
    logprobs: Option<usize>,
    max_fee: u128,
    /// Account that pays: its requests are limited together.
    buyer: String,
    deadline: Option<Instant>,
}

struct AnswerTask {
    serving: Serving,
    work: Work,
    reservation: Reservation,
}

impl AnswerTask {
    async fn run(
        self,
        mut tokens: mpsc::Receiver<Result<GenerateEvent, EngineError>>,
        sender: mpsc::Sender<Result<AnswerEvent, NodeError>>,
    ) {
        let mut delivered = Vec::new();
        let end = loop {
            match tokens.recv().await {
                Some(Ok(GenerateEvent::Token { id, text, likelihood })) => {
                    let sent =
                        timeout(READER_TIMEOUT, sender.send(Ok(AnswerEvent::Token { id, text, likelihood }))).await;
                    if !matches!(sent, Ok(Ok(()))) {
                        // The client left or reads no more: it owes what it was sent, this token excluded.
                        tokens.close();
                        break Ok(None);
                    }
                    delivered.push(id);
                }
                Some(Ok(GenerateEvent::Finished { tokens, text, reason })) => {
                    delivered = tokens;
                    break Ok(Some((text, reason)));
                }
                // What it was sent by then it owes, as if it had left.
                Some(Err(own)) if is_the_clients_choice(&own) && !delivered.is_empty() => {
                    break Err((own.into(), true));
                }
                Some(Err(error)) => break Err((error.into(), false)),
                None => break Err((NodeError::Internal("the engine gave up the answer".into()), false)),
            }
        };
        let told = match end {
            Ok(end) => self.settle(delivered, end, &sender).await,
            Err((error, owed)) => {
                let settled = if owed { self.settle(delivered, None, &sender).await } else { self.abandon().await };
                settled.and(Err(error))
            }
        };
        if let Err(error) = told {
            tracing::warn!(reason = error.reason(), %error, "answer failed");
            _ = timeout(READER_TIMEOUT, sender.send(Err(error))).await;
        }
    }

    /// Stores what was delivered, shows the end, and passes the receipt on when there is one.
    async fn settle(
        &self,
        response: Vec<u32>,
        end: Option<(String, FinishReason)>,
        sender: &mpsc::Sender<Result<AnswerEvent, NodeError>>,
    ) -> Result<(), NodeError> {
        let response_tokens = u32::try_from(response.len()).unwrap_or(u32::MAX);
        let (draft, fee) = match self.deliver(response).await {
            Ok(delivered) => delivered,
            Err(error) => return self.abandon().await.and(Err(error)),
        };
        // From here on the answer is in the store: whatever happens to this task, it will be attributed.
        let receipt = self.serving.attributor.add(draft).await?;
        let Some((text, reason)) = end else { return Ok(()) };
        let finished = AnswerEvent::Finished { text, reason, fee, response_tokens };
        if !matches!(timeout(READER_TIMEOUT, sender.send(Ok(finished))).await, Ok(Ok(()))) {
            return Ok(());
        }
        let receipt = receipt.await.map_err(|_| NodeError::Internal("the attribution was cut off".into()))??;
        // It is stored; a client that reads no more can fetch it later.
        _ = timeout(READER_TIMEOUT, sender.send(Ok(AnswerEvent::Receipt(Box::new(receipt))))).await;
        Ok(())
    }

    /// Drafts the receipt of what was delivered and stores it with its exact fee.
    async fn deliver(&self, response: Vec<u32>) -> Result<(OpenedReceipt, u128), NodeError> {
        let Serving { network, signer, ledger, .. } = &self.serving;
        let terms = &self.work.adapter.terms;
        let count = u32::try_from(response.len()).unwrap_or(u32::MAX);
        let fee = fees::fee(self.work.prompt_tokens, terms.prompt_price, count, terms.response_price)
            .map_err(|error| NodeError::BadRequest { field: "max_new_tokens", problem: error.to_string() })?;
        let mut salt = [0u8; 32];
        getrandom::fill(&mut salt).map_err(|error| NodeError::Ledger(format!("no randomness: {error}")))?;
        let served = receipt::Served {
            scope: network.scope(),
            adapter: &self.work.adapter,
            session_id: self.reservation.session_id,
            voucher_sequence: self.reservation.sequence,
            prompt: self.work.prompt.clone(),
            response,
            sampling: self.work.sampling.clone(),
            fee,
            salt,
            served_at: self.reservation.accepted_at,
        };
        let draft = receipt::draft(served, signer.address())?;
        ledger.deliver(self.reservation.session_id, self.reservation.sequence, fee, &draft).await?;
        Ok((draft, fee))
    }

    /// Undoes the reservation of an answer that never began and passes the error on.
    async fn decline(&self, error: NodeError) -> NodeError {
        let Reservation { session_id, sequence, .. } = self.reservation;
        match self.serving.ledger.forget(session_id, sequence).await {
            Ok(()) => error,
            Err(store) => store,
        }
    }

    /// Frees the reservation: an answer that failed costs nothing.
    async fn abandon(&self) -> Result<(), NodeError> {
        let Reservation { session_id, sequence, .. } = self.reservation;
        self.serving.ledger.release(session_id, sequence).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_cannot_choose_to_pay_nothing_and_pays_for_no_failure_of_the_node() {
        let costly = EngineError::RequestInvalid { reason: "the grammar cannot be used".into() };
        for own in [EngineError::DeadlineExceeded, costly] {
            assert!(is_the_clients_choice(&own), "{own}");
        }
        let failed = EngineError::Inference { reason: "not finite".into() };
        let read = EngineError::AdapterUnavailable { reason: "gone".into() };
        for other in [EngineError::Stopped, failed, read] {
            assert!(!is_the_clients_choice(&other), "{other}");
        }
    }
}
