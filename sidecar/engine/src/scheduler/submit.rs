//! Into the line: what clients ask for is checked here and nowhere later.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::Scheduler;
use crate::{
    EngineError, GenerateEvent, GenerateRequest, ScaledAdapter, ScoreRow,
    backend::SequenceId,
    kv::PrefixKeys,
    sequence::{Collector, Generation, Measurement, Sequence, Task, Wanted},
    slots::Lease,
    text::TextStream,
    worker::Reply,
};

const MAX_ADAPTERS: usize = 8;
const MAX_STOPS: usize = 16;
const MAX_STOP_BYTES: usize = 256;
const MAX_CANDIDATES: usize = 64;
const MAX_TENANT_BYTES: usize = 256;

impl Scheduler {
    /// Checks a request and puts it in line.
    ///
    /// # Errors
    /// Errors of requests, [`EngineError::AdapterUnknown`], [`EngineError::QueueFull`], [`EngineError::TenantLimit`].
    pub fn generate(
        &mut self,
        request: GenerateRequest,
    ) -> Result<mpsc::Receiver<Result<GenerateEvent, EngineError>>, EngineError> {
        self.check_tokens("prompt tokens", &request.prompt, self.limits.max_prompt_tokens)?;
        if request.max_new_tokens == 0 {
            return Err(invalid("max_new_tokens must be at least 1"));
        }
        within("new tokens", request.max_new_tokens, self.limits.max_new_tokens)?;
        let total = request.prompt.len().saturating_add(request.max_new_tokens);
        within("prompt and new tokens", total, self.info.context_length)?;
        within("prompt and new tokens", total, self.cache_tokens())?;
        within("stop strings", request.stop.len(), MAX_STOPS)?;
        within("candidates beside a token", request.logprobs.unwrap_or_default(), MAX_CANDIDATES)?;
        for stop in &request.stop {
            if stop.is_empty() {
                return Err(invalid("a stop string must not be empty"));
            }
            within("bytes of a stop string", stop.len(), MAX_STOP_BYTES)?;
        }
        request.sampling.check()?;
        if self.waiting.len() >= self.limits.max_queue || self.check_tenant(request.tenant.as_deref()).is_err() {
            // Whoever left since the last step must not stand in the way of those who come.
            self.drop_ended();
        }
        self.check_tenant(request.tenant.as_deref())?;
        if self.waiting.len() >= self.limits.max_queue {
            return Err(EngineError::QueueFull { waiting: self.waiting.len() });
        }
        let constraint = request.grammar.as_ref().map(|grammar| self.grammars.start(grammar)).transpose()?;
        let lease = self.lease(request.adapter, request.more_adapters)?;
        let (events, receiver) = mpsc::channel(request.max_new_tokens + 2);
        let last = request.prompt.len() - 1;
        let task = Task::Generate(Box::new(Generation {
            prompt: request.prompt.clone(),
            answer: Vec::new(),
            sampling: request.sampling,
            constraint,
            logprobs: request.logprobs,
            max_new_tokens: request.max_new_tokens,
            text: TextStream::new(Arc::clone(&self.tokenizer), request.stop),
            events,
        }));
        // The last token that is chosen is never read.
        let mut sequence = self.sequence(lease, request.prompt, last, total - 1, task);
        sequence.deadline = request.deadline;
        if let Some(tenant) = request.tenant {
            *self.tenants.entry(tenant.clone()).or_default() += 1;
            sequence.tenant = Some(tenant);
        }
        self.wait(sequence);
        Ok(receiver)
    }

    /// Puts rows in line whose completions are scored: the log-probability of each in nats.
    pub fn score(&mut self, rows: &[ScoreRow], reply: Reply<Vec<f64>>) {
        let checked = self.check_score(rows);
        let leases = checked.and_then(|()| self.leases(rows.iter().map(|row| row.adapter.as_deref())));
        let leases = match leases {
            Ok(leases) if !rows.is_empty() => leases,
            outcome => {
                let _ = reply.send(outcome.map(|_| Vec::new()));
                return;
            }
        };
        let positions = rows.iter().map(|row| row.completion.len()).sum();
        let collector = Collector::new(vec![0.0; rows.len()], positions, reply);
        for (at, (row, lease)) in rows.iter().zip(leases).enumerate() {
            // The last token is only predicted, never read.
            let read = row.completion.len() - 1;
            let tokens = [&row.prompt[..], &row.completion[..read]].concat();
            let wanted = Wanted::Score { row: at, completion: row.completion.clone(), rows: Arc::clone(&collector) };
            self.measure(lease, tokens, row.prompt.len() - 1, wanted);
        }
    }

    /// Puts a prompt in line whose logits after each of its `last` tokens are wanted.
    pub fn prompt_logits(&mut self, adapter: Option<&str>, prompt: Vec<u32>, last: usize, reply: Reply<Vec<Vec<f32>>>) {
        let checked = self
            .check_tokens("prompt tokens", &prompt, self.limits.max_prompt_tokens)
            .and_then(|()| within("prompt tokens", prompt.len(), self.info.context_length.min(self.cache_tokens())))
            .and_then(|()| within("positions", last, prompt.len()));
        let lease = match checked.and_then(|()| self.slots.lease(adapter)) {
            Ok(lease) => lease,
            Err(error) => {
                let _ = reply.send(Err(error));
                return;
            }
        };
        if last == 0 {
            self.slots.release(lease);
            let _ = reply.send(Ok(Vec::new()));
            return;
        }
        let positions = Collector::new(vec![Vec::new(); last], last, reply);
        let first = prompt.len() - last;
        self.measure(lease, prompt, first, Wanted::Logits { positions });
    }

    fn lease(&mut self, adapter: Option<String>, more: Vec<ScaledAdapter>) -> Result<Lease, EngineError> {
        if more.is_empty() {
            return self.slots.lease(adapter.as_deref());
        }
        let first = adapter.map(|id| ScaledAdapter { id, factor: 1.0 });
        let adapters: Vec<ScaledAdapter> = first.into_iter().chain(more).collect();
        within("adapters of a request", adapters.len(), MAX_ADAPTERS)?;
        if adapters.iter().any(|adapter| !adapter.factor.is_finite()) {
            return Err(invalid("the factor of an adapter must be finite"));
        }
        self.slots.lease_sum(&adapters)
    }

    fn measure(&mut self, lease: Lease, tokens: Vec<u32>, first: usize, wanted: Wanted) {
        let room = tokens.len();
        let task = Task::Measure(Measurement { first, wanted });
        let sequence = self.sequence(lease, tokens, first, room, task);
        self.wait(sequence);
    }

    fn check_score(&self, rows: &[ScoreRow]) -> Result<(), EngineError> {
        within("rows", rows.len(), self.limits.max_score_rows)?;
        for row in rows {
            self.check_tokens("prompt tokens", &row.prompt, self.limits.max_prompt_tokens)?;
            self.check_tokens("completion tokens", &row.completion, self.limits.max_new_tokens)?;
            let total = row.prompt.len().saturating_add(row.completion.len());
            within("tokens of a row", total, self.info.context_length.min(self.cache_tokens()))?;
        }
        Ok(())
    }

    /// One lease per row, or none at all.
    fn leases<'r>(&mut self, adapters: impl Iterator<Item = Option<&'r str>>) -> Result<Vec<Lease>, EngineError> {
        let mut leases = Vec::new();
        for adapter in adapters {
            match self.slots.lease(adapter) {
                Ok(lease) => leases.push(lease),
                Err(error) => {
                    leases.into_iter().for_each(|lease| self.slots.release(lease));
                    return Err(error);
                }
            }
        }
        Ok(leases)
    }

    fn sequence(&mut self, lease: Lease, tokens: Vec<u32>, wanted_from: usize, room: usize, task: Task) -> Sequence {
        self.next_id += 1;
        let mut keys = PrefixKeys::new(self.pool.block_tokens(), lease.generation());
        // A position whose logits are wanted has to be computed, whatever the cache knows.
        keys.of(tokens.get(..wanted_from).unwrap_or_default());
        Sequence::new(SequenceId(self.next_id), lease, tokens, wanted_from, room, keys, task)
    }

    fn wait(&mut self, sequence: Sequence) {
        self.waiting.push(sequence.lease.generation(), sequence.room as u64, sequence);
    }

    /// Tokens of one sequence for which the cache has room at all.
    fn cache_tokens(&self) -> usize {
        self.pool.total().saturating_mul(self.pool.block_tokens())
    }

    fn check_tenant(&self, tenant: Option<&str>) -> Result<(), EngineError> {
        let Some(tenant) = tenant else { return Ok(()) };
        within("bytes of a tenant's name", tenant.len(), MAX_TENANT_BYTES)?;
        let value = self.tenants.get(tenant).copied().unwrap_or(0).saturating_add(1);
        let limit = self.limits.max_tenant_requests;
        if value > limit {
            return Err(EngineError::TenantLimit { tenant: tenant.to_owned(), value, limit });
        }
        Ok(())
    }

    fn check_tokens(&self, what: &'static str, ids: &[u32], limit: usize) -> Result<(), EngineError> {
        if ids.is_empty() {
            return Err(invalid("prompt and completion need at least one token"));
        }
        within(what, ids.len(), limit)?;
        let known = |id: &u32| usize::try_from(*id).is_ok_and(|id| id < self.info.vocab_size);
        match ids.iter().find(|id| !known(id)) {
            Some(id) => Err(invalid(&format!("token id {id} is not in the vocabulary"))),
            None => Ok(()),
        }
    }
}

fn within(what: &'static str, value: usize, limit: usize) -> Result<(), EngineError> {
    if value > limit {
        return Err(EngineError::RequestLimit { what, value, limit });
    }
    Ok(())
}

fn invalid(reason: &str) -> EngineError {
    EngineError::RequestInvalid { reason: reason.to_owned() }
}
