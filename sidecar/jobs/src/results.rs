//! What was made, under the ids of the jobs that asked for it.
//!
//! `<folder>/<id>/` holds what a job made and `result.json` with the digests. It is written beside its place and renamed, so a result
//! is there whole or not at all, and whoever comes second leaves the first one's. Beside them lie the states of trainings under way.

use std::{
    fs::{self, File},
    io::{Read, Write},
    path::{Path, PathBuf},
};

use openledger_attribution::index::INDEX_FILE;
use openledger_protocol::Hash;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::{JobsError, audit::MEASUREMENTS_FILE};

/// Version of `result.json`. The second one has vectors. Measurements are named only where there are some: records of trainings are
/// as before.
const VERSION: u32 = 2;
const RECORD: &str = "result.json";
/// File of an adapter whose digest the record holds.
const WEIGHTS: &str = "adapter_model.safetensors";
const UNFINISHED: &str = ".unfinished-";
const UNDER_WAY: &str = ".under-way-";
/// Largest record that is read: 4,096 adapters with names.
const MAX_RECORD_BYTES: u64 = 4 << 20;

/// A result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Its folder.
    pub folder: PathBuf,
    /// What lies there.
    pub contents: Contents,
}

/// What a job made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contents {
    /// Adapters in the family's order: the name of the folder, and the SHA-256 of the weights in it.
    pub adapters: Vec<(String, Hash)>,
    /// Vectors of the tail in the family's order: the name of a part's file, and its SHA-256.
    pub vectors: Vec<(String, Hash)>,
    /// SHA-256 of the index's file, for an assembly.
    pub index: Option<Hash>,
    /// SHA-256 of the measurements' file, for a part of an audit.
    pub measurements: Option<Hash>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    version: u32,
    job: String,
    adapters: Vec<Named>,
    vectors: Vec<Named>,
    index: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    measurements: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
    sha256: String,
}

/// Results in a folder.
#[derive(Debug, Clone)]
pub struct Results {
    folder: PathBuf,
}

impl Results {
    /// The results of a folder, which need not exist.
    #[must_use]
    pub fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    fn place(&self, id: &Hash) -> PathBuf {
        self.folder.join(hex::encode(id))
    }

    /// Where a training under way is written.
    #[must_use]
    pub fn under_way(&self, id: &Hash) -> PathBuf {
        self.folder.join(format!("{UNDER_WAY}{}.safetensors", hex::encode(id)))
    }

    /// Whether a job has a result; nothing in it is read.
    #[must_use]
    pub fn has(&self, id: &Hash) -> bool {
        self.place(id).join(RECORD).exists()
    }

    /// The result of a job, each file checked against its digest; `None` when there is none. A damaged one is removed, so that it is made
    /// again.
    ///
    /// # Errors
    /// [`JobsError::File`] for a folder that cannot be read or cleared.
    pub fn read(&self, id: &Hash) -> Result<Option<Made>, JobsError> {
        let folder = self.place(id);
        if !folder.exists() {
            return Ok(None);
        }
        match checked(&folder, id) {
            Ok(made) => Ok(Some(made)),
            Err(reason) => {
                tracing::warn!(folder = %folder.display(), reason, "a damaged result is removed");
                fs::remove_dir_all(&folder).map_err(|error| JobsError::file(&folder, error))?;
                Ok(None)
            }
        }
    }

    /// A folder in which a job's result is made.
    ///
    /// # Errors
    /// [`JobsError::File`].
    pub fn begin(&self, id: &Hash) -> Result<TempDir, JobsError> {
        fs::create_dir_all(&self.folder).map_err(|error| JobsError::file(&self.folder, error))?;
        let prefix = format!("{UNFINISHED}{}-", hex::encode(id));
        let made = tempfile::Builder::new().prefix(&prefix).tempdir_in(&self.folder);
        made.map_err(|error| JobsError::file(&self.folder, error))
    }

    /// Puts what was made in its place. A result that is there already is left as it is: it is the same.
    ///
    /// # Errors
    /// [`JobsError::File`].
    pub fn keep(&self, unfinished: TempDir, id: &Hash, contents: Contents) -> Result<Made, JobsError> {
        let place = self.place(id);
        let fail = |error: std::io::Error| JobsError::file(&place, error);
        let listed = |made: &[(String, Hash)]| {
            made.iter().map(|(name, digest)| Named { name: name.clone(), sha256: hex::encode(digest) }).collect()
        };
        let record = Record {
            version: VERSION,
            job: hex::encode(id),
            adapters: listed(&contents.adapters),
            vectors: listed(&contents.vectors),
            index: contents.index.map(hex::encode),
            measurements: contents.measurements.map(hex::encode),
        };
        let bytes = serde_json::to_vec_pretty(&record).map_err(|error| JobsError::file(&place, error))?;
        let mut file = File::create(unfinished.path().join(RECORD)).map_err(fail)?;
        file.write_all(&bytes).map_err(fail)?;
        file.sync_all().map_err(fail)?;
        readable(unfinished.path()).map_err(fail)?;
        if let Err(error) = fs::rename(unfinished.path(), &place)
            && !self.has(id)
        {
            return Err(fail(error));
        }
        File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(fail)?;
        self.remove_unfinished(id);
        Ok(Made { folder: place, contents })
    }

    /// Removes what workers that were killed left of a job that has a result now.
    fn remove_unfinished(&self, id: &Hash) {
        let prefix = format!("{UNFINISHED}{}-", hex::encode(id));
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            if entry.file_name().to_str().is_some_and(|name| name.starts_with(&prefix)) {
                // Whoever still writes into it finds the result in its place.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

/// A temporary folder is its owner's alone; results are for every worker, whoever runs it.
#[cfg(unix)]
fn readable(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(folder)?.permissions().mode();
    if mode & 0o055 == 0o055 { Ok(()) } else { fs::set_permissions(folder, fs::Permissions::from_mode(mode | 0o055)) }
}

#[cfg(not(unix))]
fn readable(_: &Path) -> std::io::Result<()> {
    Ok(())
}

fn checked(folder: &Path, id: &Hash) -> Result<Made, String> {
    let text = |error: std::io::Error| error.to_string();
    let file = File::open(folder.join(RECORD)).map_err(text)?;
    let mut bytes = Vec::new();
    file.take(MAX_RECORD_BYTES.saturating_add(1)).read_to_end(&mut bytes).map_err(text)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_RECORD_BYTES {
        return Err(format!("{RECORD} is larger than {MAX_RECORD_BYTES} bytes"));
    }
    let record: Record = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
    if record.version != VERSION || record.job != hex::encode(id) {
        return Err(format!("{RECORD} is of another job or form"));
    }
    let named = |listed: Vec<Named>, file: fn(PathBuf) -> PathBuf| {
        let one = |Named { name, sha256 }: Named| {
            if Path::new(&name).file_name().is_none_or(|file| file != name.as_str()) {
                return Err(format!("{name:?} leaves the folder"));
            }
            let digest = same(&file(folder.join(&name)), &sha256)?;
            Ok((name, digest))
        };
        listed.into_iter().map(one).collect::<Result<Vec<_>, String>>()
    };
    let adapters = named(record.adapters, |adapter| adapter.join(WEIGHTS))?;
    let vectors = named(record.vectors, |part| part)?;
    let one = |stored: Option<String>, file| stored.map(|sha256| same(&folder.join(file), &sha256)).transpose();
    let (index, measurements) = (one(record.index, INDEX_FILE)?, one(record.measurements, MEASUREMENTS_FILE)?);
    Ok(Made { folder: folder.to_owned(), contents: Contents { adapters, vectors, index, measurements } })
}

/// The digest of a file that has to be the stored one.
fn same(path: &Path, stored: &str) -> Result<Hash, String> {
    let digest = file_digest(path).map_err(|error| format!("{}: {error}", path.display()))?;
    if hex::encode(digest) == stored { Ok(digest) } else { Err(format!("{} has another digest", path.display())) }
}

/// SHA-256 of a file.
pub(crate) fn file_digest(path: &Path) -> std::io::Result<Hash> {
    let mut hasher = Sha256::new();
    let mut file = File::open(path)?;
    let mut part = vec![0; 1 << 16];
    loop {
        match file.read(&mut part)? {
            0 => return Ok(hasher.finalize().into()),
            read => hasher.update(part.get(..read).unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: Hash = [7; 32];
    const VECTORS: &str = "tail-0.safetensors";

    /// An adapter and the vectors of a part.
    fn contents(folder: &Path, bytes: &[u8]) -> Contents {
        let place = folder.join("full");
        fs::create_dir(&place).unwrap();
        fs::write(place.join(WEIGHTS), bytes).unwrap();
        fs::write(folder.join(VECTORS), bytes).unwrap();
        let digest = Sha256::digest(bytes).into();
        let (adapters, vectors) = (vec![("full".to_owned(), digest)], vec![(VECTORS.to_owned(), digest)]);
        Contents { adapters, vectors, ..Contents::default() }
    }

    #[test]
    fn a_result_is_whole_and_the_first_one_stays() {
        let folder = tempfile::tempdir().unwrap();
        let results = Results::at(&folder.path().join("results"));
        assert!(!results.has(&ID));
        assert_eq!(results.read(&ID).unwrap(), None);
        let (first, second) = (results.begin(&ID).unwrap(), results.begin(&ID).unwrap());
        let other = results.begin(&[8; 32]).unwrap();
        let made = contents(first.path(), b"weights");
        assert!(!results.has(&ID), "unfinished work is no result");
        let kept = results.keep(first, &ID, made.clone()).unwrap();
        assert_eq!(results.read(&ID).unwrap(), Some(kept));
        assert!(!second.path().exists(), "nobody needs it any more");
        assert!(other.path().exists(), "another job's is left alone");
        // Whoever was slower finds it done.
        let late = results.begin(&ID).unwrap();
        contents(late.path(), b"weights");
        results.keep(late, &ID, made).unwrap();
        assert!(results.has(&ID));
    }

    #[test]
    fn a_damaged_result_is_removed_and_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let results = Results::at(folder.path());
        let place = results.place(&ID);
        let damages: [fn(&Path); 6] = [
            |place| fs::write(place.join(VECTORS), b"weightz").unwrap(),
            |place| fs::remove_file(place.join(VECTORS)).unwrap(),
            |place| fs::write(place.join("full").join(WEIGHTS), b"weightz").unwrap(),
            |place| fs::remove_dir_all(place.join("full")).unwrap(),
            |place| fs::write(place.join(RECORD), b"{}").unwrap(),
            |place| {
                let text = fs::read_to_string(place.join(RECORD)).unwrap();
                fs::write(place.join(RECORD), text.replace("\"full\"", "\"../full\"")).unwrap();
            },
        ];
        for damage in damages {
            let unfinished = results.begin(&ID).unwrap();
            let made = contents(unfinished.path(), b"weights");
            results.keep(unfinished, &ID, made).unwrap();
            damage(&place);
            assert_eq!(results.read(&ID).unwrap(), None);
            assert!(!place.exists());
        }
    }
}
