//! Per-answer attribution by counterfactual adapters.
