//! What the curvature of a training's loss is estimated from.

use std::ops::Range;

use openledger_onnx_graph::{
    LinearSite, Model, SitePart,
    grad::{TARGET_SIGNS, curvature_graph, signs_side, weight_gradient},
};

use super::{
    FactorLayout, GradientConfig, GradientRow, GradientSession, Input, OnnxRuntime, Output, TrainedModule, Values,
};
use crate::{EngineError, runtime::Runtime};

/// One sequence of a run.
#[derive(Debug, Clone, Copy)]
pub struct CurvatureRow<'a> {
    /// Tokens and weights.
    pub row: GradientRow<'a>,
    /// [`CurvatureSession::signs_per_token`] for each token, true for 1 and false for −1: those of token `i` are for the
    /// distribution that it is scored by, and the row's gradient is one whose outer products are the curvature. Empty to score the row's
    /// own tokens.
    pub signs: &'a [bool],
}

/// What a run returns.
#[derive(Debug, Clone, PartialEq)]
pub struct CurvatureRun {
    /// Of each row: log-probability in nats of each of its tokens that has a weight, 0 elsewhere.
    pub log_probs: Vec<Vec<f32>>,
    /// Of each adapter: gradient of Σ weight · log-probability over its rows, laid out as the adapter.
    pub gradients: Vec<Vec<f32>>,
    /// Of each module of the session: gradient of the sum over all rows by its frozen weight, [out, in], row-major.
    pub weights: Vec<Vec<f32>>,
}

/// A model's curvature graph in ONNX Runtime: a gradient graph that can also draw from the curvature of its loss.
pub struct CurvatureSession {
    gradients: GradientSession,
    /// Graph outputs with the gradients by weights.
    weights: Vec<SiteWeight>,
}

/// One site's output.
struct SiteWeight {
    output: String,
    /// Elements of the site's weight.
    len: usize,
    /// Module of the session, and its part of the elements.
    parts: Vec<(usize, Range<usize>)>,
}

impl CurvatureSession {
    /// Loads the runtime and the model and compiles the curvature graph.
    ///
    /// # Errors
    /// As [`GradientSession::open`].
    pub fn open(config: &GradientConfig) -> Result<Self, EngineError> {
        let runtime = Runtime::load(config.ort_library.as_deref())?;
        let build = |graph: &Model| OnnxRuntime::new(&runtime, graph, config.threads);
        let (gradients, sites) =
            GradientSession::compiled(&config.model_dir, &config.targets, &runtime.version, curvature_graph, build)?;
        let place = |layer: usize, name: &str| {
            gradients.modules().iter().position(|module| module.layer == layer && module.module == name)
        };
        let one = |site: &LinearSite| {
            let elements = |columns: &Range<usize>| {
                columns.start.saturating_mul(site.in_features)..columns.end.saturating_mul(site.in_features)
            };
            let part = |part: &SitePart| Some((place(site.layer, &part.module)?, elements(&part.columns)));
            SiteWeight {
                output: weight_gradient(site),
                len: site.in_features.saturating_mul(site.out_features),
                parts: site.parts.iter().filter_map(part).collect(),
            }
        };
        let weights = sites.linear.iter().map(one).collect();
        Ok(Self { gradients, weights })
    }

    /// The modules that get adapters, in the order of every adapter's parameters.
    #[must_use]
    pub fn modules(&self) -> &[TrainedModule] {
        self.gradients.modules()
    }

    /// Signs that a token needs: twice the side of a square that has a place for every token of the vocabulary.
    #[must_use]
    pub fn signs_per_token(&self) -> usize {
        signs_side(self.gradients.model().vocab_size).saturating_mul(2)
    }

    /// The session without signs, for its tokenizer and layouts.
    #[must_use]
    pub fn gradients(&self) -> &GradientSession {
        &self.gradients
    }

    /// One forward and backward pass; adapters share the rows as in [`GradientSession::run`].
    ///
    /// # Errors
    /// As [`GradientSession::run`], and [`EngineError::RequestInvalid`] for signs of another number than tokens need.
    pub fn run(
        &mut self,
        rows: &[CurvatureRow<'_>],
        adapters: &[&[f32]],
        layout: &FactorLayout,
        scale: f32,
    ) -> Result<CurvatureRun, EngineError> {
        let plain: Vec<GradientRow<'_>> = rows.iter().map(|row| row.row).collect();
        let each = self.signs_per_token();
        let fits = |row: &CurvatureRow<'_>| {
            row.signs.is_empty() || row.signs.len() == row.row.tokens.len().saturating_mul(each)
        };
        if !rows.iter().all(fits) {
            let reason = format!("a row has other signs than {each} for each of its tokens");
            return Err(EngineError::RequestInvalid { reason });
        }
        let signs = |width: usize| {
            let mut values = Vec::with_capacity(rows.len().saturating_mul(width).saturating_mul(each));
            for row in rows {
                // Position i predicts token i + 1.
                let own = row.signs.iter().skip(each).map(|&sign| if sign { 1.0 } else { -1.0 });
                values.extend(own.chain(std::iter::repeat(0.0)).take(width.saturating_mul(each)));
            }
            vec![Input { name: TARGET_SIGNS, shape: vec![rows.len(), width, each], values: Values::Floats(values) }]
        };
        let wanted: Vec<Output<'_>> =
            self.weights.iter().map(|site| Output { name: &site.output, len: site.len }).collect();
        let (run, found) = self.gradients.run_with(&plain, adapters, layout, scale, signs, &wanted)?;
        let mut weights = vec![Vec::new(); self.gradients.modules.len()];
        for (site, found) in self.weights.iter().zip(&found) {
            for (module, part) in &site.parts {
                if let (Some(into), Some(part)) = (weights.get_mut(*module), found.get(part.clone())) {
                    part.clone_into(into);
                }
            }
        }
        Ok(CurvatureRun { log_probs: run.log_probs, gradients: run.gradients, weights })
    }
}
