//! One run of the transformed graph. The only module that feeds the session.
//!
//! The attention operator accepts two shapes for several rows: fresh prompts of different
//! lengths padded on the right, and one token per row on pasts of different lengths. The
//! builder's graph computes each row's length as the sum of its attention mask and the buffer
//! length as the mask's width, so a mask of `length` ones states both exactly.
//!
//! Graphs without that operator read their whole cache. There each row is a run of its own, and
//! the results are put together as if they had been one.

use std::{borrow::Cow, sync::Arc};

use openledger_lora::StepPlan;
use openledger_onnx_graph::{LoraSite, ROW_SLOTS};
use ort::{
    session::{Session, SessionInputValue},
    value::{DynValue, Tensor, TensorRef},
};

use crate::{
    EngineError,
    error::inference,
    interface::{Attention, Interface},
    kv::{Kv, KvRow},
    lora::CurrentStep,
    slots::{SlotStore, SlotTable},
};

/// What one row brings to a step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StepRow<'a> {
    /// New tokens: a whole prompt, or exactly one on a past.
    pub tokens: &'a [u32],
    /// Tokens already in the cache.
    pub past: usize,
    /// Slot of the row's adapter.
    pub slot: usize,
}

/// The session with the names and sizes of its interface.
pub(crate) struct Forward {
    session: Session,
    interface: Interface,
    sites: Arc<[LoraSite]>,
    /// Where the operator finds which adapter each row has.
    step: Arc<CurrentStep>,
    vocab: usize,
}

/// Logits of one step: one tensor [rows, width, vocabulary], or one [1, length, vocabulary] per row.
pub(crate) struct Logits {
    values: Vec<DynValue>,
    vocab: usize,
}

impl Logits {
    /// Logits after the token at `position` of `row`.
    ///
    /// # Errors
    /// [`EngineError::Inference`] when the model returned another shape.
    pub fn at(&self, row: usize, position: usize) -> Result<&[f32], EngineError> {
        let unexpected = || inference("the logits have an unexpected shape");
        let (value, row) = match self.values.as_slice() {
            [all] => (all, row),
            rows => (rows.get(row).ok_or_else(unexpected)?, 0),
        };
        let (shape, data) = value.try_extract_tensor::<f32>().map_err(inference)?;
        let width = shape.get(1).and_then(|&width| usize::try_from(width).ok()).ok_or_else(unexpected)?;
        let start = (row * width + position) * self.vocab;
        data.get(start..start + self.vocab).filter(|_| position < width).ok_or_else(unexpected)
    }
}

impl Forward {
    pub fn new(
        session: Session,
        interface: Interface,
        sites: Arc<[LoraSite]>,
        step: Arc<CurrentStep>,
        vocab: usize,
    ) -> Self {
        Self { session, interface, sites, step, vocab }
    }

    /// Number of logits a step over these rows produces.
    pub fn logits_size(&self, rows: usize, width: usize) -> usize {
        rows.saturating_mul(width).saturating_mul(self.vocab)
    }

    /// Runs one step and returns its logits and the extended cache.
    ///
    /// Without `past` every row is a fresh prompt; with it every row adds one token and the cache
    /// has the same rows in the same order.
    ///
    /// # Errors
    /// [`EngineError::Inference`].
    pub fn run(
        &mut self,
        rows: &[StepRow<'_>],
        past: Option<Kv>,
        slots: &SlotTable,
    ) -> Result<(Logits, Kv), EngineError> {
        let width = rows.iter().map(|row| row.tokens.len()).max().unwrap_or(0);
        if width == 0 || (past.is_some() && width != 1) {
            return Err(inference("a step needs prompts, or one token per row on a past"));
        }
        match self.interface.attention {
            Attention::Grouped => self.run_together(rows, past, slots),
            Attention::Plain => self.run_each(rows, past.as_ref(), slots),
        }
    }

    fn run_each(
        &mut self,
        rows: &[StepRow<'_>],
        past: Option<&Kv>,
        slots: &SlotTable,
    ) -> Result<(Logits, Kv), EngineError> {
        let mut values = Vec::with_capacity(rows.len());
        let mut caches = Vec::with_capacity(rows.len());
        for (row, step) in rows.iter().enumerate() {
            let own = past.map(|from| Kv::gather(&[KvRow { from, row, length: step.past }])).transpose()?;
            let (logits, cache) = self.run_together(std::slice::from_ref(step), own, slots)?;
            values.extend(logits.values);
            caches.push(cache);
        }
        let length = |step: &StepRow<'_>| step.past + step.tokens.len();
        let joined: Vec<KvRow<'_>> =
            caches.iter().zip(rows).map(|(from, step)| KvRow { from, row: 0, length: length(step) }).collect();
        Ok((Logits { values, vocab: self.vocab }, Kv::gather(&joined)?))
    }

    /// One run for all rows.
    fn run_together(
        &mut self,
        rows: &[StepRow<'_>],
        past: Option<Kv>,
        slots: &SlotTable,
    ) -> Result<(Logits, Kv), EngineError> {
        let width = rows.iter().map(|row| row.tokens.len()).max().unwrap_or(0);
        let past = match past {
            Some(past) => past,
            None => {
                Kv::empty(self.interface.past.len(), rows.len(), self.interface.kv_heads, self.interface.head_size)?
            }
        };
        let mut inputs: Vec<(Cow<'_, str>, SessionInputValue<'_>)> = Vec::new();
        for (name, values) in token_inputs(&self.interface, rows, width) {
            let tensor = Tensor::from_array(([rows.len(), values.len() / rows.len()], values));
            inputs.push((Cow::Borrowed(name), tensor.map_err(inference)?.into()));
        }
        let row_slots: Vec<i64> = rows.iter().map(|row| number(row.slot)).collect();
        let rows_input = TensorRef::from_array_view(([rows.len()], row_slots.as_slice())).map_err(inference)?;
        inputs.push((Cow::Borrowed(ROW_SLOTS), rows_input.into()));
        for (name, tensor) in self.interface.past.iter().zip(past.tensors) {
            inputs.push((Cow::Borrowed(name), tensor.into()));
        }
        // Ends with this function: afterwards nothing holds the adapters of the step.
        let _planned = match slots.store() {
            SlotStore::Standard(slots) => {
                let (count, rank) = slots.size();
                for (site, held) in self.sites.iter().zip(slots.sites()) {
                    let names = site.slot_inputs.as_ref().ok_or_else(|| inference("a site without slot inputs"))?;
                    let a = TensorRef::from_array_view(([count, site.in_features, rank], held.a.as_slice()));
                    let b = TensorRef::from_array_view(([count, rank, site.out_features], held.b.as_slice()));
                    inputs.push((Cow::Borrowed(&names.a), a.map_err(inference)?.into()));
                    inputs.push((Cow::Borrowed(&names.b), b.map_err(inference)?.into()));
                }
                None
            }
            SlotStore::Operator(slots) => {
                let adapter = |slot: i64| usize::try_from(slot).ok().and_then(|slot| slots.get(&slot)).cloned();
                Some(self.step.begin(StepPlan::new(&row_slots, adapter)))
            }
        };
        let mut outputs = self.session.run(inputs).map_err(inference)?;
        let mut take =
            |name: &str| outputs.remove(name).ok_or_else(|| inference(format!("the model returned no {name:?}")));
        let logits = Logits { values: vec![take(&self.interface.logits)?], vocab: self.vocab };
        let tensors = self.interface.present.iter().map(|name| take(name));
        let kv = Kv { tensors: tensors.collect::<Result<_, _>>()? };
        Ok((logits, kv))
    }
}

/// The integer inputs as row-major values, each [rows, values / rows].
fn token_inputs<'i>(interface: &'i Interface, rows: &[StepRow<'_>], width: usize) -> Vec<(&'i str, Vec<i64>)> {
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
