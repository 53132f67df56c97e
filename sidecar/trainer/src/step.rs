//! One optimiser step of adapters side by side.

use openledger_engine::gradient::{FactorLayout, GradientRow, GradientSession};

use crate::{
    Example, Examples, Recipe, TrainError, TrainState,
    adamw::{clip, update},
    schedule::learning_rate,
};

/// One adapter of a step: its rows, and what they weigh.
pub(crate) struct Part<'a> {
    /// Indices of the step's rows; every part of a step has as many.
    pub rows: &'a [usize],
    /// Of every row of the training its weight: 0 when it is left out, else 1.
    pub weights: &'a [f32],
}

/// A weighted row.
struct Weighted<'a> {
    example: &'a Example,
    weights: Vec<f32>,
}

/// What a step found out about one adapter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Found {
    /// Loss before the step, in nats.
    pub loss: f64,
}

/// Does one step of every adapter, or none: states change only when all losses and gradients are finite.
///
/// All parts share the recipe but for what they leave out and their order. `at` is the step, from 0, of `steps`.
///
/// # Errors
/// [`TrainError::NotFinite`], and errors of the model.
pub(crate) fn step(
    session: &mut GradientSession,
    layout: &FactorLayout,
    recipe: &Recipe,
    examples: &Examples,
    parts: &[Part<'_>],
    states: &mut [TrainState],
    (at, steps): (usize, usize),
) -> Result<Vec<Found>, TrainError> {
    let number = u64::try_from(at).unwrap_or(u64::MAX).saturating_add(1);
    let rows: Vec<Vec<Weighted<'_>>> = parts.iter().map(|part| weighted(part, examples)).collect();
    let mut gradients = vec![vec![0.0_f32; layout.len]; states.len()];
    let mut losses = vec![0.0_f64; states.len()];
    #[allow(clippy::cast_possible_truncation)]
    let scale = recipe.scale() as f32;
    let (each, together) = (rows_of_one(recipe), adapters_together(recipe));
    for first in (0..states.len()).step_by(together) {
        let members = first..first.saturating_add(together).min(states.len());
        let mut start = 0;
        while let Some(slices) = slices(&rows, members.clone(), start, each) {
            let inputs: Vec<GradientRow<'_>> = slices.iter().flat_map(|slice| slice.iter().map(as_row)).collect();
            let adapters: Vec<&[f32]> = states
                .get(members.clone())
                .unwrap_or_default()
                .iter()
                .map(|state| state.parameters.as_slice())
                .collect();
            let run = session.run(&inputs, &adapters, layout, scale)?;
            let mut log_probs = run.log_probs.iter();
            for ((member, slice), found) in members.clone().zip(&slices).zip(&run.gradients) {
                for (row, log_probs) in slice.iter().zip(&mut log_probs) {
                    let lost: f64 = row.weights.iter().zip(log_probs).map(|(&w, &l)| f64::from(w) * f64::from(l)).sum();
                    if let Some(loss) = losses.get_mut(member) {
                        *loss -= lost;
                    }
                }
                for (sum, value) in gradients.get_mut(member).into_iter().flatten().zip(found) {
                    // The graph's gradient is of the log-likelihood, the loss is its negative.
                    *sum -= value;
                }
            }
            start = start.saturating_add(each);
        }
    }
    if losses.iter().any(|loss| !loss.is_finite()) {
        return Err(TrainError::NotFinite { step: number, what: "the loss" });
    }
    for gradient in &mut gradients {
        if !clip(gradient, recipe.max_gradient_norm).is_finite() {
            return Err(TrainError::NotFinite { step: number, what: "the gradient" });
        }
    }
    let rate = learning_rate(recipe, at, steps);
    for (state, gradient) in states.iter_mut().zip(&gradients) {
        update(state, gradient, recipe, rate);
        if !state.parameters.iter().all(|value| value.is_finite()) {
            return Err(TrainError::NotFinite { step: number, what: "a parameter" });
        }
    }
    Ok(losses.into_iter().map(|loss| Found { loss }).collect())
}

/// Rows of one adapter in a run.
fn rows_of_one(recipe: &Recipe) -> usize {
    usize::try_from(recipe.run_rows.min(recipe.batch_rows)).unwrap_or(usize::MAX).max(1)
}

/// Adapters whose rows share a run, so that a run has no more than `run_rows` rows where that can be. It follows from the
/// recipe alone and not from the rows of a step: so many adapters, trained by themselves, have the bits they have among
/// others.
pub(crate) fn adapters_together(recipe: &Recipe) -> usize {
    let run = usize::try_from(recipe.run_rows).unwrap_or(usize::MAX);
    (run / rows_of_one(recipe)).max(1)
}

/// Rows longest first, so that those of a run need little padding; equal lengths stay in the step's order.
#[allow(clippy::cast_precision_loss)]
fn weighted<'a>(part: &Part<'_>, examples: &'a Examples) -> Vec<Weighted<'a>> {
    let known = |&row: &usize| Some((examples.get(row)?, part.weights.get(row).copied().unwrap_or(0.0)));
    let mut rows: Vec<(&Example, f32)> = part.rows.iter().filter_map(known).collect();
    rows.sort_by_key(|(example, _)| std::cmp::Reverse(example.tokens.len()));
    let counted: usize = rows.iter().map(|(example, _)| example.counted()).sum();
    let each = 1.0 / counted.max(1) as f32;
    let one = |(example, weight): (&'a Example, f32)| {
        let own = weight * each;
        let weights = (0..example.tokens.len()).map(|at| if at < example.prompt_tokens { 0.0 } else { own }).collect();
        Weighted { example, weights }
    };
    rows.into_iter().map(one).collect()
}

/// The same slice of the members' rows; `None` after the last.
fn slices<'r, 'a>(
    rows: &'r [Vec<Weighted<'a>>],
    members: std::ops::Range<usize>,
    start: usize,
    each: usize,
) -> Option<Vec<&'r [Weighted<'a>]>> {
    let slice = |own: &'r Vec<Weighted<'a>>| {
        own.get(start..start.saturating_add(each).min(own.len())).filter(|slice| !slice.is_empty())
    };
    rows.get(members)?.iter().map(slice).collect()
}

fn as_row<'r>(row: &'r Weighted<'_>) -> GradientRow<'r> {
    GradientRow { tokens: &row.example.tokens, weights: &row.weights }
}
