//! At which point an adapter's gradients say most about how its answers are to be paid.
//!
//! A gradient at the served adapter tells what an answer loses at once when the adapter moves. An adapter that knows its rows
//! by heart makes their answers certain, and what is certain has no slope; on the way back to the base it has one. And where the loss
//! bends, a point a little on the way to where contributors would have left the adapter says more about their whole way. So the index may
//! take gradients there, at the point whose shares come closest to those that the counterfactual adapters
//! themselves give: known answers are attributed both ways. The noise floor is left out of this choice: where it takes most of the pay, what
//! remains to compare are few contributors of few answers. The point is a part of the family's digest. Of a family with a
//! tail only the contributors with an adapter can be attributed both ways, so both divide among these alone.

use std::{collections::HashMap, path::Path};

use openledger_engine::gradient::{Executor, GradientSession, StoredAdapter};

use super::{
    Answer, Index, IndexError, Query, Scores,
    agreement::payout_distance,
    query::{at, gradients, weakened},
};
use crate::{Family, Measurement, QueryPoint, Variant, measure::micro_nats};

/// Points that are tried, the served adapter itself first.
pub const POINTS: [QueryPoint; 13] = [
    QueryPoint::weaker(100),
    QueryPoint::weaker(95),
    QueryPoint::weaker(90),
    QueryPoint::weaker(80),
    QueryPoint::weaker(70),
    QueryPoint::weaker(60),
    QueryPoint::weaker(50),
    QueryPoint::weaker(35),
    QueryPoint::weaker(25),
    QueryPoint::shifted(6),
    QueryPoint::shifted(12),
    QueryPoint::shifted(19),
    QueryPoint::shifted(25),
];

/// Most answers that are attributed both ways.
pub const MAX_ANSWERS: usize = 48;

/// How far the index is from the audit lane at one point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tried {
    /// The point.
    pub point: QueryPoint,
    /// Part of the contributor fee that the index divides otherwise there, 0 to 1, the mean over answers.
    pub payout_error: f64,
    /// The same if there was no noise floor: what points are chosen by.
    pub without_floor: f64,
}

/// How far the index is from the audit lane, among contributors that have an adapter.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    /// The best point; the first of equally good ones.
    pub best: Tried,
    /// Every point that was tried, in their order.
    pub tried: Vec<Tried>,
    /// Answers that were attributed both ways.
    pub answers: usize,
    /// Contributors with an adapter, among whom the fee was divided both ways.
    pub contributors: usize,
}

/// Builds the index of the family in a folder, finds its best query point, and writes that into the family's `adapters.json`.
///
/// # Errors
/// As [`Index::build`] and [`calibrate`]; [`IndexError::Family`] when `adapters.json` cannot be written.
pub fn build_calibrated<E: Executor>(
    session: &mut GradientSession<E>,
    folder: &Path,
    dimensions: usize,
    answers: &[Answer<'_>],
) -> Result<(Family, Index, Calibration), IndexError> {
    let family = Family::read(folder)?;
    let mut index = Index::build(session, &family, dimensions)?;
    let calibration = calibrate(session, &family, &index, answers)?;
    let family = Family::set_query_point(folder, calibration.best.point)?;
    // Rows do not depend on the point, the family's digest does.
    index.family = family.digest();
    Ok((family, index, calibration))
}

/// Attributes answers by a family's adapters and by its index at each point. Costs a forward and a backward pass for each
/// answer under every variant and point. At most [`MAX_ANSWERS`] of them are taken, evenly.
///
/// # Errors
/// All errors of adapters and requests; [`IndexError::Size`] without an answer.
pub fn calibrate<E: Executor>(
    session: &mut GradientSession<E>,
    family: &Family,
    index: &Index,
    answers: &[Answer<'_>],
) -> Result<Calibration, IndexError> {
    let every = answers.len().div_ceil(MAX_ANSWERS).max(1);
    let answers: Vec<Answer<'_>> = answers.iter().step_by(every).copied().collect();
    if answers.is_empty() {
        return Err(IndexError::Size { what: "answers", value: 0, limit: MAX_ANSWERS });
    }
    let served = session.read_adapter(&family.full.folder, Some(family.full.digest))?;
    let truths = measure(session, family, &served, &answers)?;
    let places = retrained(family, index)?;
    let mut tried = Vec::with_capacity(POINTS.len());
    for point in POINTS {
        let found = gradients(session, &at(served.clone(), index, point)?, &answers)?;
        let mut sums = [0.0; 2];
        for ((gradient, log_prob), truth) in found.iter().zip(&truths) {
            let query = Query::of(index, gradient, *log_prob)?;
            let all = Scores::of(index, &query)?;
            let clusters = places.iter().filter_map(|&place| all.clusters.get(place).copied()).collect();
            let scores = Scores { clusters, ..all };
            let bare = (Measurement { placebos: Vec::new(), ..truth.clone() }, Scores { floor: 0, ..scores.clone() });
            for (sum, (truth, scores)) in sums.iter_mut().zip([(truth, &scores), (&bare.0, &bare.1)]) {
                *sum += payout_distance(&truth.attribution()?, &scores.attribution(&query, truth.lift(), &[0; 32])?);
            }
        }
        let [payout_error, without_floor] = sums.map(|sum| sum / answers.len() as f64);
        tried.push(Tried { point, payout_error, without_floor });
    }
    let best = tried.iter().copied().min_by(|left, right| left.without_floor.total_cmp(&right.without_floor));
    let best = best.unwrap_or(Tried { point: QueryPoint::default(), payout_error: 1.0, without_floor: 1.0 });
    Ok(Calibration { best, tried, answers: answers.len(), contributors: places.len() })
}

/// The index's rows of the contributors with an adapter, in the family's order of these.
fn retrained(family: &Family, index: &Index) -> Result<Vec<usize>, IndexError> {
    let rows: HashMap<&str, usize> =
        index.contributors.iter().enumerate().map(|(row, name)| (name.as_str(), row)).collect();
    let row = |variant: &Variant| rows.get(variant.contributor.as_deref()?).copied();
    let found = family.counterfactuals.iter().map(row).collect::<Option<Vec<usize>>>();
    found.ok_or(IndexError::Mismatch { what: "list of contributors" })
}

/// The audit lane's measurements by the gradient session: it needs no engine where a training has none.
fn measure<E: Executor>(
    session: &mut GradientSession<E>,
    family: &Family,
    served: &StoredAdapter,
    answers: &[Answer<'_>],
) -> Result<Vec<Measurement>, IndexError> {
    let under = |session: &mut GradientSession<E>, adapter: &StoredAdapter, name: &str| {
        let found = gradients(session, adapter, answers)?;
        found.iter().map(|(_, log_prob)| Ok(micro_nats(name, *log_prob)?)).collect::<Result<Vec<i64>, IndexError>>()
    };
    let full = under(session, served, &family.full.name)?;
    let base = under(session, &weakened(served.clone(), 0), "base")?;
    let mut all = |variants: &[Variant]| -> Result<Vec<Vec<i64>>, IndexError> {
        let each = variants.iter().map(|variant| {
            let adapter = session.read_adapter(&variant.folder, Some(variant.digest))?;
            under(session, &adapter, &variant.name)
        });
        each.collect()
    };
    let (counterfactuals, placebos) = (all(&family.counterfactuals)?, all(&family.placebos)?);
    let of = |variants: &[Vec<i64>], at: usize| variants.iter().filter_map(|found| found.get(at).copied()).collect();
    Ok(full
        .iter()
        .zip(base)
        .enumerate()
        .map(|(at, (&full, base))| Measurement {
            full,
            base,
            counterfactuals: of(&counterfactuals, at),
            placebos: of(&placebos, at),
        })
        .collect())
}
