//! One paid answer from question to receipt.

use std::time::{Duration, Instant};

use openledger_engine::{EngineError, FinishReason, GenerateEvent, GenerateRequest, Likelihood};
use openledger_protocol::{Sampling, Voucher, fees};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use super::{ServedAdapter, Serving, payment, receipt, sampling};
use crate::{
    api::OpenedReceipt,
    error::NodeError,
    ledger::{Delivered, Reservation},
};

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
            logprobs: work.engine_logprobs(),
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

impl Work {
    /// An answer that is paid by an index needs its log-probability, so likelihoods are asked for without candidates.
    fn engine_logprobs(&self) -> Option<usize> {
        self.logprobs.or_else(|| self.adapter.lane().uses_log_prob().then_some(0))
    }
}

/// What was sent of an answer.
struct Sent {
    tokens: Vec<u32>,
    /// Sum of the log-probabilities of the tokens in nats, while the engine reports each.
    log_prob: Option<f64>,
}

impl Sent {
    fn new() -> Self {
        Self { tokens: Vec::new(), log_prob: Some(0.0) }
    }

    /// Adds one token.
    fn push(&mut self, id: u32, nats: Option<f64>) {
        self.tokens.push(id);
        self.log_prob = self.log_prob.zip(nats).map(|(sum, nats)| sum + nats);
    }
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
        let mut delivered = Sent::new();
        let told = self.work.logprobs.is_some();
        let end = loop {
            match tokens.recv().await {
                Some(Ok(GenerateEvent::Token { id, text, likelihood })) => {
                    let nats = likelihood.as_ref().map(|likelihood| likelihood.logprob);
                    let event = AnswerEvent::Token { id, text, likelihood: likelihood.filter(|_| told) };
                    let sent = timeout(READER_TIMEOUT, sender.send(Ok(event))).await;
                    if !matches!(sent, Ok(Ok(()))) {
                        // The client left or reads no more: it owes what it was sent, this token excluded.
                        tokens.close();
                        break Ok(None);
                    }
                    delivered.push(id, nats);
                }
                // Its tokens are those that were sent.
                Some(Ok(GenerateEvent::Finished { text, reason, .. })) => break Ok(Some((text, reason))),
                // What it was sent by then it owes, as if it had left.
                Some(Err(own)) if is_the_clients_choice(&own) && !delivered.tokens.is_empty() => {
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
        response: Sent,
        end: Option<(String, FinishReason)>,
        sender: &mpsc::Sender<Result<AnswerEvent, NodeError>>,
    ) -> Result<(), NodeError> {
        let response_tokens = u32::try_from(response.tokens.len()).unwrap_or(u32::MAX);
        let (answer, fee) = match self.deliver(response).await {
            Ok(delivered) => delivered,
            Err(error) => return self.abandon().await.and(Err(error)),
        };
        // From here on the answer is in the store: whatever happens to this task, it will be attributed.
        let receipt = self.serving.attributor.add(answer).await?;
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
    async fn deliver(&self, response: Sent) -> Result<(Delivered, u128), NodeError> {
        let Serving { network, signer, ledger, .. } = &self.serving;
        let terms = &self.work.adapter.terms;
        let count = u32::try_from(response.tokens.len()).unwrap_or(u32::MAX);
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
            response: response.tokens,
            sampling: self.work.sampling.clone(),
            fee,
            salt,
            served_at: self.reservation.accepted_at,
        };
        let draft = receipt::draft(served, signer.address())?;
        let answer = Delivered { draft, log_prob: response.log_prob };
        ledger.deliver(self.reservation.session_id, self.reservation.sequence, fee, &answer).await?;
        Ok((answer, fee))
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
    fn the_likelihood_of_what_was_sent_is_known_when_every_token_had_one() {
        let mut sent = Sent::new();
        sent.push(3, Some(-0.5));
        sent.push(4, Some(-1.25));
        assert_eq!((sent.tokens.as_slice(), sent.log_prob), (&[3, 4][..], Some(-1.75)));
        sent.push(5, None);
        sent.push(6, Some(-1.0));
        assert_eq!(sent.log_prob, None);
    }

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
