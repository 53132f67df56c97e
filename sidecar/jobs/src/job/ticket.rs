//! Jobs as the queue carries them.

use std::path::PathBuf;

use openledger_protocol::Hash;
use openledger_trainer::{FamilyRecipe, Rows};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{AuditJob, AuditPlaces, Instrument, Job, PART_ANSWERS, Part, Places, TrainingJob};
use crate::JobsError;

/// Form of a ticket. The second one has parts of tails, the third one audits.
const VERSION: u32 = 3;

/// A job as the queue carries it. The version is read before the rest, so a ticket of another form is refused by its number,
/// whatever it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ticket {
    version: u32,
    #[serde(default)]
    work: Value,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Work {
    Training(Training),
    Audit(Audit),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Training {
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

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Audit {
    /// Digests in hex.
    family: String,
    settings: String,
    base: String,
    threads: u32,
    /// Digest of the part's answers in hex.
    answers: String,
    first: u32,
    count: u32,
    model_folder: PathBuf,
    family_folder: PathBuf,
    answers_file: PathBuf,
}

impl TryFrom<&Job> for Ticket {
    type Error = JobsError;

    /// Fails for a path that is no text.
    fn try_from(job: &Job) -> Result<Self, JobsError> {
        let work = match job {
            Job::Training(job) => Work::Training(job.as_ref().into()),
            Job::Audit(job) => Work::Audit(job.as_ref().into()),
        };
        let work = serde_json::to_value(work).map_err(JobsError::content)?;
        Ok(Self { version: VERSION, work })
    }
}

impl TryFrom<Ticket> for Job {
    type Error = JobsError;

    fn try_from(ticket: Ticket) -> Result<Self, JobsError> {
        if ticket.version != VERSION {
            let reason = format!("its form is {}, not {VERSION}; use one version of openledger", ticket.version);
            return Err(JobsError::content(reason));
        }
        match serde_json::from_value(ticket.work).map_err(JobsError::content)? {
            Work::Training(training) => TrainingJob::try_from(training).map(Self::from),
            Work::Audit(audit) => AuditJob::try_from(audit).map(Self::from),
        }
    }
}

impl From<&TrainingJob> for Training {
    fn from(job: &TrainingJob) -> Self {
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
        Self { family, shard, tangents, model: job.places.model.clone(), datanet, rows }
    }
}

impl TryFrom<Training> for TrainingJob {
    type Error = JobsError;

    fn try_from(training: Training) -> Result<Self, JobsError> {
        let bytes = hex::decode(&training.family).map_err(JobsError::content)?;
        let rows = match (training.datanet, training.rows) {
            (Some(folder), None) => Rows::Datanet(folder),
            (None, Some(file)) => Rows::File(file),
            _ => return Err(JobsError::content("it names no rows, or two places of them")),
        };
        let family = FamilyRecipe::from_bytes(&bytes)?;
        let part = match (training.shard, training.tangents) {
            (None, None) => Part::Index,
            (Some(number), None) => Part::Shard(number),
            (None, Some(number)) => Part::Tangents(number),
            (Some(_), Some(_)) => return Err(JobsError::content("it names two parts")),
        };
        let job = Self { family, part, places: Places { model: training.model, rows } };
        let known = match part {
            Part::Shard(number) => !job.variants(number)?.is_empty(),
            Part::Tangents(number) => !job.family.tail_part(number).is_empty(),
            Part::Index => true,
        };
        if known { Ok(job) } else { Err(JobsError::content(format!("its family has no {part}"))) }
    }
}

impl From<&AuditJob> for Audit {
    fn from(job: &AuditJob) -> Self {
        let Instrument { family, settings, base, threads } = job.instrument;
        let AuditPlaces { model, family: folder, answers } = job.places.clone();
        Self {
            family: hex::encode(family),
            settings: hex::encode(settings),
            base: hex::encode(base),
            threads,
            answers: hex::encode(job.answers),
            first: job.first,
            count: job.count,
            model_folder: model,
            family_folder: folder,
            answers_file: answers,
        }
    }
}

impl TryFrom<Audit> for AuditJob {
    type Error = JobsError;

    fn try_from(audit: Audit) -> Result<Self, JobsError> {
        let count = usize::try_from(audit.count).unwrap_or(usize::MAX);
        if !(1..=PART_ANSWERS).contains(&count) {
            return Err(JobsError::content(format!("it has {count} answers, not 1 to {PART_ANSWERS}")));
        }
        Ok(Self {
            instrument: Instrument {
                family: digest(&audit.family)?,
                settings: digest(&audit.settings)?,
                base: digest(&audit.base)?,
                threads: audit.threads,
            },
            answers: digest(&audit.answers)?,
            first: audit.first,
            count: audit.count,
            places: AuditPlaces { model: audit.model_folder, family: audit.family_folder, answers: audit.answers_file },
        })
    }
}

fn digest(digits: &str) -> Result<Hash, JobsError> {
    let mut digest = [0; 32];
    hex::decode_to_slice(digits, &mut digest).map_err(JobsError::content)?;
    Ok(digest)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use openledger_trainer::Recipe;
    use serde_json::json;

    use super::{
        super::{audit::tests as audits, training::tests as trainings},
        *,
    };

    /// Through the text that the queue stores.
    fn carried(job: &Job) -> Result<Job, JobsError> {
        let text = serde_json::to_string(&Ticket::try_from(job).unwrap()).unwrap();
        Job::try_from(serde_json::from_str::<Ticket>(&text).unwrap())
    }

    #[test]
    fn a_ticket_is_its_job_and_places_are_no_part_of_the_id() {
        let mut ids = HashSet::new();
        for family in [trainings::family(), trainings::tailed()] {
            let parts = TrainingJob::parts(&family, &trainings::places()).unwrap();
            for job in parts.into_iter().chain([TrainingJob::index(&family, &trainings::places())]) {
                assert_eq!(carried(&job.clone().into()).unwrap(), Job::from(job.clone()));
                let elsewhere = Places { model: "/other".into(), rows: Rows::File("/rows.jsonl".into()) };
                assert_eq!(TrainingJob { places: elsewhere, ..job.clone() }.id(), job.id());
                assert!(ids.insert(job.id()));
                let longer =
                    FamilyRecipe { recipe: Recipe { epochs: 9, ..family.recipe.clone() }, ..job.family.clone() };
                assert!(ids.insert(TrainingJob { family: longer, ..job }.id()));
            }
        }
        for job in audits::parts() {
            assert_eq!(carried(&job.clone().into()).unwrap(), Job::from(job.clone()));
            assert!(ids.insert(job.id()));
        }
    }

    #[test]
    fn a_ticket_that_is_no_job_is_refused() {
        let refused = |version: u32, work: Value| {
            let error = Job::try_from(Ticket { version, work }).unwrap_err();
            assert_eq!(error.code(), "JOBS_CONTENT_INVALID");
            assert!(error.is_final());
        };
        let work = |job: Job| Ticket::try_from(&job).unwrap().work;
        let index = work(TrainingJob::index(&trainings::family(), &trainings::places()).into());
        let tailed = work(TrainingJob::index(&trainings::tailed(), &trainings::places()).into());
        let audit = work(audits::parts().remove(0).into());
        let with = |work: &Value, kind: &str, fields: &[(&str, Value)]| {
            let mut work = work.clone();
            for (name, value) in fields {
                work[kind][*name] = value.clone();
            }
            work
        };
        refused(VERSION - 1, index.clone());
        refused(VERSION, Value::Null);
        refused(VERSION, json!({ "other": {} }));
        for fields in [
            &[("family", json!("zz"))][..],
            &[("shard", json!(3))],
            &[("tangents", json!(0))],
            &[("rows", json!("/rows.jsonl"))],
            &[("datanet", json!(null))],
            &[("more", json!(1))],
        ] {
            refused(VERSION, with(&index, "training", fields));
        }
        refused(VERSION, with(&tailed, "training", &[("shard", json!(0)), ("tangents", json!(0))]));
        refused(VERSION, with(&tailed, "training", &[("tangents", json!(2))]));
        for field in ["family", "settings", "base", "answers"] {
            refused(VERSION, with(&audit, "audit", &[(field, json!("00"))]));
        }
        for (field, value) in [("count", json!(0)), ("count", json!(PART_ANSWERS + 1)), ("first", json!(-1))] {
            refused(VERSION, with(&audit, "audit", &[(field, value)]));
        }
        let broken = with(&index, "training", &[("family", json!("00"))]);
        assert!(Job::try_from(Ticket { version: VERSION, work: broken }).unwrap_err().is_final());
        // Of the form before: it has no work, and is read all the same.
        let old: Ticket = serde_json::from_value(json!({ "version": 2, "family": "00", "model": "/m" })).unwrap();
        assert!(Job::try_from(old).unwrap_err().to_string().contains("its form is 2"));
    }
}
