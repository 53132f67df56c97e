//! Families that are trained in parts.

use std::path::PathBuf;

use openledger_attribution::index::{self, DEFAULT_DIMENSIONS};
use openledger_protocol::{Hash, digest::tagged};
use openledger_trainer::{FamilyRecipe, FamilyVariant, Rows, TrainError, shards};

use super::short;

/// What of a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The adapters of one part, numbered from 0 in the family's order.
    Shard(u32),
    /// The tangents of one part of the tail, numbered from 0 likewise.
    Tangents(u32),
    /// All parts put together, with the index.
    Index,
}

impl std::fmt::Display for Part {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Shard(number) => write!(to, "part {number}"),
            Self::Tangents(number) => write!(to, "part {number} of the tail"),
            Self::Index => write!(to, "index"),
        }
    }
}

/// Where base and rows lie: the same on every host, in folders that all of them see. They are no part of a job's id; a worker checks
/// what lies there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// Folder of the base.
    pub model: PathBuf,
    /// The rows.
    pub rows: Rows,
}

/// A part of a family, or its assembly.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingJob {
    /// The family.
    pub family: FamilyRecipe,
    /// What of it.
    pub part: Part,
    /// Where base and rows lie.
    pub places: Places,
}

impl TrainingJob {
    /// Digest of everything that decides the result: `tagged("training-shard", family || number)`,
    /// `tagged("training-tangents", family || number)` or `tagged("training-index", family || dimensions || version)`, with the
    /// family's digest and 4 bytes each, big-endian; the version is that of the index.
    #[must_use]
    pub fn id(&self) -> Hash {
        let family = self.family.digest();
        let numbered = |kind, number: u32| tagged(kind, &[&family[..], &number.to_be_bytes()].concat());
        match self.part {
            Part::Shard(number) => numbered("training-shard", number),
            Part::Tangents(number) => numbered("training-tangents", number),
            Part::Index => {
                let dimensions = u32::try_from(DEFAULT_DIMENSIONS).unwrap_or(u32::MAX);
                let what = [&family[..], &dimensions.to_be_bytes(), &index::VERSION.to_be_bytes()];
                tagged("training-index", &what.concat())
            }
        }
    }

    /// The jobs of a family's parts, in its order: adapters, then the tail.
    ///
    /// # Errors
    /// As [`FamilyRecipe::variants`].
    pub fn parts(family: &FamilyRecipe, places: &Places) -> Result<Vec<Self>, TrainError> {
        let count = |parts: usize| 0..u32::try_from(parts).unwrap_or(u32::MAX);
        let adapters = count(shards(&family.recipe, &family.variants()?).len()).map(Part::Shard);
        let tail = count(family.tail_parts().len()).map(Part::Tangents);
        let one = |part| Self { family: family.clone(), part, places: places.clone() };
        Ok(adapters.chain(tail).map(one).collect())
    }

    /// The job that puts a family together.
    #[must_use]
    pub fn index(family: &FamilyRecipe, places: &Places) -> Self {
        Self { family: family.clone(), part: Part::Index, places: places.clone() }
    }

    /// The adapters of a part; none for a part that the family has not.
    ///
    /// # Errors
    /// As [`FamilyRecipe::variants`].
    pub fn variants(&self, number: u32) -> Result<Vec<FamilyVariant>, TrainError> {
        let all = self.family.variants()?;
        let number = usize::try_from(number).unwrap_or(usize::MAX);
        Ok(shards(&self.family.recipe, &all).nth(number).unwrap_or_default().to_vec())
    }

    /// For people: which part of which family.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} of family {}", self.part, short(&self.family.digest()))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use openledger_trainer::{FamilyPlan, Recipe, Tail, Weights};

    use super::*;

    pub fn family() -> FamilyRecipe {
        FamilyRecipe {
            recipe: Recipe { batch_rows: 8, run_rows: 16, ..Recipe::default() },
            plan: FamilyPlan {
                datanet: "wordnet".to_owned(),
                placebo_seeds: vec![101, 102],
                weights: Weights::Float32,
                base: "model".to_owned(),
                tail: None,
            },
            base_digest: [1; 32],
            tokenizer_digest: [2; 32],
            dataset_root: [3; 32],
            contributors: vec!["animal".to_owned(), "body".to_owned()],
            tail: Vec::new(),
            threads: 1,
        }
    }

    /// Of four contributors three are the tail, in parts of two.
    pub fn tailed() -> FamilyRecipe {
        let plan = FamilyPlan { tail: Some(Tail { together: 2, ..Tail::below(9) }), ..family().plan };
        let contributors = ["ann", "bob", "cid", "dot"].map(str::to_owned).to_vec();
        FamilyRecipe { plan, contributors, tail: vec![0, 1, 3], ..family() }
    }

    pub fn places() -> Places {
        Places { model: "/shared/model".into(), rows: Rows::Datanet("/shared/rows".into()) }
    }

    #[test]
    fn a_family_falls_into_parts_that_share_runs() {
        let jobs = TrainingJob::parts(&family(), &places()).unwrap();
        let names: Vec<Vec<String>> = (0..)
            .zip(&jobs)
            .map(|(number, job)| job.variants(number).unwrap().into_iter().map(|variant| variant.name).collect())
            .collect();
        assert_eq!(names, [vec!["full", "without-animal"], vec!["without-body", "placebo-1"], vec!["placebo-2"]]);
        let parts: Vec<Part> = TrainingJob::parts(&tailed(), &places()).unwrap().iter().map(|job| job.part).collect();
        assert_eq!(parts, [Part::Shard(0), Part::Shard(1), Part::Tangents(0), Part::Tangents(1)]);
    }
}
