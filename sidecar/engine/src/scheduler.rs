//! Which rows run in which step.

use std::{collections::VecDeque, sync::Arc};

use tokenizers::Tokenizer;
use tokio::sync::mpsc;

use crate::{
    EngineError, GenerateEvent, GenerateRequest, Limits, ModelInfo, ScoreRow,
    forward::{Forward, Logits, StepRow},
    grammar::Grammars,
    kv::{Kv, KvRow},
    sequence::Sequence,
    slots::SlotTable,
    text::TextStream,
};

/// Most logits one run may produce (256 MiB of 32-bit floats).
const MAX_LOGITS: usize = 64 << 20;
const MAX_STOPS: usize = 16;
const MAX_STOP_BYTES: usize = 256;
const MAX_CANDIDATES: usize = 64;

/// The running batch, the line of waiting requests and the resident adapters.
pub(crate) struct Scheduler {
    pub slots: SlotTable,
    forward: Forward,
    tokenizer: Arc<Tokenizer>,
    grammars: Grammars,
    info: Arc<ModelInfo>,
    limits: Limits,
    waiting: VecDeque<Sequence>,
    running: Vec<Sequence>,
    /// Cache of the running rows, in their order; `None` when nothing runs.
    kv: Option<Kv>,
}

impl Scheduler {
    pub fn new(
        forward: Forward,
        slots: SlotTable,
        tokenizer: Arc<Tokenizer>,
        info: Arc<ModelInfo>,
        limits: Limits,
    ) -> Self {
        let grammars = Grammars::new(Arc::clone(&tokenizer), Arc::clone(&info));
        let (waiting, running) = (VecDeque::new(), Vec::new());
        Self { slots, forward, tokenizer, grammars, info, limits, waiting, running, kv: None }
    }

    /// True when there is nothing to do until the next command.
    pub fn idle(&self) -> bool {
        self.waiting.is_empty() && self.running.is_empty()
    }

    /// Checks a request and puts it in line.
    ///
    /// # Errors
    /// Errors of requests, [`EngineError::AdapterUnknown`], [`EngineError::QueueFull`].
    pub fn submit(
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
        within("stop strings", request.stop.len(), MAX_STOPS)?;
        within("candidates beside a token", request.logprobs.unwrap_or_default(), MAX_CANDIDATES)?;
        for stop in &request.stop {
            if stop.is_empty() {
                return Err(invalid("a stop string must not be empty"));
            }
            within("bytes of a stop string", stop.len(), MAX_STOP_BYTES)?;
        }
        request.sampling.check()?;
        if self.waiting.len() >= self.limits.max_queue {
            return Err(EngineError::QueueFull { waiting: self.waiting.len() });
        }
        let constraint = request.grammar.as_ref().map(|grammar| self.grammars.start(grammar)).transpose()?;
        let slot = self.slots.acquire(request.adapter.as_deref())?;
        let (events, receiver) = mpsc::channel(request.max_new_tokens + 2);
        self.waiting.push_back(Sequence {
            tokens: Vec::new(),
            slot,
            past: 0,
            sampling: request.sampling,
            constraint,
            logprobs: request.logprobs,
            max_new_tokens: request.max_new_tokens,
            text: TextStream::new(Arc::clone(&self.tokenizer), request.stop),
            prompt: request.prompt,
            events,
        });
        Ok(receiver)
    }

    /// One prefill step for those who wait and fit, then one token for everybody who runs.
    pub fn step(&mut self) {
        self.drop_cancelled();
        self.prefill();
        self.decode();
    }

    /// Ends everything that is under way.
    pub fn stop(&mut self) {
        for sequence in self.waiting.drain(..).chain(self.running.drain(..)) {
            sequence.fail(EngineError::Stopped);
        }
        self.kv = None;
    }

    /// Log-probability in nats of each row's completion given its prompt, all rows in one run.
    ///
    /// # Errors
    /// Errors of requests, [`EngineError::AdapterUnknown`], [`EngineError::Inference`].
    pub fn score(&mut self, rows: &[ScoreRow]) -> Result<Vec<f64>, EngineError> {
        let mut texts = Vec::with_capacity(rows.len());
        for row in rows {
            self.check_tokens("prompt tokens", &row.prompt, self.limits.max_prompt_tokens)?;
            self.check_tokens("completion tokens", &row.completion, self.limits.max_new_tokens)?;
            // The last token is only predicted, never read.
            let read = row.completion.len() - 1;
            texts.push([&row.prompt[..], &row.completion[..read]].concat());
        }
        let adapters: Vec<Option<&str>> = rows.iter().map(|row| row.adapter.as_deref()).collect();
        let logits = self.teacher_forced(&adapters, &texts)?;
        let Some(logits) = logits else {
            return Ok(Vec::new());
        };
        let score = |(index, row): (usize, &ScoreRow)| {
            let targets = row.completion.iter().enumerate();
            targets
                .map(|(at, &target)| {
                    let position = row.prompt.len() - 1 + at;
                    log_probability(logits.at(index, position)?, target)
                })
                .sum::<Result<f64, EngineError>>()
        };
        rows.iter().enumerate().map(score).collect()
    }

    /// Logits after each of the last `last` prompt tokens.
    ///
    /// # Errors
    /// As [`Scheduler::score`].
    pub fn prompt_logits(
        &mut self,
        adapter: Option<&str>,
        prompt: Vec<u32>,
        last: usize,
    ) -> Result<Vec<Vec<f32>>, EngineError> {
        self.check_tokens("prompt tokens", &prompt, self.limits.max_prompt_tokens)?;
        within("positions", last, prompt.len())?;
        let length = prompt.len();
        let logits = self.teacher_forced(&[adapter], &[prompt])?;
        let logits = logits.ok_or_else(|| invalid("no prompt"))?;
        (length - last..length).map(|position| logits.at(0, position).map(<[f32]>::to_vec)).collect()
    }

    /// One run over whole texts without a cache; `None` without rows.
    fn teacher_forced(&mut self, adapters: &[Option<&str>], texts: &[Vec<u32>]) -> Result<Option<Logits>, EngineError> {
        within("rows", texts.len(), self.limits.max_batch)?;
        let width = texts.iter().map(Vec::len).max().unwrap_or(0);
        within("tokens of a row", width, self.info.context_length)?;
        within("logits of one run", self.forward.logits_size(texts.len(), width), MAX_LOGITS)?;
        let mut pinned = Vec::with_capacity(texts.len());
        for adapter in adapters {
            match self.slots.acquire(*adapter) {
                Ok(slot) => pinned.push(slot),
                Err(error) => {
                    self.release_all(&pinned);
                    return Err(error);
                }
            }
        }
        let rows: Vec<StepRow<'_>> =
            texts.iter().zip(&pinned).map(|(tokens, &slot)| StepRow { tokens, past: 0, slot }).collect();
        let result = if rows.is_empty() {
            Ok(None)
        } else {
            self.forward.run(&rows, None, &self.slots).map(|(logits, _)| Some(logits))
        };
        self.release_all(&pinned);
        result
    }

    fn release_all(&mut self, slots: &[usize]) {
        for &slot in slots {
            self.slots.release(slot);
        }
    }

    fn prefill(&mut self) {
        let fresh = self.next_prompts();
        if fresh.is_empty() {
            return;
        }
        let rows: Vec<StepRow<'_>> =
            fresh.iter().map(|sequence| StepRow { tokens: &sequence.prompt, past: 0, slot: sequence.slot }).collect();
        let result = self.forward.run(&rows, None, &self.slots);
        drop(rows);
        let (logits, kv) = match result {
            Ok(output) => output,
            Err(error) => return self.fail_all(fresh, &error),
        };
        let mut sequences = Vec::new();
        let mut caches = Vec::new();
        for (row, mut sequence) in fresh.into_iter().enumerate() {
            sequence.past = sequence.prompt.len();
            let last = sequence.prompt.len() - 1;
            if self.advance(&mut sequence, &logits, row, last) {
                self.slots.release(sequence.slot);
            } else {
                sequences.push(sequence);
                caches.push((1, row));
            }
        }
        let before = self.running.len();
        let kept: Vec<(usize, usize)> = (0..before).map(|row| (0, row)).chain(caches).collect();
        self.running.append(&mut sequences);
        self.regroup(&kept, Some(kv));
    }

    fn decode(&mut self) {
        let Some(kv) = self.kv.take() else {
            return;
        };
        let rows: Vec<StepRow<'_>> = self
            .running
            .iter()
            .map(|sequence| StepRow {
                tokens: sequence.tokens.last().map_or(&[], std::slice::from_ref),
                past: sequence.past,
                slot: sequence.slot,
            })
            .collect();
        let result = self.forward.run(&rows, Some(kv), &self.slots);
        drop(rows);
        let running = std::mem::take(&mut self.running);
        let (logits, kv) = match result {
            Ok(output) => output,
            Err(error) => return self.fail_all(running, &error),
        };
        self.kv = Some(kv);
        let mut kept = Vec::new();
        for (row, mut sequence) in running.into_iter().enumerate() {
            sequence.past += 1;
            if self.advance(&mut sequence, &logits, row, 0) {
                self.slots.release(sequence.slot);
            } else {
                kept.push((0, row));
                self.running.push(sequence);
            }
        }
        self.regroup(&kept, None);
    }

    /// Feeds one row's logits to its sequence; true when the sequence has ended.
    fn advance(&self, sequence: &mut Sequence, logits: &Logits, row: usize, position: usize) -> bool {
        match logits.at(row, position) {
            Ok(logits) => sequence.advance(logits, &self.info.eos_token_ids),
            Err(error) => {
                sequence.fail(error);
                true
            }
        }
    }

    /// Rebuilds the cache for `running`: row `i` comes from the running cache (0) or from
    /// `joined` (1). Nothing is copied when the rows of one cache stay as they are.
    fn regroup(&mut self, kept: &[(usize, usize)], joined: Option<Kv>) {
        let old = self.kv.take();
        if self.running.is_empty() {
            return;
        }
        let whole = |kv: &Kv| {
            let rows = kv.tensors.first().and_then(|t| t.shape().first().copied());
            rows == i64::try_from(kept.len()).ok()
        };
        let unchanged = |source: usize| kept.iter().enumerate().all(|(at, row)| *row == (source, at));
        let result = match (old, joined) {
            (Some(kv), _) if unchanged(0) && whole(&kv) => Ok(kv),
            (_, Some(kv)) if unchanged(1) && whole(&kv) => Ok(kv),
            (old, joined) => {
                let rows: Option<Vec<KvRow<'_>>> = kept
                    .iter()
                    .zip(&self.running)
                    .map(|(&(source, row), sequence)| {
                        let from = if source == 0 { old.as_ref() } else { joined.as_ref() };
                        from.map(|from| KvRow { from, row, length: sequence.past })
                    })
                    .collect();
                rows.ok_or_else(|| crate::error::inference("a row lost its cache")).and_then(|rows| Kv::gather(&rows))
            }
        };
        match result {
            Ok(kv) => self.kv = Some(kv),
            Err(error) => {
                let running = std::mem::take(&mut self.running);
                self.fail_all(running, &error);
            }
        }
    }

    /// Takes from the line what fits beside the running rows and into one run.
    fn next_prompts(&mut self) -> Vec<Sequence> {
        let free = self.limits.max_batch.saturating_sub(self.running.len());
        let mut taken: Vec<Sequence> = Vec::new();
        let mut width = 0;
        while taken.len() < free
            && let Some(next) = self.waiting.front()
        {
            let wider = width.max(next.prompt.len());
            let fits = self.forward.logits_size(taken.len() + 1, wider) <= MAX_LOGITS;
            if !fits && !taken.is_empty() {
                break;
            }
            width = wider;
            taken.extend(self.waiting.pop_front());
        }
        taken
    }

    fn drop_cancelled(&mut self) {
        let mut kept = Vec::new();
        let mut ended = Vec::new();
        for sequence in std::mem::take(&mut self.waiting) {
            if sequence.cancelled() {
                ended.push(sequence.slot);
            } else {
                self.waiting.push_back(sequence);
            }
        }
        for (row, sequence) in std::mem::take(&mut self.running).into_iter().enumerate() {
            if sequence.cancelled() {
                ended.push(sequence.slot);
            } else {
                kept.push((0, row));
                self.running.push(sequence);
            }
        }
        self.release_all(&ended);
        self.regroup(&kept, None);
    }

    fn fail_all(&mut self, sequences: Vec<Sequence>, error: &EngineError) {
        tracing::error!(%error, rows = sequences.len(), "a step failed");
        for sequence in sequences {
            sequence.fail(crate::error::inference(error));
            self.slots.release(sequence.slot);
        }
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

/// Natural logarithm of the softmax probability of `target`, in 64-bit floats.
fn log_probability(logits: &[f32], target: u32) -> Result<f64, EngineError> {
    let chosen = usize::try_from(target).ok().and_then(|index| logits.get(index));
    let chosen = chosen.ok_or_else(|| crate::error::inference("the logits are too narrow"))?;
    let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|&logit| (f64::from(logit) - f64::from(highest)).exp()).sum();
    let value = f64::from(*chosen) - f64::from(highest) - sum.ln();
    if value.is_finite() {
        Ok(value)
    } else {
        Err(crate::error::inference("the model produced logits that are not finite"))
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
