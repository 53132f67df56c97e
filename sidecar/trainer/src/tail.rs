//! Contributors that are too small for an adapter of their own: which they are, and their tangents, in parts.
//!
//! A part is one safetensors file with a 32-bit tensor `tangent/NAME` for each of its contributors, as long as the adapter and laid
//! out as it. A tangent stands where a secant would: both are, to first order, the served parameters less those without the
//! contributor.

use std::{collections::HashMap, ops::ControlFlow, path::Path};

use openledger_engine::gradient::CurvatureSession;
use openledger_protocol::Hash;
use safetensors::{Dtype, tensor::TensorView};
use sha2::{Digest, Sha256};

use crate::{
    Examples, FamilyRecipe, Progress, TangentPlan, TrainError, files,
    keeping::{Clock, Keeping},
    progress::read_progress,
    tangents::{most_groups, unroll},
};

/// Most draws per row and step: each is a backward pass.
const MAX_DRAWS: u32 = 256;
/// Most contributors of one part.
const MAX_TOGETHER: u32 = 4096;
/// What a part's file says it is.
const FORMAT: &str = "openledger-tangents/1";

/// Which contributors of a family get no adapter, and how their tangents are estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tail {
    /// Contributors with fewer rows that are trained on belong to it.
    pub below_rows: u32,
    /// So many contributors with the most rows never do: the index is calibrated on them.
    pub retrained: u32,
    /// Draws per row and step, as in [`TangentPlan`].
    pub draws: u32,
    /// Seed of the draws.
    pub draw_seed: u64,
    /// Contributors of one part. Every part repeats the training's gradients and keeps three numbers for each parameter and
    /// contributor in memory.
    pub together: u32,
}

impl Tail {
    /// A tail of contributors with fewer rows than these: 8 others at least, 16 draws, parts of 256.
    #[must_use]
    pub fn below(rows: u32) -> Self {
        Self { below_rows: rows, retrained: 8, draws: 16, draw_seed: 0, together: 256 }
    }

    /// Refuses what makes no sense.
    ///
    /// # Errors
    /// [`TrainError::Recipe`] with the field.
    pub fn check(&self) -> Result<(), TrainError> {
        let counts = [
            ("tail rows", self.below_rows, u32::MAX),
            ("retrained contributors", self.retrained, u32::MAX),
            ("tail draws", self.draws, MAX_DRAWS),
            ("contributors of a tail part", self.together, MAX_TOGETHER),
        ];
        for (field, value, most) in counts {
            if value == 0 || value > most {
                let expected = format!("from 1 to {most}");
                return Err(TrainError::Recipe { field, value: value.to_string(), expected });
            }
        }
        Ok(())
    }

    /// The clusters of the tail, ascending, given how many rows of each contributor are trained on. Of equally large
    /// contributors the earlier one is retrained.
    #[must_use]
    pub fn clusters(&self, rows: &[usize]) -> Vec<u32> {
        let wide = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by_key(|&cluster| (std::cmp::Reverse(rows.get(cluster)), cluster));
        let small = |cluster: &usize| rows.get(*cluster).is_some_and(|&own| own < wide(self.below_rows));
        let tail = order.into_iter().skip(wide(self.retrained)).filter(small);
        let mut tail: Vec<u32> = tail.filter_map(|cluster| u32::try_from(cluster).ok()).collect();
        tail.sort_unstable();
        tail
    }
}

/// Name of the file with a part's vectors, in the family's folder.
#[must_use]
pub fn tail_file(number: u32) -> String {
    format!("tail-{number}.safetensors")
}

/// A part of a family's tail that is to be differentiated.
#[derive(Debug, Clone, Copy)]
pub struct TailShard<'a> {
    /// Its number, from 0.
    pub number: u32,
    /// Folder that gets its file.
    pub out: &'a Path,
    /// Where it is kept while it is under way; nowhere when absent.
    pub keeping: Option<Keeping<'a>>,
}

/// Differentiates the training by the rows of one part of a family's tail and writes its vectors. Returns the SHA-256 of the file;
/// `None`, with nothing written but what is kept, when the observer stopped it. A part that was kept goes on: the observer
/// sees the steps that were left.
///
/// # Errors
/// As [`tangents`](crate::tangents), [`TrainError::Recipe`] for more contributors of a part than memory is allowed for, and
/// [`TrainError::File`].
pub fn train_tail(
    session: &mut CurvatureSession,
    examples: &Examples,
    family: &FamilyRecipe,
    shard: &TailShard<'_>,
    mut observer: impl FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Option<Hash>, TrainError> {
    let clusters = family.tail_part(shard.number);
    let Some(tail) = family.plan.tail.filter(|_| !clusters.is_empty()) else {
        let (field, value) = ("tail part", shard.number.to_string());
        return Err(TrainError::Recipe { field, value, expected: "a part that the family has".to_owned() });
    };
    let parameters = session.gradients().layout(usize::try_from(family.recipe.rank).unwrap_or(usize::MAX))?.len;
    if clusters.len() > most_groups(parameters) {
        let expected = format!("at most {} for an adapter of {parameters} parameters", most_groups(parameters));
        let value = clusters.len().to_string();
        return Err(TrainError::Recipe { field: "contributors of a tail part", value, expected });
    }
    let places: HashMap<usize, usize> = clusters
        .iter()
        .enumerate()
        .filter_map(|(place, &cluster)| Some((usize::try_from(cluster).ok()?, place)))
        .collect();
    let rows = (0..examples.len()).filter_map(|row| examples.get(row));
    let groups: Vec<Option<usize>> = rows.map(|example| places.get(&example.cluster).copied()).collect();
    // The last group that has rows: whoever has none did nothing.
    let groups_with_rows = groups.iter().flatten().max().map_or(0, |last| last.saturating_add(1));
    let moved = if groups_with_rows == 0 {
        Vec::new()
    } else {
        let threads = usize::try_from(family.threads).unwrap_or(usize::MAX);
        let plan = TangentPlan { groups, draws: tail.draws, draw_seed: tail.draw_seed, threads };
        let kept = shard.keeping.and_then(|keeping| {
            read_progress(keeping.place, &keeping.of, groups_with_rows.saturating_add(1), parameters)
        });
        let mut clock = shard.keeping.map(Clock::start);
        let states = unroll(session, examples, &family.recipe, &plan, kept, |progress, states| {
            let goes_on = observer(progress);
            if let Some(clock) = clock.as_mut().filter(|_| progress.step < progress.steps) {
                clock.keep(states, goes_on.is_break())?;
            }
            // Whoever stops it after its last step has all of it.
            Ok(if progress.step < progress.steps { goes_on } else { ControlFlow::Continue(()) })
        })?;
        let Some(states) = states else { return Ok(None) };
        states.into_iter().skip(1).map(|moved| moved.parameters).collect()
    };
    let names = clusters.iter().filter_map(|&cluster| family.contributors.get(usize::try_from(cluster).ok()?));
    let zero = vec![0.0; parameters];
    let vectors = moved.iter().chain(std::iter::repeat(&zero));
    let place = shard.out.join(tail_file(shard.number));
    let bytes = tensors(names.zip(vectors)).map_err(|error| TrainError::file(&place, error))?;
    files::folder(shard.out)?;
    files::write(&place, &bytes)?;
    Ok(Some(Sha256::digest(&bytes).into()))
}

/// The file's bytes. One entry of metadata: several would stand in any order.
fn tensors<'v>(vectors: impl Iterator<Item = (&'v String, &'v Vec<f32>)>) -> Result<Vec<u8>, String> {
    let stored: Vec<(String, usize, Vec<u8>)> = vectors
        .map(|(name, vector)| {
            let bytes = vector.iter().flat_map(|value| value.to_le_bytes()).collect();
            (format!("tangent/{name}"), vector.len(), bytes)
        })
        .collect();
    let views: Result<Vec<_>, _> = stored
        .iter()
        .map(|(name, length, bytes)| Ok((name.as_str(), TensorView::new(Dtype::F32, vec![*length], bytes)?)))
        .collect();
    let metadata = HashMap::from([("format".to_owned(), FORMAT.to_owned())]);
    views
        .and_then(|views| safetensors::serialize(views, Some(metadata)))
        .map_err(|error: safetensors::SafeTensorError| format!("{error:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_contributors_are_the_tail_and_the_largest_never_are() {
        let rows = [5, 0, 9, 3, 5, 4];
        let tail = |below, retrained| Tail { retrained, ..Tail::below(below) }.clusters(&rows);
        assert_eq!(tail(5, 1), [1, 3, 5]);
        assert_eq!(tail(6, 1), [0, 1, 3, 4, 5]);
        assert_eq!(tail(6, 2), [1, 3, 4, 5], "of equal ones the earlier is retrained");
        assert_eq!(tail(100, 1), [0, 1, 3, 4, 5], "somebody is always retrained");
        assert_eq!(tail(100, 8), [0; 0]);
        assert_eq!(tail(1, 1), [1]);
    }

    #[test]
    fn nonsense_is_named() {
        Tail::below(3).check().unwrap();
        let wrong = [
            Tail::below(0),
            Tail { retrained: 0, ..Tail::below(3) },
            Tail { draws: 0, ..Tail::below(3) },
            Tail { draws: 257, ..Tail::below(3) },
            Tail { together: 0, ..Tail::below(3) },
            Tail { together: 4097, ..Tail::below(3) },
        ];
        for tail in wrong {
            assert_eq!(tail.check().unwrap_err().code(), "TRAIN_RECIPE_INVALID", "{tail:?}");
        }
    }
}
