//! The answer's side of the product: its gradient in the index's coordinates.

use std::path::Path;

use openledger_engine::gradient::{Executor, GradientRow, GradientSession, MAX_RUN_TOKENS, OnnxRuntime, StoredAdapter};

use super::{Index, IndexError, exact::dot, quantise};
use crate::{Family, QueryPoint, family::FULL_STRENGTH};

/// Most answers of one run: each has a gradient as long as the adapter.
const MAX_RUN_ROWS: usize = 16;

/// One answer to be attributed, in token ids.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// What was asked, at least one token.
    pub prompt: &'a [u32],
    /// What was answered, at least one token.
    pub response: &'a [u32],
}

/// How the log-probability of an answer changes with the adapter, in the index's coordinates.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// One integer per dimension, each meaning `2^exponent` nats per unit of parameters.
    pub vector: Vec<i8>,
    /// Scale of the integers.
    pub exponent: i32,
    /// Part of the squared gradient that lies in the index's subspace, 0 to 1. The rest is what no cluster moved.
    pub explained: f64,
    /// Log-probability of the answer where the gradient was taken, under the served adapter at the query point, in nats.
    pub log_prob: f64,
}

impl Query {
    /// Of an answer that says nothing: nothing moved it.
    #[must_use]
    pub fn nothing(index: &Index) -> Self {
        Self { vector: vec![0; index.dimensions()], exponent: 0, explained: 0.0, log_prob: 0.0 }
    }

    /// Projects a gradient, spreads its coordinates and rounds them.
    ///
    /// # Errors
    /// [`IndexError::Length`], [`IndexError::NotFinite`].
    pub fn of(index: &Index, gradient: &[f32], log_prob: f64) -> Result<Self, IndexError> {
        let coordinates = index.projection.project(gradient)?;
        let kept: f64 = coordinates.iter().map(|value| value * value).sum();
        let spread = index.frame.query(&coordinates)?;
        let exponent = quantise::exponent_of(&spread, "a gradient")?;
        let whole = dot(gradient, gradient);
        // Rounding of the stored basis can lift it over one by a millionth.
        let explained = if whole > 0.0 { (kept / whole).min(1.0) } else { 0.0 };
        if !(explained.is_finite() && log_prob.is_finite()) {
            return Err(IndexError::NotFinite { what: "a gradient" });
        }
        Ok(Self { vector: quantise::steps(&spread, exponent), exponent, explained, log_prob })
    }
}

/// The served adapter of a family at its query point, for the index that was built from it.
///
/// # Errors
/// [`IndexError::Mismatch`] for an index of another base or family, and all errors of adapters.
pub(super) fn served<E: Executor>(
    session: &GradientSession<E>,
    family: &Family,
    index: &Index,
) -> Result<StoredAdapter, IndexError> {
    if family.digest() != index.family {
        return Err(IndexError::Mismatch { what: "family" });
    }
    if session.model().base_digest != index.base {
        return Err(IndexError::Mismatch { what: "base" });
    }
    let folder: &Path = &family.full.folder;
    at(session.read_adapter(folder, Some(family.full.digest))?, index, family.query)
}

/// An adapter where gradients for an index are taken. The sums have a fixed order, so every processor gives the same bits.
///
/// # Errors
/// [`IndexError::Length`] for an adapter that is not as long as what the index was built from.
pub(super) fn at(adapter: StoredAdapter, index: &Index, point: QueryPoint) -> Result<StoredAdapter, IndexError> {
    let (found, expected) = (adapter.parameters.len(), index.projection.parameters());
    if found != expected {
        return Err(IndexError::Length { what: "the served adapter", found, expected });
    }
    let mut adapter = weakened(adapter, point.strength);
    if point.shift != 0 {
        let part = f32::from(point.shift) / f32::from(FULL_STRENGTH);
        for (value, all) in adapter.parameters.iter_mut().zip(index.displacement()?) {
            *value -= part * all;
        }
    }
    Ok(adapter)
}

/// An adapter on the straight way from the base to itself: B A x times a strength in hundredths, by its B alone, so that A's
/// gradient is that of the weakened adapter too.
pub(super) fn weakened(mut adapter: StoredAdapter, hundredths: u8) -> StoredAdapter {
    if hundredths != FULL_STRENGTH {
        let strength = f32::from(hundredths) / f32::from(FULL_STRENGTH);
        for (_, b) in &adapter.layout.modules {
            for value in adapter.parameters.get_mut(b.clone()).into_iter().flatten() {
                *value *= strength;
            }
        }
    }
    adapter
}

/// Gradients of the log-probabilities of answers by an adapter's factors, each with its log-probability in nats. Answers share
/// runs.
///
/// # Errors
/// Errors of requests, [`IndexError::Length`] for an answer without a prompt or response.
pub(super) fn gradients<E: Executor>(
    session: &mut GradientSession<E>,
    served: &StoredAdapter,
    answers: &[Answer<'_>],
) -> Result<Vec<(Vec<f32>, f64)>, IndexError> {
    let mut found = Vec::with_capacity(answers.len());
    let mut rest = answers;
    while let Some(first) = rest.first() {
        let length = |answer: &Answer<'_>| answer.prompt.len().saturating_add(answer.response.len());
        let mut width = length(first);
        let mut count = 0_usize;
        for answer in rest.iter().take(MAX_RUN_ROWS) {
            let wider = width.max(length(answer));
            // The first is always taken: a single one that is too long is refused by the session, with the reason.
            if count > 0 && wider.saturating_mul(count.saturating_add(1)) > MAX_RUN_TOKENS {
                break;
            }
            (width, count) = (wider, count.saturating_add(1));
        }
        let (run, later) = rest.split_at(count);
        found.extend(one_run(session, served, run)?);
        rest = later;
    }
    Ok(found)
}

fn one_run<E: Executor>(
    session: &mut GradientSession<E>,
    served: &StoredAdapter,
    answers: &[Answer<'_>],
) -> Result<Vec<(Vec<f32>, f64)>, IndexError> {
    let mut rows = Vec::with_capacity(answers.len());
    for answer in answers {
        for (what, tokens) in [("a prompt", answer.prompt), ("a response", answer.response)] {
            if tokens.is_empty() {
                return Err(IndexError::Length { what, found: 0, expected: 1 });
            }
        }
        let weights = [vec![0.0; answer.prompt.len()], vec![1.0; answer.response.len()]].concat();
        rows.push(([answer.prompt, answer.response].concat(), weights));
    }
    let rows: Vec<GradientRow<'_>> = rows.iter().map(|(tokens, weights)| GradientRow { tokens, weights }).collect();
    // One copy of the adapter per answer, so that each gets a gradient of its own.
    let adapters = vec![served.parameters.as_slice(); rows.len()];
    let run = session.run(&rows, &adapters, &served.layout, served.scale)?;
    let sums = rows.iter().zip(&run.log_probs).map(|(row, found)| -> f64 {
        let counted = found.iter().zip(row.weights).filter(|(_, weight)| **weight > 0.0);
        counted.map(|(log_prob, _)| f64::from(*log_prob)).sum()
    });
    Ok(run.gradients.into_iter().zip(sums).collect())
}

/// Makes queries: a gradient session with the served adapter of an index. With ONNX Runtime a query's last bits depend on the
/// machine, in strict arithmetic (`openledger-strict`) they do not.
pub struct Querier<E = OnnxRuntime> {
    session: GradientSession<E>,
    served: StoredAdapter,
}

impl<E: Executor> Querier<E> {
    /// Takes the served adapter of the family that an index was built from.
    ///
    /// # Errors
    /// [`IndexError::Mismatch`] for an index of another base or family, and all errors of adapters.
    pub fn open(session: GradientSession<E>, family: &Family, index: &Index) -> Result<Self, IndexError> {
        let served = served(&session, family, index)?;
        Ok(Self { session, served })
    }

    /// The gradient session, for its tokenizer.
    #[must_use]
    pub fn session(&self) -> &GradientSession<E> {
        &self.session
    }

    /// Gradients of the log-probabilities of answers by the served adapter's factors, each with its log-probability in
    /// nats: one forward and one backward pass over prompt and answer. Answers share runs.
    ///
    /// # Errors
    /// Errors of requests, [`IndexError::Length`] for an answer without a prompt or response.
    pub fn gradients(&mut self, answers: &[Answer<'_>]) -> Result<Vec<(Vec<f32>, f64)>, IndexError> {
        gradients(&mut self.session, &self.served, answers)
    }

    /// Queries of answers: their gradients, projected and rounded.
    ///
    /// # Errors
    /// As [`Querier::gradients`] and [`Query::of`].
    pub fn queries(&mut self, index: &Index, answers: &[Answer<'_>]) -> Result<Vec<Query>, IndexError> {
        let gradients = self.gradients(answers)?;
        gradients.into_iter().map(|(gradient, log_prob)| Query::of(index, &gradient, log_prob)).collect()
    }
}
