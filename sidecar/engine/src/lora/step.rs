//! What the operators of a session are told about the run under way.

use std::sync::{Arc, Mutex, PoisonError};

use openledger_lora::StepPlan;

/// The plan of the run under way. One session has one, and one run at a time.
#[derive(Default)]
pub(crate) struct CurrentStep {
    plan: Mutex<Option<Arc<StepPlan>>>,
}

/// Ends the step when it is dropped: after that nothing holds the step's adapters.
pub(crate) struct Step {
    of: Arc<CurrentStep>,
}

impl CurrentStep {
    /// Announces a run. The operators find its plan until the result is dropped.
    pub fn begin(self: &Arc<Self>, plan: StepPlan) -> Step {
        self.set(Some(Arc::new(plan)));
        Step { of: Arc::clone(self) }
    }

    /// The plan of the run under way.
    pub fn plan(&self) -> Option<Arc<StepPlan>> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, plan: Option<Arc<StepPlan>>) {
        *self.plan.lock().unwrap_or_else(PoisonError::into_inner) = plan;
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        self.of.set(None);
    }
}
