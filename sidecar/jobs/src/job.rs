//! What a worker is asked to do, and what it is known by.

use std::path::PathBuf;

use openledger_attribution::index::{self, DEFAULT_DIMENSIONS};
use openledger_protocol::{Hash, digest::tagged};
use openledger_trainer::{FamilyRecipe, FamilyVariant, Rows, TrainError, shards};
use serde::{Deserialize, Serialize};

use crate::JobsError;

/// Form of a ticket.
const VERSION: u32 = 1;

/// What of a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The adapters of one part, numbered from 0 in the family's order.
    Shard(u32),
    /// All parts put together, with the index.
    Index,
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

/// A job.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// The family.
    pub family: FamilyRecipe,
    /// What of it.
    pub part: Part,
    /// Where base and rows lie.
    pub places: Places,
}

impl Job {
    /// Digest of everything that decides the result: `tagged("training-shard", family || number)` or
    /// `tagged("training-index", family || dimensions || version)`, with the family's digest and 4 bytes each, big-endian; the version
    /// is that of the index.
    #[must_use]
    pub fn id(&self) -> Hash {
        let family = self.family.digest();
        match self.part {
            Part::Shard(number) => tagged("training-shard", &[&family[..], &number.to_be_bytes()].concat()),
            Part::Index => {
                let dimensions = u32::try_from(DEFAULT_DIMENSIONS).unwrap_or(u32::MAX);
                tagged(
                    "training-index",
                    &[&family[..], &dimensions.to_be_bytes(), &index::VERSION.to_be_bytes()].concat(),
                )
            }
        }
    }

    /// The jobs of a family's parts, in its order.
    ///
    /// # Errors
    /// As [`FamilyRecipe::variants`].
    pub fn shards(family: &FamilyRecipe, places: &Places) -> Result<Vec<Self>, TrainError> {
        let parts = u32::try_from(shards(&family.recipe, &family.variants()?).len()).unwrap_or(u32::MAX);
        let one = |number| Self { family: family.clone(), part: Part::Shard(number), places: places.clone() };
        Ok((0..parts).map(one).collect())
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
        let family = hex::encode(self.family.digest());
        let short = family.get(..12).unwrap_or_default();
        match self.part {
            Part::Shard(number) => format!("part {number} of family {short}"),
            Part::Index => format!("index of family {short}"),
        }
    }
}

/// A job as the queue carries it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ticket {
    version: u32,
    /// The family's message in hex.
    family: String,
    /// Number of the part; absent for the assembly.
    shard: Option<u32>,
    model: PathBuf,
    datanet: Option<PathBuf>,
    rows: Option<PathBuf>,
}

impl From<&Job> for Ticket {
    fn from(job: &Job) -> Self {
        let (datanet, rows) = match &job.places.rows {
            Rows::Datanet(folder) => (Some(folder.clone()), None),
            Rows::File(file) => (None, Some(file.clone())),
        };
        let shard = match job.part {
            Part::Shard(number) => Some(number),
            Part::Index => None,
        };
        let family = hex::encode(job.family.to_bytes());
        Self { version: VERSION, family, shard, model: job.places.model.clone(), datanet, rows }
    }
}

impl TryFrom<Ticket> for Job {
    type Error = JobsError;

    fn try_from(ticket: Ticket) -> Result<Self, JobsError> {
        if ticket.version != VERSION {
            let reason = format!("its form is {}, not {VERSION}; use one version of openledger", ticket.version);
            return Err(JobsError::content(reason));
        }
        let bytes = hex::decode(&ticket.family).map_err(JobsError::content)?;
        let rows = match (ticket.datanet, ticket.rows) {
            (Some(folder), None) => Rows::Datanet(folder),
            (None, Some(file)) => Rows::File(file),
            _ => return Err(JobsError::content("it names no rows, or two places of them")),
        };
        let family = FamilyRecipe::from_bytes(&bytes)?;
        let part = ticket.shard.map_or(Part::Index, Part::Shard);
        let job = Self { family, part, places: Places { model: ticket.model, rows } };
        if let Part::Shard(number) = part
            && job.variants(number)?.is_empty()
        {
            return Err(JobsError::content(format!("its family has no part {number}")));
        }
        Ok(job)
    }
}

#[cfg(test)]
mod tests {
    use openledger_trainer::{FamilyPlan, Recipe, Weights};

    use super::*;

    fn family() -> FamilyRecipe {
        FamilyRecipe {
            recipe: Recipe { batch_rows: 8, run_rows: 16, ..Recipe::default() },
            plan: FamilyPlan {
                datanet: "wordnet".to_owned(),
                placebo_seeds: vec![101, 102],
                weights: Weights::Float32,
                base: "model".to_owned(),
            },
            base_digest: [1; 32],
            tokenizer_digest: [2; 32],
            dataset_root: [3; 32],
            contributors: vec!["animal".to_owned(), "body".to_owned()],
            threads: 1,
        }
    }

    fn places() -> Places {
        Places { model: "/shared/model".into(), rows: Rows::Datanet("/shared/rows".into()) }
    }

    #[test]
    fn a_family_falls_into_parts_that_share_runs() {
        let jobs = Job::shards(&family(), &places()).unwrap();
        let names: Vec<Vec<String>> = (0..)
            .zip(&jobs)
            .map(|(number, job)| job.variants(number).unwrap().into_iter().map(|variant| variant.name).collect())
            .collect();
        assert_eq!(names, [vec!["full", "without-animal"], vec!["without-body", "placebo-1"], vec!["placebo-2"]]);
    }

    #[test]
    fn a_ticket_is_its_job_and_places_are_no_part_of_the_id() {
        let mut ids = std::collections::HashSet::new();
        let jobs = Job::shards(&family(), &places()).unwrap();
        for job in jobs.into_iter().chain([Job::index(&family(), &places())]) {
            let text = serde_json::to_string(&Ticket::from(&job)).unwrap();
            let read = Job::try_from(serde_json::from_str::<Ticket>(&text).unwrap()).unwrap();
            assert_eq!(read, job);
            let elsewhere = Places { model: "/other".into(), rows: Rows::File("/rows.jsonl".into()) };
            assert_eq!(Job { places: elsewhere, ..job.clone() }.id(), job.id());
            assert!(ids.insert(job.id()));
            let longer = FamilyRecipe { recipe: Recipe { epochs: 9, ..family().recipe }, ..family() };
            assert!(ids.insert(Job { family: longer, ..job }.id()));
        }
    }

    #[test]
    fn a_ticket_that_is_no_job_is_refused() {
        let good = Ticket::from(&Job::index(&family(), &places()));
        for ticket in [
            Ticket { version: 2, ..good.clone() },
            Ticket { family: "zz".to_owned(), ..good.clone() },
            Ticket { shard: Some(3), ..good.clone() },
            Ticket { rows: Some("/rows.jsonl".into()), ..good.clone() },
            Ticket { datanet: None, ..good.clone() },
        ] {
            assert_eq!(Job::try_from(ticket).unwrap_err().code(), "JOBS_CONTENT_INVALID");
        }
        assert!(Job::try_from(Ticket { family: "00".to_owned(), ..good }).unwrap_err().is_final());
    }
}
