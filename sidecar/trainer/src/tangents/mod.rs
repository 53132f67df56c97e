//! How the trained adapter moves with the weight of a row: tangents of the training.
//!
//! The tangent of a row is the derivative of the final factors by the row's weight in the loss, at weight one: to first order,
//! what the adapter would lose without the row. It is carried forward through the very steps of the training (unrolled
//! differentiation in forward mode), all rows at once:
//!
//! ```text
//! δg = H δθ + ∂g/∂w        δθ, δm, δv  through AdamW and clipping, exactly
//! ```
//!
//! The one thing that is estimated is H, the second derivative of the step's loss. It has two parts. The generalised
//! Gauss-Newton matrix is the mean of outer products of gradients whose targets the model draws itself: a few draws per
//! row. The product of LoRA's factors bends the loss besides, most of all at the start, where B is zero; that part is exact
//! and needs only M, the gradient by the frozen weight: with y = W x + s B A x it is δ∇A = s δBᵀ M and δ∇B = s M δAᵀ.
//! What is left out is the bend of attention and activations between modules; where training without some groups of rows was really done,
//! [`reconcile`] learns from them what is missing.
//!
//! Close relatives: MAGIC (Ilyas and Engstrom, 2025) differentiates the training exactly, in reverse and per question; data value
//! embeddings (Wang et al., ICLR 2025) carry rows forward through SGD under the empirical Fisher matrix.

mod curvature;
mod draws;
mod factors;
mod optimiser;
mod reconcile;
#[cfg(test)]
mod tests;

use std::ops::ControlFlow;

use openledger_engine::gradient::CurvatureSession;

use crate::{
    Examples, Order, Progress, Recipe, TrainError, TrainState,
    adamw::{clip, update},
    initial_factors,
    schedule::learning_rate,
};
use curvature::Observed;
use draws::Draws;
use factors::Bend;
use optimiser::Linearised;

pub use reconcile::reconcile;

/// Bytes that the moving tangents may take: three 32-bit floats per factor and group.
const MAX_BYTES: u64 = 12 << 30;
/// Bytes of the groups that one thread multiplies at once: every product packs the draws anew, so few groups would cost more to
/// pack than to multiply. A block has at least 16 groups.
const BLOCK_BYTES: usize = 64 << 20;

/// What is differentiated and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TangentPlan {
    /// Of every row its group; rows without one are trained on and not differentiated by. A group's tangent is the sum of its
    /// rows': one per row, or one per cluster.
    pub groups: Vec<Option<usize>>,
    /// Draws per row and step that the Gauss-Newton matrix is estimated from. Four is coarse, sixteen is fine.
    pub draws: u32,
    /// Seed of the draws.
    pub draw_seed: u64,
    /// Threads for the products; the session has its own.
    pub threads: usize,
}

/// What a training's differentiation gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Tangents {
    /// Of each group: derivative of the final factors by its rows' weight, as long as the adapter.
    pub vectors: Vec<Vec<f32>>,
    /// The trained adapter, up to rounding that of [`crate::Training`].
    pub state: TrainState,
}

/// Repeats a training and differentiates it. The observer sees every step and may stop it; then nothing comes back.
///
/// # Errors
/// As [`crate::train_many`]; [`TrainError::Recipe`] for a recipe that leaves a contributor out, [`TrainError::Limit`] for
/// no groups, groups of another number than rows, or more than memory is allowed for.
pub fn tangents(
    session: &mut CurvatureSession,
    examples: &Examples,
    recipe: &Recipe,
    plan: &TangentPlan,
    mut observer: impl FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Option<Tangents>, TrainError> {
    let found = unroll(session, examples, recipe, plan, None, |progress, _| Ok(observer(progress)))?;
    Ok(found.and_then(|mut found| {
        let state = found.drain(..1).next()?;
        Some(Tangents { vectors: found.into_iter().map(|moved| moved.parameters).collect(), state })
    }))
}

/// [`tangents`] from what an interrupted one had after a step; from the beginning without. The first state is that of the training,
/// the others say how far it moves with the weight of each group. The observer sees all of them after each step.
///
/// # Errors
/// As [`tangents`], and what the observer returns.
pub(crate) fn unroll(
    session: &mut CurvatureSession,
    examples: &Examples,
    recipe: &Recipe,
    plan: &TangentPlan,
    kept: Option<Vec<TrainState>>,
    mut observer: impl FnMut(&Progress, &[TrainState]) -> Result<ControlFlow<()>, TrainError>,
) -> Result<Option<Vec<TrainState>>, TrainError> {
    recipe.check()?;
    if let Some(name) = &recipe.left_out {
        let expected = "absent: tangents say what every row did to the whole training".to_owned();
        return Err(TrainError::Recipe { field: "left_out", value: name.clone(), expected });
    }
    let layout = session.gradients().layout(usize::try_from(recipe.rank).unwrap_or(usize::MAX))?;
    let count = groups(plan, examples, layout.len)?;
    let order = Order::new(recipe, examples.len())?;
    let fresh = || {
        let first = TrainState::new(initial_factors(session.modules(), &layout, recipe.init_seed));
        std::iter::once(first).chain((0..count).map(|_| TrainState::new(vec![0.0; layout.len]))).collect()
    };
    let mut states: Vec<TrainState> = kept.filter(|kept| kept.len() == count.saturating_add(1)).unwrap_or_else(fresh);
    let steps = order.steps();
    let done = states.first().map_or(0, |state| usize::try_from(state.step).unwrap_or(usize::MAX)).min(steps);
    for at in done..steps {
        let Some((state, moved)) = states.split_first_mut() else { break };
        let number = u64::try_from(at).unwrap_or(u64::MAX).saturating_add(1);
        let rows = order.step(at);
        let draws = Draws { seed: plan.draw_seed, each: plan.draws, step: at };
        let seen = Observed::of(session, &layout, recipe, examples, rows, &state.parameters, draws)?;
        let mut gradient = seen.gradient();
        if !seen.loss.is_finite() || !gradient.iter().all(|value| value.is_finite()) {
            return Err(TrainError::NotFinite { step: number, what: "the gradient" });
        }
        let unclipped = gradient.clone();
        clip(&mut gradient, recipe.max_gradient_norm);
        let rate = learning_rate(recipe, at, steps);
        let before = state.clone();
        update(state, &gradient, recipe, rate);
        let linear = Linearised::of(&before, state, &unclipped, &gradient, recipe, rate);
        let bend = Bend::new(session.modules(), &layout, &seen.weights, recipe);
        propagate(moved, &seen, &bend, &linear, rows, plan);
        let tokens = rows.iter().filter_map(|&row| examples.get(row)).map(|example| example.tokens.len()).sum();
        if !states.iter().flat_map(|state| &state.parameters).all(|value| value.is_finite()) {
            return Err(TrainError::NotFinite { step: number, what: "a tangent" });
        }
        let progress = Progress { step: at.saturating_add(1), steps, loss: seen.loss, tokens };
        if observer(&progress, &states)?.is_break() {
            return Ok(None);
        }
    }
    Ok(Some(states))
}

/// Groups whose tangents may be carried at once, for adapters of so many parameters.
pub(crate) fn most_groups(parameters: usize) -> usize {
    let each = u64::try_from(parameters).unwrap_or(u64::MAX).saturating_mul(12).max(1);
    usize::try_from(MAX_BYTES / each).unwrap_or(usize::MAX)
}

/// Number of groups.
fn groups(plan: &TangentPlan, examples: &Examples, parameters: usize) -> Result<usize, TrainError> {
    let wide = |value: usize| u64::try_from(value).unwrap_or(u64::MAX);
    if plan.groups.len() != examples.len() {
        let (value, limit) = (wide(plan.groups.len()), wide(examples.len()));
        return Err(TrainError::Limit { what: "rows with a group", value, limit });
    }
    let count = plan.groups.iter().flatten().max().map_or(0, |last| last.saturating_add(1));
    let bytes = wide(count).saturating_mul(wide(parameters)).saturating_mul(12);
    if count == 0 || bytes > MAX_BYTES {
        return Err(TrainError::Limit { what: "bytes of tangents", value: bytes, limit: MAX_BYTES });
    }
    Ok(count)
}

/// Carries all groups through one step, blocks of them on several threads.
fn propagate(
    moved: &mut [TrainState],
    seen: &Observed,
    bend: &Bend<'_>,
    linear: &Linearised,
    rows: &[usize],
    plan: &TangentPlan,
) {
    let threads = plan.threads.max(1);
    let each = moved.len().div_ceil(threads).max(1);
    let bytes = moved.first().map_or(0, |moved| moved.parameters.len()).saturating_mul(4).max(1);
    let together = BLOCK_BYTES.checked_div(bytes).unwrap_or(0).max(16);
    std::thread::scope(|scope| {
        for (part, mine) in moved.chunks_mut(each).enumerate() {
            let start = part.saturating_mul(each);
            scope.spawn(move || {
                for (block, mine) in mine.chunks_mut(together).enumerate() {
                    let first = start.saturating_add(block.saturating_mul(together));
                    let mut changes = seen.curved(mine);
                    bend.add(mine, &mut changes);
                    for (row, own) in rows.iter().zip(&seen.rows) {
                        let group = plan.groups.get(*row).copied().flatten().and_then(|group| group.checked_sub(first));
                        if let Some(mut change) = group.filter(|at| *at < mine.len()).map(|at| changes.row_mut(at)) {
                            change.iter_mut().zip(own).for_each(|(change, own)| *change -= own);
                        }
                    }
                    for (moved, change) in mine.iter_mut().zip(changes.outer_iter_mut()) {
                        linear.carry(moved, change);
                    }
                }
            });
        }
    });
}
