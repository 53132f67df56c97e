//! Adapters that differ only in what they leave out or in the order, trained side by side.

use std::ops::ControlFlow;

use openledger_engine::gradient::GradientSession;

use crate::{
    Examples, Order, Progress, Recipe, TrainError, TrainState, initial_factors,
    step::{Part, step},
};

/// Adapters of one call: each keeps its state three times in memory.
const MAX_JOBS: usize = 4096;

/// One adapter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Contributor whose rows have no weight.
    pub left_out: Option<String>,
    /// Seed of the rows' order.
    pub order_seed: u64,
}

impl Job {
    /// The recipe of this adapter alone.
    #[must_use]
    pub fn recipe(&self, shared: &Recipe) -> Recipe {
        Recipe { left_out: self.left_out.clone(), order_seed: self.order_seed, ..shared.clone() }
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
    recipe.check()?;
    if jobs.len() > MAX_JOBS {
        let count = |jobs: usize| u64::try_from(jobs).unwrap_or(u64::MAX);
        return Err(TrainError::Limit { what: "jobs", value: count(jobs.len()), limit: count(MAX_JOBS) });
    }
    let own: Vec<Recipe> = jobs.iter().map(|job| job.recipe(recipe)).collect();
    let orders = own.iter().map(|own| Order::new(own, examples.len())).collect::<Result<Vec<_>, _>>()?;
    let left_out = own.iter().map(|own| examples.left_out(own)).collect::<Result<Vec<_>, _>>()?;
    let layout = session.layout(usize::try_from(recipe.rank).unwrap_or(usize::MAX))?;
    let initial = initial_factors(session.modules(), &layout, recipe.init_seed);
    let mut states = vec![TrainState::new(initial); jobs.len()];
    let steps = orders.first().map_or(0, Order::steps);
    for at in 0..steps {
        let parts: Vec<Part<'_>> =
            orders.iter().zip(&left_out).map(|(order, &left_out)| Part { rows: order.step(at), left_out }).collect();
        let found = step(session, &layout, recipe, examples, &parts, &mut states, (at, steps))?;
        let rows = parts.iter().flat_map(|part| part.rows);
        let tokens = rows.filter_map(|&row| examples.get(row)).map(|example| example.tokens.len()).sum();
        let loss = found.first().map_or(0.0, |found| found.loss);
        if observer(&Progress { step: at.saturating_add(1), steps, loss, tokens }).is_break() {
            break;
        }
    }
    Ok(states)
}
