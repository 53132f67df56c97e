//! Adapters that differ only in what they leave out, in what is added, or in the order, trained side by side.

use std::ops::ControlFlow;

use openledger_engine::gradient::GradientSession;

use crate::{
    Examples, Order, Progress, Recipe, TrainError, TrainState, initial_factors,
    placebo::Placebo,
    step::{Part, step},
};

/// Adapters of one call: each keeps its state three times in memory.
const MAX_JOBS: usize = 4096;

/// Rows without weight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeftOut {
    /// None.
    Nothing,
    /// Those of a contributor.
    Contributor(String),
    /// These, counted from 0 in the order of [`Examples`].
    Rows(Vec<usize>),
}

impl LeftOut {
    /// What a recipe leaves out.
    #[must_use]
    pub fn of(recipe: &Recipe) -> Self {
        recipe.left_out.clone().map_or(Self::Nothing, Self::Contributor)
    }
}

/// One adapter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Rows that have no weight.
    pub left_out: LeftOut,
    /// Seed of the rows' order.
    pub order_seed: u64,
    /// Seed of rows that say nothing and come on top, as many as the median contributor has; none when absent.
    pub placebo_seed: Option<u64>,
}

impl Job {
    /// Everything but what is left out, in an order.
    #[must_use]
    pub const fn without(left_out: LeftOut, order_seed: u64) -> Self {
        Self { left_out, order_seed, placebo_seed: None }
    }

    /// The recipe of this adapter alone. A recipe leaves out contributors only: other rows that a job leaves out, and those that it
    /// adds, stand in no recipe.
    #[must_use]
    pub fn recipe(&self, shared: &Recipe) -> Recipe {
        let left_out = match &self.left_out {
            LeftOut::Contributor(name) => Some(name.clone()),
            LeftOut::Nothing | LeftOut::Rows(_) => None,
        };
        Recipe { left_out, order_seed: self.order_seed, ..shared.clone() }
    }
}

/// Trains the jobs over the frozen base; the recipe's own order and contributor to leave out are not used. The result
/// of each job is that of [`crate::Training`] with [`Job::recipe`]: bit for bit where a run holds rows of one adapter
/// (`run_rows` below twice the batch), up to rounding where it holds several.
///
/// The observer sees each step with the loss of the first job and the tokens of all.
/// When it stops, the states so far come back, with fewer steps than the recipe asks for.
///
/// # Errors
/// As [`crate::Training::begin`] and [`crate::Training::step`], and [`TrainError::Limit`] for more than 4,096 jobs.
pub fn train_many(
    session: &mut GradientSession,
    examples: &Examples,
    recipe: &Recipe,
    jobs: &[Job],
    mut observer: impl FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Vec<TrainState>, TrainError> {
    train_on(session, examples, recipe, jobs, None, |progress, _| Ok(observer(progress)))
}

/// [`train_many`] from states that an interrupted one had after a step; from the beginning without. The observer sees the states
/// after each step.
///
/// # Errors
/// As [`train_many`], and what the observer returns.
pub(crate) fn train_on(
    session: &mut GradientSession,
    examples: &Examples,
    recipe: &Recipe,
    jobs: &[Job],
    states: Option<Vec<TrainState>>,
    mut observer: impl FnMut(&Progress, &[TrainState]) -> Result<ControlFlow<()>, TrainError>,
) -> Result<Vec<TrainState>, TrainError> {
    recipe.check()?;
    if jobs.len() > MAX_JOBS {
        let count = |jobs: usize| u64::try_from(jobs).unwrap_or(u64::MAX);
        return Err(TrainError::Limit { what: "jobs", value: count(jobs.len()), limit: count(MAX_JOBS) });
    }
    let own: Vec<Recipe> = jobs.iter().map(|job| job.recipe(recipe)).collect();
    let orders = own.iter().map(|own| Order::new(own, examples.len())).collect::<Result<Vec<_>, _>>()?;
    let weights = jobs.iter().map(|job| examples.weights(&job.left_out)).collect::<Result<Vec<_>, _>>()?;
    let placebos = jobs
        .iter()
        .zip(&orders)
        .map(|(job, order)| job.placebo_seed.map(|seed| Placebo::new(seed, examples, recipe.epochs, order)));
    let placebos: Vec<Option<Placebo>> = placebos.collect();
    let layout = session.layout(usize::try_from(recipe.rank).unwrap_or(usize::MAX))?;
    let fresh = || vec![TrainState::new(initial_factors(session.modules(), &layout, recipe.init_seed)); jobs.len()];
    let mut states = states.unwrap_or_else(fresh);
    let steps = orders.first().map_or(0, Order::steps);
    let done = states.first().map_or(0, |state| usize::try_from(state.step).unwrap_or(usize::MAX));
    for at in done..steps {
        let own = orders.iter().zip(&weights).zip(&placebos);
        let parts: Vec<Part<'_>> = own
            .map(|((order, weights), placebo)| {
                let added = placebo.iter().flat_map(|placebo| placebo.step(at)).collect();
                Part { rows: order.step(at), weights, added }
            })
            .collect();
        let found = step(session, &layout, recipe, examples, &parts, &mut states, (at, steps))?;
        let rows = parts.iter().flat_map(|part| part.rows);
        let tokens = rows.filter_map(|&row| examples.get(row)).map(|example| example.tokens.len()).sum();
        let loss = found.first().map_or(0.0, |found| found.loss);
        if observer(&Progress { step: at.saturating_add(1), steps, loss, tokens }, &states)?.is_break() {
            break;
        }
    }
    Ok(states)
}
