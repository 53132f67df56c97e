//! What a run is told of the adapters of its rows.

use std::borrow::Cow;

use openledger_lora::StepPlan;
use openledger_onnx_graph::LoraSite;
use ort::session::SessionInputValue;

use crate::{
    EngineError,
    error::inference,
    slots::{SlotStore, SlotTable},
};

/// Inputs of a run by name.
pub(super) type Inputs<'i> = Vec<(Cow<'i, str>, SessionInputValue<'i>)>;

/// In the standard form the slots are inputs; in the operator form there is a plan, which has to be announced.
///
/// # Errors
/// [`EngineError::Inference`] when ONNX Runtime cannot view the slots, or a site has no inputs for them.
pub(super) fn bind<'i>(
    slots: &'i SlotTable,
    sites: &'i [LoraSite],
    row_slots: &[i64],
    inputs: &mut Inputs<'i>,
) -> Result<Option<StepPlan>, EngineError> {
    let slots = match slots.store() {
        SlotStore::Standard(slots) => slots,
        SlotStore::Operator(slots) => {
            let adapter = |slot: i64| usize::try_from(slot).ok().and_then(|slot| slots.get(&slot)).cloned();
            return Ok(Some(StepPlan::new(row_slots, adapter)));
        }
    };
    let (count, rank) = slots.size();
    for (site, held) in sites.iter().zip(slots.sites()) {
        let names = site.slot_inputs.as_ref().ok_or_else(|| inference("a site without slot inputs"))?;
        inputs.push((Cow::Borrowed(&names.a), held.a.view([count, site.in_features, rank])?));
        inputs.push((Cow::Borrowed(&names.b), held.b.view([count, rank, site.out_features])?));
    }
    Ok(None)
}
