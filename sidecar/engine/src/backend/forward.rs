//! One run of the transformed graph with its stock attention. The only module that feeds that session.
//!
//! The attention operator accepts three shapes: fresh prompts of different lengths padded on the right, one token per row on pasts
//! of different lengths, and several tokens on the past of one row. The builder's graph computes each row's length as the sum of
//! its attention mask and the buffer length as the mask's width, so a mask of `length` ones states both exactly. Graphs without
//! that operator read their whole cache, so there each row is a run of its own.

use std::{borrow::Cow, sync::Arc};

use openledger_onnx_graph::{LOGIT_ROWS, LoraSite, ROW_SLOTS};
use ort::{
    session::Session,
    value::{DynValue, Tensor},
};

use super::{
    adapters::{self, Inputs},
    batch_cache::{BatchCache, CacheRow},
    device::{Device, Step},
};
use crate::{
    EngineError, Provider,
    error::inference,
    float::FloatType,
    interface::{Attention, Interface},
    lora::CurrentStep,
    runtime::Runtime,
    slots::SlotTable,
};

/// What one row brings to a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RunRow<'a> {
    /// New tokens.
    pub tokens: &'a [u32],
    /// Tokens already in the cache.
    pub past: usize,
    /// Slot of the row's adapter.
    pub slot: usize,
    /// How many of its tokens get logits, counted from the last one back.
    pub logits: usize,
}

/// The session with the names and sizes of its interface.
pub(crate) struct Forward {
    session: Session,
    interface: Interface,
    sites: Arc<[LoraSite]>,
    /// Where the operator finds which adapter each row has.
    step: Arc<CurrentStep>,
    vocab: usize,
    /// Where caches and slots are kept, when they are not inputs from the host.
    device: Option<Device>,
    /// True when the graph computes only the logits that are asked for.
    chooses_logits: bool,
}

/// What one run returns.
pub(crate) struct Output {
    /// [rows, width, vocabulary], or [chosen, vocabulary] from a graph that computes only those.
    pub logits: DynValue,
    /// Of every row: which of them it asked for, counted through all axes but the last.
    pub places: Vec<Vec<usize>>,
    /// The rows' caches, their new tokens included.
    pub cache: BatchCache,
}

impl Forward {
    pub fn new(
        session: Session,
        interface: Interface,
        sites: Arc<[LoraSite]>,
        step: Arc<CurrentStep>,
        vocab: usize,
    ) -> Self {
        Self { session, interface, sites, step, vocab, device: None, chooses_logits: false }
    }

    /// Keeps caches and slots in the memory of a provider, that of the session.
    ///
    /// # Errors
    /// [`EngineError::Runtime`], [`EngineError::ModelUnsupported`] when the runtime does not give it out.
    pub fn kept_on(mut self, runtime: &Runtime, provider: Provider) -> Result<Self, EngineError> {
        self.device = Some(Device::of(runtime, provider, &self.interface, &self.sites)?);
        Ok(self)
    }

    /// For a graph that [`openledger_onnx_graph::choose_logits`] has made.
    pub fn choosing_logits(self) -> Self {
        Self { chooses_logits: true, ..self }
    }

    /// True when the graph computes only the logits that are asked for.
    pub fn chooses_logits(&self) -> bool {
        self.chooses_logits
    }

    /// What the logits are of.
    pub fn logits_type(&self) -> FloatType {
        self.interface.logits_type
    }

    /// A new cache of copies of rows.
    ///
    /// # Errors
    /// [`EngineError::Inference`] when the sources do not have the shapes they must have.
    pub fn gather(&mut self, rows: &[CacheRow<'_>]) -> Result<BatchCache, EngineError> {
        match &mut self.device {
            None => BatchCache::gather(self.interface.cache_type, rows),
            Some(device) => device.gather(&self.interface, rows),
        }
    }

    /// True when rows of this graph may share a run.
    pub fn shares_runs(&self) -> bool {
        self.interface.attention == Attention::Grouped
    }

    /// Width of the logits.
    pub fn vocab(&self) -> usize {
        self.vocab
    }

    /// One run: fresh prompts without `past`; one token for each row of `past`, in its order; or one row of several tokens on a
    /// `past` of one row.
    ///
    /// # Errors
    /// [`EngineError::Inference`].
    pub fn run(
        &mut self,
        rows: &[RunRow<'_>],
        past: Option<BatchCache>,
        slots: &SlotTable,
    ) -> Result<Output, EngineError> {
        let width = rows.iter().map(|row| row.tokens.len()).max().unwrap_or(0);
        if width == 0 || (rows.len() > 1 && (past.is_some() && width != 1 || !self.shares_runs())) {
            return Err(inference("rows that this model cannot run together"));
        }
        let mut inputs: Inputs<'_> = Vec::new();
        for (name, values) in token_inputs(&self.interface, rows, width) {
            let tensor = Tensor::from_array(([rows.len(), values.len() / rows.len()], values));
            inputs.push((Cow::Borrowed(name), tensor.map_err(inference)?.into()));
        }
        let row_slots: Vec<i64> = rows.iter().map(|row| number(row.slot)).collect();
        if !self.sites.is_empty() {
            let rows_input = Tensor::from_array(([rows.len()], row_slots.clone())).map_err(inference)?;
            inputs.push((Cow::Borrowed(ROW_SLOTS), rows_input.into()));
        }
        let mut places = wanted(rows, width);
        if self.chooses_logits {
            let mut chosen: Vec<i64> = places.iter().flatten().copied().map(number).collect();
            let mut next = 0..chosen.len();
            places = places.iter().map(|row| next.by_ref().take(row.len()).collect()).collect();
            if chosen.is_empty() {
                // A product of no rows is nothing that every provider must know.
                chosen.push(0);
            }
            let tensor = Tensor::from_array(([chosen.len()], chosen)).map_err(inference)?;
            inputs.push((Cow::Borrowed(LOGIT_ROWS), tensor.into()));
        }
        if let Some(device) = &mut self.device {
            let total = rows.iter().map(|row| row.past + row.tokens.len()).max().unwrap_or(0);
            let step = Step { rows: rows.len(), total, past, inputs };
            let (logits, cache) = device.run(&mut self.session, &self.interface, &self.sites, slots, step)?;
            return Ok(Output { logits, places, cache });
        }
        let past = match past {
            Some(past) => past,
            None => {
                let Interface { past, cache_type, kv_heads, head_size, .. } = &self.interface;
                BatchCache::zeros(*cache_type, past.len(), [rows.len(), *kv_heads, 0, *head_size])?
            }
        };
        for (name, tensor) in self.interface.past.iter().zip(past.tensors) {
            inputs.push((Cow::Borrowed(name), tensor.into()));
        }
        let plan = adapters::bind(slots, &self.sites, &row_slots, &mut inputs)?;
        // Ends with this function: afterwards nothing holds the adapters of the step.
        let _planned = plan.map(|plan| self.step.begin(plan));
        let mut outputs = self.session.run(inputs).map_err(inference)?;
        let mut take =
            |name: &str| outputs.remove(name).ok_or_else(|| inference(format!("the model returned no {name:?}")));
        let logits = take(&self.interface.logits)?;
        let tensors = self.interface.present.iter().map(|name| take(name));
        let cache = BatchCache { tensors: tensors.collect::<Result<_, _>>()? };
        Ok(Output { logits, places, cache })
    }
}

/// Of every row the positions whose logits it asks for, counted through rows of `width`.
fn wanted(rows: &[RunRow<'_>], width: usize) -> Vec<Vec<usize>> {
    let of = |(line, row): (usize, &RunRow<'_>)| {
        let end = line * width + row.tokens.len();
        (end - row.logits.min(row.tokens.len())..end).collect()
    };
    rows.iter().enumerate().map(of).collect()
}

/// The integer inputs as row-major values, each [rows, values / rows].
fn token_inputs<'i>(interface: &'i Interface, rows: &[RunRow<'_>], width: usize) -> Vec<(&'i str, Vec<i64>)> {
    let total = rows.iter().map(|row| row.past + row.tokens.len()).max().unwrap_or(0);
    let mut ids = Vec::with_capacity(rows.len() * width);
    let mut mask = Vec::with_capacity(rows.len() * total);
    let mut positions = Vec::new();
    for row in rows {
        // Which token pads is irrelevant: nothing reads what comes after a row's end.
        ids.extend(row.tokens.iter().map(|&id| i64::from(id)));
        ids.resize(ids.len() + width - row.tokens.len(), 0);
        let length = row.past + row.tokens.len();
        mask.resize(mask.len() + length, 1);
        mask.resize(mask.len() + total - length, 0);
        positions.extend((row.past..row.past + width).map(number));
    }
    let mut inputs = vec![(interface.input_ids.as_str(), ids), (interface.attention_mask.as_str(), mask)];
    if let Some(name) = &interface.position_ids {
        inputs.push((name, positions));
    }
    inputs
}

fn number(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
