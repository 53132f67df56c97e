//! Files that are there whole or not at all.

use std::{
    fs::{self, File},
    io::{Read, Write},
    path::Path,
};

use crate::TrainError;

/// Writes a file beside its place, brings it to the disk, and moves it there.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), TrainError> {
    let fail = |error: std::io::Error| TrainError::file(path, error);
    let folder = path.parent().ok_or_else(|| TrainError::file(path, "it has no folder"))?;
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(fail)?;
    file.write_all(bytes).map_err(fail)?;
    readable(file.as_file()).map_err(fail)?;
    file.as_file().sync_all().map_err(fail)?;
    file.persist(path).map_err(|error| fail(error.error))?;
    sync_folder(folder).map_err(fail)
}

/// A temporary file is its owner's alone; results are as readable as any other file.
#[cfg(unix)]
fn readable(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_: &File) -> std::io::Result<()> {
    Ok(())
}

/// Makes a rename last.
pub(crate) fn sync_folder(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Reads a file of at most `limit` bytes.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Vec<u8>, TrainError> {
    let file = File::open(path).map_err(|error| TrainError::file(path, error))?;
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| TrainError::file(path, error))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
        return Err(TrainError::file(path, format!("it is larger than {limit} bytes")));
    }
    Ok(bytes)
}

/// Makes a folder and those above it.
pub(crate) fn folder(path: &Path) -> Result<(), TrainError> {
    fs::create_dir_all(path).map_err(|error| TrainError::file(path, error))
}
