//! Asking for a family or an audit: the jobs into the queue, how they stand, and what came of them.

use std::{fs, path::Path};

use openledger_attribution::index::INDEX_FILE;
use openledger_trainer::{FAMILY_FILE, FamilyRecipe, RECIPE_FILE};

use crate::{
    AuditJob, Job, JobsError, Places, Queue, Results, State, TrainingJob,
    perform::{copy, copy_folder},
};

/// A family or an audit that is asked for.
#[derive(Debug, Clone)]
pub struct Ask {
    queue: Queue,
    results: Results,
    parts: Vec<Job>,
    /// What puts the parts together when all are there; parts of an audit stay as they are.
    assembly: Option<Job>,
}

/// How what was asked for stands.
#[derive(Debug, Default)]
pub struct Standing {
    /// Its parts.
    pub parts: usize,
    /// Parts with a result.
    pub made: usize,
    /// Jobs that a worker has.
    pub running: usize,
    /// Whether all parts are there, and put together where something does.
    pub whole: bool,
    /// The first job that was given up.
    pub failed: Option<JobsError>,
}

impl Ask {
    /// A family over a queue and the folder of its results.
    ///
    /// # Errors
    /// [`JobsError::Train`] for a family that makes no sense.
    pub fn family(queue: Queue, results: Results, family: &FamilyRecipe, places: &Places) -> Result<Self, JobsError> {
        let parts = TrainingJob::parts(family, places)?.into_iter().map(Job::from).collect();
        Ok(Self { queue, results, parts, assembly: Some(TrainingJob::index(family, places).into()) })
    }

    /// An audit over a queue and the folder of its results.
    #[must_use]
    pub fn audit(queue: Queue, results: Results, parts: &[AuditJob]) -> Self {
        let parts = parts.iter().cloned().map(Job::from).collect();
        Self { queue, results, parts, assembly: None }
    }

    /// Puts every job into the queue that has no result and is not there, those that were given up anew. Returns how many came
    /// in: none when the same was asked for before and is under way.
    ///
    /// # Errors
    /// [`JobsError::Queue`].
    pub async fn enqueue(&self) -> Result<usize, JobsError> {
        let mut came = 0;
        for job in self.wanted() {
            came += usize::from(self.put(job, true).await?);
        }
        Ok(came)
    }

    /// Puts jobs back whose worker said that they are done, while the result is gone; and the assembly when all parts are there.
    ///
    /// # Errors
    /// [`JobsError::Queue`].
    pub async fn mend(&self) -> Result<(), JobsError> {
        for job in self.wanted() {
            self.put(job, false).await?;
        }
        Ok(())
    }

    /// The jobs that can be done now and are not.
    fn wanted(&self) -> Vec<&Job> {
        if self.is_whole() {
            return Vec::new();
        }
        let missing: Vec<&Job> = self.parts.iter().filter(|job| !self.results.has(&job.id())).collect();
        if missing.is_empty() { self.assembly.iter().collect() } else { missing }
    }

    async fn put(&self, job: &Job, failed_too: bool) -> Result<bool, JobsError> {
        let id = job.id();
        match self.queue.standing(&[id]).await?.remove(&id) {
            None => {}
            Some(State::Done) => drop(self.queue.forget(&id).await?),
            Some(State::Failed { .. }) if failed_too => drop(self.queue.forget(&id).await?),
            Some(_) => return Ok(false),
        }
        self.queue.push(job).await
    }

    /// Whether all parts are there, and put together where something does.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        match &self.assembly {
            Some(assembly) => self.results.has(&assembly.id()),
            None => self.parts.iter().all(|job| self.results.has(&job.id())),
        }
    }

    /// How it stands.
    ///
    /// # Errors
    /// [`JobsError::Queue`].
    pub async fn standing(&self) -> Result<Standing, JobsError> {
        let mut standing = Standing { parts: self.parts.len(), whole: self.is_whole(), ..Standing::default() };
        let ids: Vec<_> = self.parts.iter().chain(&self.assembly).map(Job::id).collect();
        let states = self.queue.standing(&ids).await?;
        standing.made = self.parts.iter().filter(|job| self.results.has(&job.id())).count();
        for job in self.parts.iter().chain(&self.assembly) {
            let id = job.id();
            match states.get(&id) {
                Some(State::Running) => standing.running += 1,
                Some(State::Failed { attempts, reason }) if !self.results.has(&id) => {
                    let (id, attempts, reason) = (hex::encode(id), *attempts, reason.clone());
                    standing.failed.get_or_insert(JobsError::GivenUp { id, attempts, reason });
                }
                _ => {}
            }
        }
        Ok(standing)
    }

    /// Copies a family that is whole into a folder, `adapters.json` last. Returns false while it is not, and for an audit, whose parts
    /// are read where they lie ([`gather`](crate::gather)).
    ///
    /// # Errors
    /// [`JobsError::File`].
    pub fn take(&self, out: &Path) -> Result<bool, JobsError> {
        let Some(assembly) = &self.assembly else { return Ok(false) };
        let Some(made) = self.results.read(&assembly.id())? else { return Ok(false) };
        fs::create_dir_all(out).map_err(|error| JobsError::file(out, error))?;
        for (name, _) in &made.contents.adapters {
            copy_folder(&made.folder.join(name), &out.join(name))?;
        }
        let vectors = made.contents.vectors.iter().map(|(name, _)| name.as_str());
        for file in vectors.chain([RECIPE_FILE, INDEX_FILE, FAMILY_FILE]) {
            copy(&made.folder.join(file), &out.join(file))?;
        }
        Ok(true)
    }
}
