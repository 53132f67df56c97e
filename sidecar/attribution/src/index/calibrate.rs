//! At which strength an adapter's gradients say most about how its answers are to be paid.
//!
//! A gradient at the served adapter tells what an answer loses at once when the adapter moves. An adapter that knows its rows
//! by heart makes their answers certain, and what is certain has no slope; on the way back to the base it has one. So the index may
//! take gradients on that way, at the strength whose shares come closest to those that the counterfactual adapters
//! themselves give: known answers are attributed both ways. The strength is a part of the family's digest. Of a family with a
//! tail only the contributors with an adapter can be attributed both ways, so both divide among these alone.

use std::{collections::HashMap, path::Path};

use openledger_engine::gradient::{Executor, GradientSession, StoredAdapter};

use super::{
    Answer, Index, IndexError, Query, Scores,
    agreement::payout_distance,
    query::{gradients, weakened},
};
use crate::{FULL_STRENGTH, Family, Measurement, Variant, measure::micro_nats};

/// Strengths that are tried, in hundredths, the full one first.
pub const STRENGTHS: [u8; 8] = [FULL_STRENGTH, 90, 80, 70, 60, 50, 35, 25];

/// Most answers that are attributed both ways.
pub const MAX_ANSWERS: usize = 48;

/// How far the index is from the audit lane, among contributors that have an adapter.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    /// The best strength, in hundredths; the highest of equally good ones.
    pub strength: u8,
    /// Part of the contributor fee that the index divides otherwise at that strength, 0 to 1, the mean over answers.
    pub payout_error: f64,
    /// The same for every strength that was tried, in their order.
    pub tried: Vec<(u8, f64)>,
    /// Answers that were attributed both ways.
    pub answers: usize,
    /// Contributors with an adapter, among whom the fee was divided both ways.
    pub contributors: usize,
}

/// Builds the index of the family in a folder, finds its best query strength, and writes that into the family's `adapters.json`.
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
    let family = Family::set_query_strength(folder, calibration.strength)?;
    // Rows do not depend on the strength, the family's digest does.
    index.family = family.digest();
    Ok((family, index, calibration))
}

/// Attributes answers by a family's adapters and by its index at each strength. Costs a forward and a backward pass for each
/// answer under every variant and strength. At most [`MAX_ANSWERS`] of them are taken, evenly.
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
    let mut tried = Vec::with_capacity(STRENGTHS.len());
    for strength in STRENGTHS {
        let found = gradients(session, &weakened(served.clone(), strength), &answers)?;
        let mut apart = 0.0;
        for ((gradient, log_prob), truth) in found.iter().zip(&truths) {
            let query = Query::of(index, gradient, *log_prob)?;
            let all = Scores::of(index, &query)?;
            let clusters = places.iter().filter_map(|&place| all.clusters.get(place).copied()).collect();
            let shares = Scores { clusters, ..all }.attribution(&query, truth.lift(), &[0; 32])?;
            apart += payout_distance(&truth.attribution()?, &shares);
        }
        tried.push((strength, apart / answers.len() as f64));
    }
    let best = tried.iter().copied().min_by(|left, right| left.1.total_cmp(&right.1));
    let (strength, payout_error) = best.unwrap_or((FULL_STRENGTH, 1.0));
    Ok(Calibration { strength, payout_error, tried, answers: answers.len(), contributors: places.len() })
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
