//! Asking for a family: its jobs into the queue, how they stand, and what came of them.

use std::{fs, path::Path};

use openledger_attribution::index::INDEX_FILE;
use openledger_trainer::{FAMILY_FILE, FamilyRecipe};

use crate::{
    Job, JobsError, Places, Queue, Results, State,
    perform::{copy, copy_folder},
};

/// A family that is asked for.
#[derive(Debug, Clone)]
pub struct Ask {
    queue: Queue,
    results: Results,
    parts: Vec<Job>,
    index: Job,
}

/// How a family stands.
#[derive(Debug, Default)]
pub struct Standing {
    /// Its parts.
    pub parts: usize,
    /// Parts with a result.
    pub made: usize,
    /// Jobs that a worker has.
    pub running: usize,
    /// Whether it is put together and has its index.
    pub whole: bool,
    /// The first job that was given up.
    pub failed: Option<JobsError>,
}

impl Ask {
    /// A family over a queue and the folder of its results.
    ///
    /// # Errors
    /// [`JobsError::Train`] for a family that makes no sense.
    pub fn new(queue: Queue, results: Results, family: &FamilyRecipe, places: &Places) -> Result<Self, JobsError> {
        let parts = Job::parts(family, places)?;
        Ok(Self { queue, results, parts, index: Job::index(family, places) })
    }

    /// The ask that a job belongs to.
    pub(crate) fn of(queue: Queue, results: Results, job: &Job) -> Result<Self, JobsError> {
        Self::new(queue, results, &job.family, &job.places)
    }

    /// Puts every job into the queue that has no result and is not there, those that were given up anew. Returns how many came
    /// in: none when the family was asked for before and is under way.
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
        if missing.is_empty() { vec![&self.index] } else { missing }
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

    /// Whether the family is put together.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.results.has(&self.index.id())
    }

    /// How it stands.
    ///
    /// # Errors
    /// [`JobsError::Queue`].
    pub async fn standing(&self) -> Result<Standing, JobsError> {
        let mut standing = Standing { parts: self.parts.len(), whole: self.is_whole(), ..Standing::default() };
        let ids: Vec<_> = self.parts.iter().chain([&self.index]).map(Job::id).collect();
        let states = self.queue.standing(&ids).await?;
        standing.made = self.parts.iter().filter(|job| self.results.has(&job.id())).count();
        for job in self.parts.iter().chain([&self.index]) {
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

    /// Copies a family that is whole into a folder, `adapters.json` last. Returns false while it is not.
    ///
    /// # Errors
    /// [`JobsError::File`].
    pub fn take(&self, out: &Path) -> Result<bool, JobsError> {
        let Some(made) = self.results.read(&self.index.id())? else { return Ok(false) };
        fs::create_dir_all(out).map_err(|error| JobsError::file(out, error))?;
        for (name, _) in &made.contents.adapters {
            copy_folder(&made.folder.join(name), &out.join(name))?;
        }
        let vectors = made.contents.vectors.iter().map(|(name, _)| name.as_str());
        for file in vectors.chain([INDEX_FILE, FAMILY_FILE]) {
            copy(&made.folder.join(file), &out.join(file))?;
        }
        Ok(true)
    }
}
