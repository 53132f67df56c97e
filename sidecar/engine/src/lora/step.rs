//! What the operators of a session are told about the run under way.

use std::sync::{Arc, Mutex, PoisonError};

use openledger_attention::AttentionPlan;
use openledger_lora::StepPlan;

/// The plans of the run under way. One session has one, and one run at a time.
#[derive(Default)]
pub(crate) struct CurrentStep {
    plans: Mutex<Plans>,
}

/// What is known of a run; a graph without an operator needs no plan for it.
#[derive(Clone, Default)]
pub(crate) struct Plans {
    /// Which rows have which adapter.
    pub lora: Option<Arc<StepPlan>>,
    /// Which rows belong to which sequence.
    pub attention: Option<Arc<AttentionPlan>>,
}

/// Ends the step when it is dropped: after that nothing holds the step's adapters.
pub(crate) struct Step {
    of: Arc<CurrentStep>,
}

impl CurrentStep {
    /// Announces a run with adapters only.
    pub fn begin(self: &Arc<Self>, plan: StepPlan) -> Step {
        self.begin_with(Plans { lora: Some(Arc::new(plan)), attention: None })
    }

    /// Announces a run. The operators find its plans until the result is dropped.
    pub fn begin_with(self: &Arc<Self>, plans: Plans) -> Step {
        self.set(plans);
        Step { of: Arc::clone(self) }
    }

    /// Which rows of the run under way have which adapter.
    pub fn plan(&self) -> Option<Arc<StepPlan>> {
        self.plans.lock().unwrap_or_else(PoisonError::into_inner).lora.clone()
    }

    /// Which rows of the run under way belong to which sequence.
    pub fn attention(&self) -> Option<Arc<AttentionPlan>> {
        self.plans.lock().unwrap_or_else(PoisonError::into_inner).attention.clone()
    }

    fn set(&self, plans: Plans) {
        *self.plans.lock().unwrap_or_else(PoisonError::into_inner) = plans;
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        self.of.set(Plans::default());
    }
}
