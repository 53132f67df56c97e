//! Doing a job of a training: a part, one of the tail differentiated, or a family put together.

use std::{
    fs,
    ops::ControlFlow,
    path::{Path, PathBuf},
    time::Duration,
};

use openledger_attribution::{
    Family,
    index::{Answer, Calibration, DEFAULT_DIMENSIONS, INDEX_FILE, Index, IndexError, build_calibrated},
};
use openledger_protocol::Hash;
use openledger_trainer::{
    Keeping, Opened, Progress as StepDone, Shard, Source, TailShard, remove_progress, tail_file, train_shard,
    train_tail, write_family_file,
};
use tempfile::TempDir;

use super::{Bench, Loaded, unloaded};
use crate::{Contents, JobsError, Made, Part, Progress, Results, TrainingJob, results::file_digest};

impl Bench {
    /// Trains a part of a family, or puts it together.
    pub(super) fn train(
        &mut self,
        job: &TrainingJob,
        mut observer: impl FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<Made, JobsError> {
        let (results, every) = (self.results.clone(), self.keep_every);
        let opened = self.opened(job)?;
        let observer = |done: &StepDone| observer(&Progress { step: done.step, steps: done.steps });
        match job.part {
            Part::Shard(number) => shard(UnderWay::begin(&results, job, every)?, opened, number, observer),
            Part::Tangents(number) => tangents(UnderWay::begin(&results, job, every)?, opened, number, observer),
            Part::Index => assembly(&results, opened, job),
        }
    }

    /// Loads base and rows of a job, and compares them with what it was asked for.
    fn opened(&mut self, job: &TrainingJob) -> Result<&mut Opened, JobsError> {
        let family = job.family.digest();
        if !matches!(&self.loaded, Loaded::Training(known, _) if *known == family) {
            // What is not needed any more must not be in memory beside what is.
            self.loaded = Loaded::Nothing;
            let source = Source {
                model: job.places.model.clone(),
                rows: job.places.rows.clone(),
                order: job.family.contributors.clone(),
                threads: usize::try_from(job.family.threads).unwrap_or(usize::MAX),
                ort_library: self.ort_library.clone(),
            };
            let opened = source.open(&job.family.recipe)?;
            if let Some(what) = job.family.difference(opened.session.model(), &opened.examples) {
                let path = if what.contains("Datanet") || what.contains("contributors") {
                    job.places.rows.path().to_owned()
                } else {
                    job.places.model.clone()
                };
                return Err(JobsError::Differs { what, path });
            }
            self.loaded = Loaded::Training(family, Box::new(opened));
        }
        match &mut self.loaded {
            Loaded::Training(_, opened) => Ok(opened),
            _ => Err(unloaded()),
        }
    }
}

/// A part under way: the folder in which its result is made, and the states from which it goes on.
struct UnderWay<'a> {
    results: &'a Results,
    job: &'a TrainingJob,
    id: Hash,
    unfinished: TempDir,
    states: PathBuf,
    every: Duration,
}

impl<'a> UnderWay<'a> {
    fn begin(results: &'a Results, job: &'a TrainingJob, every: Duration) -> Result<Self, JobsError> {
        let id = job.id();
        Ok(Self { results, job, id, unfinished: results.begin(&id)?, states: results.under_way(&id), every })
    }

    fn out(&self) -> &Path {
        self.unfinished.path()
    }

    fn keeping(&self) -> Option<Keeping<'_>> {
        Some(Keeping { place: &self.states, of: self.id, every: self.every })
    }

    /// Puts what was made in its place; nobody needs the states any more.
    fn done(self, contents: Contents) -> Result<Made, JobsError> {
        let made = self.results.keep(self.unfinished, &self.id, contents)?;
        remove_progress(&self.states)?;
        Ok(made)
    }
}

/// Trains the adapters of a part.
fn shard(
    part: UnderWay<'_>,
    opened: &mut Opened,
    number: u32,
    observer: impl FnMut(&StepDone) -> ControlFlow<()>,
) -> Result<Made, JobsError> {
    let (family, variants) = (&part.job.family, part.job.variants(number)?);
    let shard = Shard { variants: &variants, out: part.out(), keeping: part.keeping() };
    let (session, examples) = (&mut opened.session, &opened.examples);
    let trained = train_shard(session, examples, &family.recipe, &family.plan, &shard, observer)?;
    let digests = trained.ok_or(JobsError::Stopped)?;
    let adapters = variants.into_iter().map(|variant| variant.name).zip(digests).collect();
    part.done(Contents { adapters, ..Contents::default() })
}

/// Makes the vectors of a part of the tail.
fn tangents(
    part: UnderWay<'_>,
    opened: &mut Opened,
    number: u32,
    observer: impl FnMut(&StepDone) -> ControlFlow<()>,
) -> Result<Made, JobsError> {
    let shard = TailShard { number, out: part.out(), keeping: part.keeping() };
    let mut session = opened.curvature()?;
    let made = train_tail(&mut session, &opened.examples, &part.job.family, &shard, observer)?;
    let vectors = vec![(tail_file(number), made.ok_or(JobsError::Stopped)?)];
    part.done(Contents { vectors, ..Contents::default() })
}

/// Puts the parts of a family together and builds its index.
fn assembly(results: &Results, opened: &mut Opened, job: &TrainingJob) -> Result<Made, JobsError> {
    let (id, family) = (job.id(), &job.family);
    let unfinished = results.begin(&id)?;
    let mut all = Contents::default();
    for part in TrainingJob::parts(family, &job.places)? {
        let made = results.read(&part.id())?.ok_or(JobsError::Missing { part: part.part })?;
        for (name, _) in &made.contents.adapters {
            copy_folder(&made.folder.join(name), &unfinished.path().join(name))?;
        }
        for (name, _) in &made.contents.vectors {
            copy(&made.folder.join(name), &unfinished.path().join(name))?;
        }
        all.adapters.extend(made.contents.adapters);
        all.vectors.extend(made.contents.vectors);
    }
    let digests = |named: &[(String, Hash)]| named.iter().map(|(_, digest)| *digest).collect::<Vec<Hash>>();
    let (adapters, vectors) = (digests(&all.adapters), digests(&all.vectors));
    write_family_file(unfinished.path(), family, &opened.examples, &adapters, &vectors)?;
    index_beside(opened, unfinished.path())?;
    let file = unfinished.path().join(INDEX_FILE);
    all.index = Some(file_digest(&file).map_err(|error| JobsError::file(&file, error))?);
    results.keep(unfinished, &id, all)
}

/// Builds the index of a family beside its `adapters.json`, calibrated on the rows that the family was trained on.
///
/// # Errors
/// [`IndexError`] for adapters that cannot be read or have no index.
pub fn index_beside(opened: &mut Opened, folder: &Path) -> Result<(Family, Index, Calibration), IndexError> {
    let rows = (0..opened.examples.len()).filter_map(|row| opened.examples.get(row));
    let answers: Vec<Answer<'_>> = rows
        .filter_map(|row| row.tokens.split_at_checked(row.prompt_tokens))
        .filter(|(prompt, response)| !prompt.is_empty() && !response.is_empty())
        .map(|(prompt, response)| Answer { prompt, response })
        .collect();
    let (family, index, calibration) = build_calibrated(&mut opened.session, folder, DEFAULT_DIMENSIONS, &answers)?;
    index.write(&folder.join(INDEX_FILE))?;
    Ok((family, index, calibration))
}

/// Copies the files of a folder that has no folders.
pub(crate) fn copy_folder(from: &Path, to: &Path) -> Result<(), JobsError> {
    let fail = |error: std::io::Error| JobsError::file(from, error);
    fs::create_dir_all(to).map_err(|error| JobsError::file(to, error))?;
    for entry in fs::read_dir(from).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

/// Copies a file beside its place and moves it there.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<(), JobsError> {
    let fail = |error: std::io::Error| JobsError::file(to, error);
    let beside = to.with_extension("unfinished");
    fs::copy(from, &beside).map_err(|error| JobsError::file(from, error))?;
    fs::File::open(&beside).and_then(|file| file.sync_all()).map_err(fail)?;
    fs::rename(&beside, to).map_err(fail)
}
