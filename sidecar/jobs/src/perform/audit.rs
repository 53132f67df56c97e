//! Doing a job of an audit: some answers measured.

use std::ops::ControlFlow;

use openledger_attribution::Family;

use super::{Bench, Loaded, unloaded};
use crate::{
    AuditEngine, AuditJob, Auditor, Contents, JobsError, Made, Progress,
    audit::{answers_digest, write_measurements},
};

impl Bench {
    /// Measures the answers of a part.
    pub(super) fn audit(
        &mut self,
        job: &AuditJob,
        observer: impl FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<Made, JobsError> {
        let (id, results) = (job.id(), self.results.clone());
        let auditor = self.auditor(job)?;
        let unfinished = results.begin(&id)?;
        let (first, count) = (place(job.first), place(job.count));
        let differs = |what| JobsError::Differs { what, path: job.places.answers.clone() };
        let answers = auditor.engine().answers_on(&job.places.answers, first..first.saturating_add(count));
        let answers = answers.map_err(|error| match error {
            JobsError::Answer { .. } => differs("the list of answers"),
            other => other,
        })?;
        // Tokens of texts come from the tokenizer, which is no part of the base's digest.
        if answers_digest(&answers) != job.answers {
            return Err(differs("the list of answers, or the tokenizer that reads it,"));
        }
        let measurements = auditor.measure(&answers, observer)?;
        let measurements = Some(write_measurements(unfinished.path(), measurements)?);
        results.keep(unfinished, &id, Contents { measurements, ..Contents::default() })
    }

    /// Loads base and family of a job, and compares them with what it was asked for.
    fn auditor(&mut self, job: &AuditJob) -> Result<&Auditor, JobsError> {
        let known = matches!(&self.loaded, Loaded::Audit(instrument, _) if *instrument == job.instrument);
        if !known {
            // What is not needed any more must not be in memory beside what is.
            self.loaded = Loaded::Nothing;
            let differs = |what, path: &std::path::Path| JobsError::Differs { what, path: path.to_owned() };
            let places = &job.places;
            let family = Family::read(&places.family)?;
            if family.digest() != job.instrument.family {
                return Err(differs("the family", &places.family));
            }
            family.check_whole()?;
            if family.settings_digest()? != job.instrument.settings {
                return Err(differs("an adapter's configuration", &places.family));
            }
            let engine = AuditEngine::start(&places.model, job.instrument.threads, self.ort_library.clone())?;
            if engine.instrument(&family)? != job.instrument {
                return Err(differs("the base model", &places.model));
            }
            self.loaded = Loaded::Audit(job.instrument, Box::new(engine.with(family)?));
        }
        match &self.loaded {
            Loaded::Audit(_, auditor) => Ok(auditor),
            _ => Err(unloaded()),
        }
    }
}

fn place(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
