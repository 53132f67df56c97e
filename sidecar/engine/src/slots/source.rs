//! Where an adapter can be read again.

use std::{
    path::{Path, PathBuf},
    time::SystemTime,
};

/// An adapter's folder and what its weights looked like when they were hashed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    pub folder: PathBuf,
    stamp: Option<(u64, SystemTime)>,
}

impl Source {
    /// Looks at a folder. Do this before reading: a change in between is then noticed later.
    pub fn of(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), stamp: stamp(folder) }
    }

    /// True when the weights have the length and time of change that they had. Hashing 20 MB takes longer than reading them, and
    /// whoever can rewrite the node's own files needs no adapter to do harm.
    pub fn unchanged(&self) -> bool {
        self.stamp.is_some() && self.stamp == stamp(&self.folder)
    }
}

fn stamp(folder: &Path) -> Option<(u64, SystemTime)> {
    let meta = std::fs::metadata(folder.join("adapter_model.safetensors")).ok()?;
    Some((meta.len(), meta.modified().ok()?))
}
