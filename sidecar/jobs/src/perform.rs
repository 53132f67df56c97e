//! Doing a job: training a part, differentiating one of the tail, or putting a family together.

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
    Keeping, Opened, Progress, Shard, Source, TailShard, remove_progress, tail_file, train_shard, train_tail,
    write_family_file,
};

use crate::{Contents, Job, JobsError, Made, Part, Results, results::file_digest};

/// How a job ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Its result was made.
    Made,
    /// Its result was there.
    Found,
}

/// What a worker has on its bench: the results, and the base and rows of the family that it worked on last.
pub struct Bench {
    results: Results,
    ort_library: Option<PathBuf>,
    /// Time between two writings of a part under way.
    keep_every: Duration,
    opened: Option<(Hash, Opened)>,
}

impl Bench {
    /// A bench over a folder of results. A part under way is written there after each `keep_every`.
    #[must_use]
    pub fn new(results: Results, ort_library: Option<PathBuf>, keep_every: Duration) -> Self {
        Self { results, ort_library, keep_every, opened: None }
    }

    /// Does a job, unless its result is there. The observer sees the steps of a training and may stop it. A training that was interrupted,
    /// here or elsewhere, goes on where it was written last.
    ///
    /// # Errors
    /// [`JobsError::Stopped`], [`JobsError::Differs`] for other inputs than were asked for, [`JobsError::Missing`] for an assembly before
    /// its parts, and errors of training, index and files.
    pub fn perform(
        &mut self,
        job: &Job,
        observer: impl FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<Outcome, JobsError> {
        let id = job.id();
        if self.results.read(&id)?.is_some() {
            return Ok(Outcome::Found);
        }
        let (results, every) = (self.results.clone(), self.keep_every);
        let opened = self.open(job)?;
        match job.part {
            Part::Shard(number) => shard(&results, opened, job, (number, every), observer)?,
            Part::Tangents(number) => tangents(&results, opened, job, (number, every), observer)?,
            Part::Index => assembly(&results, opened, job)?,
        };
        Ok(Outcome::Made)
    }

    /// Loads base and rows of a job, and compares them with what it was asked for.
    fn open(&mut self, job: &Job) -> Result<&mut Opened, JobsError> {
        let family = job.family.digest();
        if self.opened.as_ref().is_none_or(|(known, _)| *known != family) {
            // What is not needed any more must not be in memory beside what is.
            self.opened = None;
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
            self.opened = Some((family, opened));
        }
        let opened = self.opened.as_mut().map(|(_, opened)| opened);
        opened.ok_or_else(|| JobsError::Died { reason: "nothing is loaded".to_owned() })
    }
}

/// Trains the adapters of a part.
fn shard(
    results: &Results,
    opened: &mut Opened,
    job: &Job,
    (number, every): (u32, Duration),
    observer: impl FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Made, JobsError> {
    let (id, family) = (job.id(), &job.family);
    let unfinished = results.begin(&id)?;
    let (variants, under_way) = (job.variants(number)?, results.under_way(&id));
    let keeping = Some(Keeping { place: &under_way, of: id, every });
    let shard = Shard { variants: &variants, out: unfinished.path(), keeping };
    let (session, examples) = (&mut opened.session, &opened.examples);
    let trained = train_shard(session, examples, &family.recipe, &family.plan, &shard, observer)?;
    let digests = trained.ok_or(JobsError::Stopped)?;
    let adapters = variants.into_iter().map(|variant| variant.name).zip(digests).collect();
    let made = results.keep(unfinished, &id, Contents { adapters, ..Contents::default() })?;
    remove_progress(&under_way)?;
    Ok(made)
}

/// Makes the vectors of a part of the tail.
fn tangents(
    results: &Results,
    opened: &mut Opened,
    job: &Job,
    (number, every): (u32, Duration),
    observer: impl FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Made, JobsError> {
    let id = job.id();
    let unfinished = results.begin(&id)?;
    let under_way = results.under_way(&id);
    let keeping = Some(Keeping { place: &under_way, of: id, every });
    let shard = TailShard { number, out: unfinished.path(), keeping };
    let mut session = opened.curvature()?;
    let made = train_tail(&mut session, &opened.examples, &job.family, &shard, observer)?;
    let vectors = vec![(tail_file(number), made.ok_or(JobsError::Stopped)?)];
    let made = results.keep(unfinished, &id, Contents { vectors, ..Contents::default() })?;
    remove_progress(&under_way)?;
    Ok(made)
}

/// Puts the parts of a family together and builds its index.
fn assembly(results: &Results, opened: &mut Opened, job: &Job) -> Result<Made, JobsError> {
    let (id, family) = (job.id(), &job.family);
    let unfinished = results.begin(&id)?;
    let mut all = Contents::default();
    for part in Job::parts(family, &job.places)? {
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
