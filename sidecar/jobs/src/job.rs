//! What a worker is asked to do, and what it is known by.

use std::path::PathBuf;

use openledger_attribution::index::{self, DEFAULT_DIMENSIONS};
use openledger_protocol::{Hash, digest::tagged};
use openledger_trainer::{FamilyRecipe, FamilyVariant, Rows, TrainError, shards};
use serde::{Deserialize, Serialize};

use crate::JobsError;

/// Form of a ticket. The second one has parts of tails.
const VERSION: u32 = 2;

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
        let family = hex::encode(self.family.digest());
        let short = family.get(..12).unwrap_or_default();
        format!("{} of family {short}", self.part)
    }
}

/// A job as the queue carries it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ticket {
    version: u32,
    /// The family's message in hex.
    family: String,
    /// Number of the part; absent for the assembly and the tail.
    shard: Option<u32>,
    /// Number of the part of the tail; absent for all others.
    tangents: Option<u32>,
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
        let (shard, tangents) = match job.part {
            Part::Shard(number) => (Some(number), None),
            Part::Tangents(number) => (None, Some(number)),
            Part::Index => (None, None),
        };
        let family = hex::encode(job.family.to_bytes());
        Self { version: VERSION, family, shard, tangents, model: job.places.model.clone(), datanet, rows }
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
        let part = match (ticket.shard, ticket.tangents) {
            (None, None) => Part::Index,
            (Some(number), None) => Part::Shard(number),
            (None, Some(number)) => Part::Tangents(number),
            (Some(_), Some(_)) => return Err(JobsError::content("it names two parts")),
        };
        let job = Self { family, part, places: Places { model: ticket.model, rows } };
        let known = match part {
            Part::Shard(number) => !job.variants(number)?.is_empty(),
            Part::Tangents(number) => !job.family.tail_part(number).is_empty(),
            Part::Index => true,
        };
        if known { Ok(job) } else { Err(JobsError::content(format!("its family has no {part}"))) }
    }
}

#[cfg(test)]
mod tests {
    use openledger_trainer::{FamilyPlan, Recipe, Tail, Weights};

    use super::*;

    fn family() -> FamilyRecipe {
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
    fn tailed() -> FamilyRecipe {
        let plan = FamilyPlan { tail: Some(Tail { together: 2, ..Tail::below(9) }), ..family().plan };
        let contributors = ["ann", "bob", "cid", "dot"].map(str::to_owned).to_vec();
        FamilyRecipe { plan, contributors, tail: vec![0, 1, 3], ..family() }
    }

    fn places() -> Places {
        Places { model: "/shared/model".into(), rows: Rows::Datanet("/shared/rows".into()) }
    }

    #[test]
    fn a_family_falls_into_parts_that_share_runs() {
        let jobs = Job::parts(&family(), &places()).unwrap();
        let names: Vec<Vec<String>> = (0..)
            .zip(&jobs)
            .map(|(number, job)| job.variants(number).unwrap().into_iter().map(|variant| variant.name).collect())
            .collect();
        assert_eq!(names, [vec!["full", "without-animal"], vec!["without-body", "placebo-1"], vec!["placebo-2"]]);
        let parts: Vec<Part> = Job::parts(&tailed(), &places()).unwrap().iter().map(|job| job.part).collect();
        assert_eq!(parts, [Part::Shard(0), Part::Shard(1), Part::Tangents(0), Part::Tangents(1)]);
    }

    #[test]
    fn a_ticket_is_its_job_and_places_are_no_part_of_the_id() {
        let mut ids = std::collections::HashSet::new();
        let jobs = [family(), tailed()].map(|family| {
            let parts = Job::parts(&family, &places()).unwrap();
            parts.into_iter().chain([Job::index(&family, &places())]).collect::<Vec<Job>>()
        });
        for job in jobs.concat() {
            let text = serde_json::to_string(&Ticket::from(&job)).unwrap();
            let read = Job::try_from(serde_json::from_str::<Ticket>(&text).unwrap()).unwrap();
            assert_eq!(read, job);
            let elsewhere = Places { model: "/other".into(), rows: Rows::File("/rows.jsonl".into()) };
            assert_eq!(Job { places: elsewhere, ..job.clone() }.id(), job.id());
            assert!(ids.insert(job.id()));
            let longer = FamilyRecipe { recipe: Recipe { epochs: 9, ..family().recipe }, ..job.family.clone() };
            assert!(ids.insert(Job { family: longer, ..job }.id()));
        }
    }

    #[test]
    fn a_ticket_that_is_no_job_is_refused() {
        let good = Ticket::from(&Job::index(&family(), &places()));
        for ticket in [
            Ticket { version: 1, ..good.clone() },
            Ticket { family: "zz".to_owned(), ..good.clone() },
            Ticket { shard: Some(3), ..good.clone() },
            Ticket { tangents: Some(0), ..good.clone() },
            Ticket { shard: Some(0), tangents: Some(0), ..Ticket::from(&Job::index(&tailed(), &places())) },
            Ticket { tangents: Some(2), ..Ticket::from(&Job::index(&tailed(), &places())) },
            Ticket { rows: Some("/rows.jsonl".into()), ..good.clone() },
            Ticket { datanet: None, ..good.clone() },
        ] {
            assert_eq!(Job::try_from(ticket).unwrap_err().code(), "JOBS_CONTENT_INVALID");
        }
        assert!(Job::try_from(Ticket { family: "00".to_owned(), ..good }).unwrap_err().is_final());
    }
}
