//! The flags of a queue of jobs.

mod asking;

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use clap::Args;
use openledger_jobs::{Queue, Results};

pub use asking::{Ended, Line, QueueArgs};

use crate::error::NodeError;

/// Where the results of a queue lie.
#[derive(Debug, Args)]
pub struct ResultsArgs {
    /// Folder of the results, which every worker sees under this name; beside the file of an SQLite queue when absent.
    #[arg(long, requires = "queue")]
    results: Option<PathBuf>,
}

impl ResultsArgs {
    /// Opens a queue, and its results.
    pub async fn open(&self, url: &str) -> Result<(Queue, Results), NodeError> {
        let folder = self.results.clone().or_else(|| beside(url));
        let missing = || NodeError::Config("name --results: a folder that every worker of this queue sees".into());
        let results = Results::at(&folder.ok_or_else(missing)?);
        Ok((Queue::open(url).await?, results))
    }
}

/// A file or folder under a name that other processes can use.
pub fn for_workers(path: &Path) -> Result<PathBuf, NodeError> {
    std::path::absolute(path).map_err(|error| NodeError::Config(format!("{}: {error}", path.display())))
}

/// The queue in a family's folder.
fn in_folder(family: &Path) -> String {
    format!("sqlite:{}", family.join("queue.sqlite").display())
}

/// `PATH.results` for `sqlite:PATH`.
fn beside(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("sqlite:")?;
    let path = path.strip_prefix("//").unwrap_or(path);
    let mut name = OsString::from(path.split('?').next()?);
    name.push(".results");
    Some(PathBuf::from(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_lie_beside_a_file_and_nowhere_else() {
        for (url, expected) in [
            ("sqlite:out/queue.sqlite", Some("out/queue.sqlite.results")),
            ("sqlite:///tmp/q?mode=rwc", Some("/tmp/q.results")),
            ("postgres://host/jobs", None),
        ] {
            assert_eq!(beside(url), expected.map(PathBuf::from), "{url}");
        }
    }
}
