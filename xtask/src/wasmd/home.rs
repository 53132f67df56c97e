//! Throw-away home folders: one per run, named by the process that owns it, swept when that process is gone.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::workspace::Workspace;

/// A home folder that disappears with this value.
pub struct Home(PathBuf);

impl Home {
    /// Makes a fresh one and removes those that killed runs left behind.
    pub fn create(workspace: &Workspace) -> Result<Self> {
        let homes = workspace.tools("wasmd/homes");
        fs::create_dir_all(&homes)?;
        sweep(&homes)?;
        let home = homes.join(std::process::id().to_string());
        if home.exists() {
            fs::remove_dir_all(&home)?;
        }
        fs::create_dir(&home).with_context(|| format!("cannot make {}", home.display()))?;
        Ok(Self(home))
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("warning: {} was not removed: {error}", self.0.display());
        }
    }
}

fn sweep(homes: &Path) -> Result<()> {
    for entry in fs::read_dir(homes)? {
        let entry = entry?;
        let owner = entry.file_name().to_string_lossy().parse::<i32>();
        if !owner.is_ok_and(alive) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn alive(process: i32) -> bool {
    use rustix::process::{Pid, test_kill_process};

    Pid::from_raw(process).is_some_and(|pid| test_kill_process(pid).is_ok())
}

#[cfg(not(unix))]
fn alive(_process: i32) -> bool {
    true
}
