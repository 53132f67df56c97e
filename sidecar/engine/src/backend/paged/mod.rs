//! One run of the paged graph: the tokens of many sequences, prompts and single tokens mixed.
//!
//! Every token is a row: `input_ids` is [tokens, 1]. The plan of the step tells the operators which
//! rows belong to which sequence and adapter; the cache never passes through the session.
//!
//! **Same bits.** What a token computes depends on its own sequence and adapter alone, because every
//! kernel treats rows alike whatever their number is. In some graphs one row is the exception
//! ([`lone_rows`]): there a run has two at least, and so have the rows of its logits.

mod lone_rows;

use std::{borrow::Cow, ops::Range, sync::Arc};

use openledger_attention::{AttentionPlan, KvLayout, Span};
use openledger_onnx_graph::{
    AttentionShape, LOGIT_ROWS, LoraSite, Model, PagedGraph, PagedOptions, ROW_SLOTS, page_attention,
};
use ort::{
    session::Session,
    value::{DynValue, Tensor},
};

use lone_rows::{fewest_rows, has_integer_dots};

use super::adapters::{self, Inputs};
use crate::{
    EngineError,
    attention::{KvCache, operators},
    backend::{self, Backend, SequenceId, StepRow},
    error::inference,
    interface::{Interface, unsupported},
    lora::{CurrentStep, Plans},
    runtime::Runtime,
    slots::{BASE_SLOT, SlotTable},
};

/// What one sequence brings to a step.
#[derive(Debug, Clone)]
pub(crate) struct PagedRow<'a> {
    /// New tokens: a prompt, a part of one, or the token that was chosen last.
    pub tokens: &'a [u32],
    /// Tokens already in the cache.
    pub past: usize,
    /// Slot of the sequence's adapter.
    pub slot: usize,
    /// Blocks of the sequence from its first token, enough for `past` and `tokens`.
    pub blocks: &'a [u32],
    /// Which of `tokens` get logits.
    pub logits: Range<usize>,
}

impl<'a> PagedRow<'a> {
    fn of(row: &StepRow<'a>) -> Self {
        let StepRow { tokens, past, slot, blocks, .. } = *row;
        Self { tokens, past, slot, blocks, logits: tokens.len().saturating_sub(row.logits)..tokens.len() }
    }
}

/// How the graph is set up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PagedSetup {
    /// Head counts of the model.
    pub attention: AttentionShape,
    /// Threads of the session; 0 for all cores.
    pub threads: usize,
    /// Tokens of a block, a multiple of 16.
    pub block_tokens: usize,
    /// Blocks of the cache. Memory is taken as they are used.
    pub blocks: usize,
    /// Width of the logits.
    pub vocab: usize,
}

/// The session of a paged graph, with the names of its interface and its cache.
pub(crate) struct PagedForward {
    session: Session,
    input_ids: String,
    position_ids: Option<String>,
    logits: String,
    sites: Arc<[LoraSite]>,
    step: Arc<CurrentStep>,
    cache: Arc<KvCache>,
    vocab: usize,
    /// Rows that a run has at least.
    fewest_rows: usize,
}

/// Logits of one step: [chosen, 1, vocabulary].
pub(crate) struct Logits {
    value: DynValue,
    /// Where the logits of each row begin, and after them the number of all.
    starts: Vec<usize>,
    vocab: usize,
}

#[cfg(test)]
impl Logits {
    /// Logits of the `index`-th token of the range that `row` asked for.
    ///
    /// # Errors
    /// [`EngineError::Inference`] for a token that was not asked for, or a model that returned
    /// another shape.
    pub fn at(&self, row: usize, index: usize) -> Result<&[f32], EngineError> {
        let unasked = || inference("these logits were not asked for");
        let &[start, end] = self.starts.get(row..row + 2).ok_or_else(unasked)? else {
            return Err(unasked());
        };
        let at = start.checked_add(index).filter(|&at| at < end).ok_or_else(unasked)?;
        let (_, data) = self.value.try_extract_tensor::<f32>().map_err(inference)?;
        let unexpected = || inference("the logits have an unexpected shape");
        data.chunks_exact(self.vocab).nth(at).ok_or_else(unexpected)
    }
}

impl PagedForward {
    /// Brings a graph, with or without LoRA in it, to the paged form and starts a session.
    /// `interface` is that of the original graph.
    ///
    /// # Errors
    /// [`EngineError::ModelBroken`] for a graph without a paged form,
    /// [`EngineError::ModelUnsupported`], [`EngineError::Runtime`].
    pub fn start(
        runtime: &Runtime,
        mut model: Model,
        interface: &Interface,
        sites: Arc<[LoraSite]>,
        setup: &PagedSetup,
    ) -> Result<Self, EngineError> {
        let PagedGraph { layers, other_inputs } = page_attention(
            &mut model,
            &PagedOptions {
                input_ids: &interface.input_ids,
                logits: &interface.logits,
                past: &interface.past,
                present: &interface.present,
                attention_mask: &interface.attention_mask,
                attention: setup.attention,
            },
        )?;
        let position_ids = match other_inputs.as_slice() {
            [] => None,
            [name] if interface.position_ids.as_ref() == Some(name) => Some(name.clone()),
            others => return Err(unsupported(format!("the paged graph asks for {others:?}"))),
        };
        let AttentionShape { kv_heads, head_size, .. } = setup.attention;
        let layout =
            KvLayout::new(setup.block_tokens, kv_heads, head_size).map_err(|error| unsupported(error.to_string()))?;
        let cache = Arc::new(KvCache::new(layers, layout, setup.blocks));
        let fewest_rows = fewest_rows(model.graph(), has_integer_dots());
        let step = Arc::new(CurrentStep::default());
        let own = operators(&step, &cache, setup.threads)?;
        let session = runtime.session(&model, setup.threads, Some(own))?;
        Ok(Self {
            session,
            input_ids: interface.input_ids.clone(),
            position_ids,
            logits: interface.logits.clone(),
            sites,
            step,
            cache,
            vocab: setup.vocab,
            fewest_rows,
        })
    }

    /// Runs one step. The new tokens are in the cache afterwards; after an error their blocks hold
    /// anything.
    ///
    /// # Errors
    /// [`EngineError::Inference`], also for rows whose blocks or ranges do not fit their tokens.
    pub fn run(&mut self, rows: &[PagedRow<'_>], slots: &SlotTable) -> Result<Logits, EngineError> {
        let packed = Packed::new(rows, self.cache.layout(), self.fewest_rows)?;
        let tokens = packed.ids.len();
        let mut inputs: Inputs<'_> = Vec::new();
        let column = |values: &[i64]| Tensor::from_array(([tokens, 1], values.to_vec())).map_err(inference);
        inputs.push((Cow::Borrowed(&self.input_ids), column(&packed.ids)?.into()));
        if let Some(name) = &self.position_ids {
            inputs.push((Cow::Borrowed(name), column(&packed.positions)?.into()));
        }
        let list = |values: &[i64]| Tensor::from_array(([values.len()], values.to_vec())).map_err(inference);
        inputs.push((Cow::Borrowed(LOGIT_ROWS), list(&packed.logit_rows)?.into()));
        if !self.sites.is_empty() {
            inputs.push((Cow::Borrowed(ROW_SLOTS), list(&packed.slots)?.into()));
        }
        let lora = adapters::bind(slots, &self.sites, &packed.slots, &mut inputs)?.map(Arc::new);
        // Ends with this function: afterwards nothing holds the adapters of the step.
        let _planned = self.step.begin_with(Plans { lora, attention: Some(Arc::new(packed.plan)) });
        let mut outputs = self.session.run(inputs).map_err(inference)?;
        let missing = || inference(format!("the model returned no {:?}", self.logits));
        let value = outputs.remove(&self.logits).ok_or_else(missing)?;
        Ok(Logits { value, starts: packed.starts, vocab: self.vocab })
    }
}

impl Backend for PagedForward {
    fn run(&mut self, rows: &[StepRow<'_>], slots: &SlotTable) -> Result<backend::Logits, EngineError> {
        let rows: Vec<PagedRow<'_>> = rows.iter().map(PagedRow::of).collect();
        let Logits { value, starts, vocab } = self.run(&rows, slots)?;
        let places = (0..starts.last().copied().unwrap_or(0)).map(|at| (0, at)).collect();
        Ok(backend::Logits::of_tensors(vec![value], places, vocab))
    }

    /// All of it is in the blocks.
    fn forget(&mut self, _: SequenceId) {}

    fn cache_bytes(&self) -> usize {
        self.cache.bytes()
    }

    fn blocks_hold_the_cache(&self) -> bool {
        true
    }
}

/// The rows of a step one after the other, and after them those that belong to nobody.
struct Packed {
    ids: Vec<i64>,
    positions: Vec<i64>,
    slots: Vec<i64>,
    logit_rows: Vec<i64>,
    starts: Vec<usize>,
    plan: AttentionPlan,
}

impl Packed {
    fn new(rows: &[PagedRow<'_>], layout: &KvLayout, fewest: usize) -> Result<Self, EngineError> {
        let (mut ids, mut positions, mut slots) = (Vec::new(), Vec::new(), Vec::new());
        let (mut logit_rows, mut starts) = (Vec::new(), vec![0]);
        let mut spans = Vec::with_capacity(rows.len());
        for row in rows {
            let (first, tokens) = (ids.len(), row.tokens.len());
            if row.logits.start > row.logits.end || row.logits.end > tokens {
                return Err(inference(format!("logits of tokens {:?} were asked of {tokens}", row.logits)));
            }
            let end = row.past.checked_add(tokens).ok_or_else(|| inference("the sequence is too long"))?;
            spans.push(Span { first, tokens, past: row.past, blocks: row.blocks });
            ids.extend(row.tokens.iter().map(|&id| i64::from(id)));
            positions.extend((row.past..end).map(number));
            slots.resize(ids.len(), number(row.slot));
            logit_rows.extend(row.logits.clone().map(|token| number(first + token)));
            starts.push(logit_rows.len());
        }
        if ids.is_empty() {
            return Err(inference("a step needs tokens"));
        }
        // Of nobody: any token that the model knows.
        let total = ids.len().max(fewest);
        ids.resize(total, 0);
        positions.resize(total, 0);
        slots.resize(total, number(BASE_SLOT));
        // Twice the same row rather than one of nobody: it is certain to be finite if the first is.
        logit_rows.resize(logit_rows.len().max(fewest), logit_rows.first().copied().unwrap_or(0));
        let plan = AttentionPlan::new(&spans, total, layout).map_err(inference)?;
        Ok(Self { ids, positions, slots, logit_rows, starts, plan })
    }
}

fn number(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod measure;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod products;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
