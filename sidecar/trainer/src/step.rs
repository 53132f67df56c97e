//! One optimiser step of adapters side by side.

use std::ops::Range;

use openledger_engine::gradient::{FactorLayout, GradientRow, GradientSession};

use crate::{
    Examples, Recipe, TrainError, TrainState,
    adamw::{clip, update},
    placebo::NullRow,
    schedule::learning_rate,
};

/// One adapter of a step: its rows, and what they weigh.
pub(crate) struct Part<'a> {
    /// Indices of the step's rows; every part of a step has as many.
    pub rows: &'a [usize],
    /// Of every row of the training its weight: 0 when it is left out, else 1.
    pub weights: &'a [f32],
    /// Rows that are seen besides. They weigh as much as the others, and what the loss is divided by does not count them.
    pub added: Vec<&'a NullRow>,
}

/// Tokens, and what each of them weighs.
struct Weighted<'a> {
    tokens: &'a [u32],
    weights: Vec<f32>,
}

/// A part's rows and what is added to them, both longest first, so that those of a run need little padding; equal lengths stay in the
/// step's order.
struct Weighed<'a> {
    own: Vec<Weighted<'a>>,
    added: Vec<Weighted<'a>>,
}

/// What a step found out about one adapter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Found {
    /// Loss before the step, in nats.
    pub loss: f64,
}

/// Does one step of every adapter, or none: states change only when all losses and gradients are finite.
///
/// All parts share the recipe but for what they leave out, what they add, and their order. `at` is the step, from 0, of `steps`.
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
    let parts: Vec<Weighed<'_>> = parts.iter().map(|part| weighed(part, examples)).collect();
    let mut sums = Sums { gradients: vec![vec![0.0; layout.len]; states.len()], losses: vec![0.0; states.len()] };
    let (each, together) = (rows_of_one(recipe), adapters_together(recipe));
    let mut model = Model { session, layout, scale: recipe.scale() };
    for first in (0..states.len()).step_by(together) {
        let members = first..first.saturating_add(together).min(states.len());
        let mut start = 0;
        while let Some(slices) = slices(&parts, members.clone(), start, each) {
            sums.add(&mut model, states, members.clone(), &slices)?;
            start = start.saturating_add(each);
        }
    }
    // By themselves: other adapters of the step have none, or others.
    for (member, part) in parts.iter().enumerate() {
        for slice in part.added.chunks(each) {
            sums.add(&mut model, states, member..member.saturating_add(1), &[slice])?;
        }
    }
    let Sums { mut gradients, losses } = sums;
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

#[allow(clippy::cast_precision_loss)]
fn weighed<'a>(part: &Part<'a>, examples: &'a Examples) -> Weighed<'a> {
    let known = |&row: &usize| Some((examples.get(row)?, part.weights.get(row).copied().unwrap_or(0.0)));
    let rows: Vec<_> = part.rows.iter().filter_map(known).collect();
    let counted: usize = rows.iter().map(|(example, _)| example.counted()).sum();
    let each = 1.0 / counted.max(1) as f32;
    let one = |tokens: &'a [u32], prompt_tokens: usize, weight: f32| {
        let own = weight * each;
        Weighted { tokens, weights: (0..tokens.len()).map(|at| if at < prompt_tokens { 0.0 } else { own }).collect() }
    };
    let longest_first = |mut rows: Vec<Weighted<'a>>| {
        rows.sort_by_key(|row| std::cmp::Reverse(row.tokens.len()));
        rows
    };
    let own = rows.iter().map(|(example, weight)| one(&example.tokens, example.prompt_tokens, *weight));
    let added = part.added.iter().map(|row| one(&row.tokens, row.prompt_tokens, 1.0));
    Weighed { own: longest_first(own.collect()), added: longest_first(added.collect()) }
}

/// The same slice of the members' rows; `None` after the last.
fn slices<'r, 'a>(
    parts: &'r [Weighed<'a>],
    members: Range<usize>,
    start: usize,
    each: usize,
) -> Option<Vec<&'r [Weighted<'a>]>> {
    let slice = |part: &'r Weighed<'a>| {
        let own = &part.own;
        own.get(start..start.saturating_add(each).min(own.len())).filter(|slice| !slice.is_empty())
    };
    parts.get(members)?.iter().map(slice).collect()
}

/// What rows run through.
struct Model<'a> {
    session: &'a mut GradientSession,
    layout: &'a FactorLayout,
    scale: f64,
}

/// Losses and their gradients, of every adapter, over the rows so far.
struct Sums {
    gradients: Vec<Vec<f32>>,
    losses: Vec<f64>,
}

impl Sums {
    /// Runs a slice of rows of each of some adapters.
    fn add(
        &mut self,
        model: &mut Model<'_>,
        states: &[TrainState],
        members: Range<usize>,
        slices: &[&[Weighted<'_>]],
    ) -> Result<(), TrainError> {
        let rows = slices.iter().flat_map(|slice| slice.iter());
        let inputs: Vec<_> = rows.map(|row| GradientRow { tokens: row.tokens, weights: &row.weights }).collect();
        let adapters = states.get(members.clone()).unwrap_or_default().iter();
        let adapters: Vec<&[f32]> = adapters.map(|state| state.parameters.as_slice()).collect();
        #[allow(clippy::cast_possible_truncation)]
        let run = model.session.run(&inputs, &adapters, model.layout, model.scale as f32)?;
        let mut log_probs = run.log_probs.iter();
        for ((member, slice), found) in members.zip(slices).zip(&run.gradients) {
            for (row, log_probs) in slice.iter().zip(&mut log_probs) {
                let lost: f64 = row.weights.iter().zip(log_probs).map(|(&w, &l)| f64::from(w) * f64::from(l)).sum();
                if let Some(loss) = self.losses.get_mut(member) {
                    *loss -= lost;
                }
            }
            for (sum, value) in self.gradients.get_mut(member).into_iter().flatten().zip(found) {
                // The graph's gradient is of the log-likelihood, the loss is its negative.
                *sum -= value;
            }
        }
        Ok(())
    }
}
