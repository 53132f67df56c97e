//! What one step shows: its rows' gradients, and draws from its Gauss-Newton matrix.

use ndarray::{Array2, ArrayView2, linalg::general_mat_mul};
use openledger_engine::gradient::{CurvatureRow, CurvatureSession, FactorLayout, GradientRow};

use super::draws::Draws;
use crate::{Example, Examples, Recipe, TrainError, TrainState};

/// A step's rows under the parameters before it.
pub(super) struct Observed {
    /// Loss in nats.
    pub loss: f64,
    /// Gradient of each row's log-likelihood over the step's counted tokens, in the order of the step.
    pub rows: Vec<Vec<f32>>,
    /// Gradient of the rows' mean log-likelihood by each module's frozen weight, [out, in].
    pub weights: Vec<Vec<f32>>,
    /// One drawn gradient after the other, so scaled that the sum of outer products is the Gauss-Newton matrix.
    drawn: Array2<f32>,
}

impl Observed {
    pub fn of(
        session: &mut CurvatureSession,
        layout: &FactorLayout,
        recipe: &Recipe,
        examples: &Examples,
        rows: &[usize],
        parameters: &[f32],
        draws: Draws,
    ) -> Result<Self, TrainError> {
        let own: Vec<&Example> = rows.iter().filter_map(|&row| examples.get(row)).collect();
        let counted: usize = own.iter().map(|example| example.counted()).sum();
        #[allow(clippy::cast_precision_loss)]
        let counted = counted.max(1) as f32;
        let jobs = own.iter().copied().enumerate().collect();
        let mut graph = Graph { session, layout, recipe, parameters };
        let mut found = Self {
            loss: 0.0,
            rows: vec![Vec::new(); own.len()],
            weights: vec![Vec::new(); layout.modules.len()],
            drawn: Array2::zeros((0, layout.len)),
        };
        for run in graph.runs(jobs, None) {
            let run = run?;
            for ((_, example), log_probs) in run.jobs.iter().zip(&run.log_probs) {
                let sum: f64 = log_probs.iter().skip(example.prompt_tokens).map(|&value| f64::from(value)).sum();
                found.loss -= sum / f64::from(counted);
            }
            for ((place, _), mut gradient) in run.jobs.iter().zip(run.gradients) {
                gradient.iter_mut().for_each(|value| *value /= counted);
                if let Some(into) = found.rows.get_mut(*place) {
                    *into = gradient;
                }
            }
            for (sum, own) in found.weights.iter_mut().zip(run.weights) {
                sum.resize(own.len(), 0.0);
                sum.iter_mut().zip(own).for_each(|(sum, own)| *sum += own / counted);
            }
        }
        let total = own.len().saturating_mul(draws.per_row());
        #[allow(clippy::cast_precision_loss)]
        let scale = 1.0 / (counted * draws.per_row().max(1) as f32).sqrt();
        let jobs = (0..total).filter_map(|at| Some((at, *own.get(at.checked_div(draws.per_row())?)?))).collect();
        found.drawn = Array2::zeros((total, layout.len));
        for run in graph.runs(jobs, Some(draws)) {
            let run = run?;
            for ((place, _), gradient) in run.jobs.iter().zip(run.gradients) {
                for (into, value) in found.drawn.row_mut(*place).iter_mut().zip(gradient) {
                    *into = value * scale;
                }
            }
        }
        Ok(found)
    }

    /// Gradient of the loss.
    pub fn gradient(&self) -> Vec<f32> {
        let mut sum = vec![0.0; self.rows.first().map_or(0, Vec::len)];
        for row in &self.rows {
            sum.iter_mut().zip(row).for_each(|(sum, own)| *sum -= own);
        }
        sum
    }

    /// The Gauss-Newton matrix times each of the parameters' movements.
    pub fn curved(&self, moved: &[TrainState]) -> Array2<f32> {
        let width = self.drawn.ncols();
        let mut block = Array2::zeros((moved.len(), width));
        for (mut row, moved) in block.outer_iter_mut().zip(moved) {
            row.iter_mut().zip(&moved.parameters).for_each(|(into, value)| *into = *value);
        }
        let drawn: ArrayView2<'_, f32> = self.drawn.view();
        let mut shadows = Array2::zeros((moved.len(), self.drawn.nrows()));
        general_mat_mul(1.0, &block, &drawn.t(), 0.0, &mut shadows);
        general_mat_mul(1.0, &shadows, &drawn, 0.0, &mut block);
        block
    }
}

/// Runs of the curvature graph with an adapter of its own for each row, so that each has its gradient.
struct Graph<'a> {
    session: &'a mut CurvatureSession,
    layout: &'a FactorLayout,
    recipe: &'a Recipe,
    parameters: &'a [f32],
}

/// Rows that ran together, with what they gave.
struct Run<'e> {
    /// Where each belongs, and the row.
    jobs: Vec<(usize, &'e Example)>,
    log_probs: Vec<Vec<f32>>,
    gradients: Vec<Vec<f32>>,
    weights: Vec<Vec<f32>>,
}

impl Graph<'_> {
    /// Longest rows first, so that those of a run need little padding. With signs of their places, or scored on their own tokens.
    fn runs<'e>(
        &mut self,
        mut jobs: Vec<(usize, &'e Example)>,
        draws: Option<Draws>,
    ) -> impl Iterator<Item = Result<Run<'e>, TrainError>> {
        jobs.sort_by_key(|(place, example)| (std::cmp::Reverse(example.tokens.len()), *place));
        let each = usize::try_from(self.recipe.run_rows).unwrap_or(usize::MAX).max(1);
        let mut jobs = jobs.into_iter();
        std::iter::from_fn(move || {
            let jobs: Vec<_> = jobs.by_ref().take(each).collect();
            (!jobs.is_empty()).then(|| self.run(jobs, draws))
        })
    }

    fn run<'e>(&mut self, jobs: Vec<(usize, &'e Example)>, draws: Option<Draws>) -> Result<Run<'e>, TrainError> {
        let weights: Vec<Vec<f32>> = jobs
            .iter()
            .map(|(_, example)| {
                let counts = |at: usize| if at < example.prompt_tokens { 0.0 } else { 1.0 };
                (0..example.tokens.len()).map(counts).collect()
            })
            .collect();
        let each = self.session.signs_per_token();
        let signs: Vec<Vec<bool>> = jobs
            .iter()
            .map(|(place, example)| {
                draws.map_or_else(Vec::new, |draws| draws.signs(*place, example.tokens.len().saturating_mul(each)))
            })
            .collect();
        let rows: Vec<CurvatureRow<'_>> = jobs
            .iter()
            .zip(&weights)
            .zip(&signs)
            .map(|(((_, example), weights), signs)| CurvatureRow {
                row: GradientRow { tokens: &example.tokens, weights },
                signs,
            })
            .collect();
        let adapters = vec![self.parameters; rows.len()];
        #[allow(clippy::cast_possible_truncation)]
        let scale = self.recipe.scale() as f32;
        let run = self.session.run(&rows, &adapters, self.layout, scale)?;
        Ok(Run { jobs, log_probs: run.log_probs, gradients: run.gradients, weights: run.weights })
    }
}
