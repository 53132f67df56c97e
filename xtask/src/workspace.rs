//! Where things are: the repository and the git-ignored folder that holds fetched and built tools.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The repository, addressed by its root folder.
#[derive(Clone)]
pub struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// The workspace this binary was compiled in.
    pub fn locate() -> Result<Self> {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root =
            manifest.parent().context("xtask has no parent folder: run it as `cargo xtask` inside the repository")?;
        Ok(Self { root: root.to_path_buf() })
    }

    /// The root folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A path below the root.
    pub fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root.join(relative)
    }

    /// A path below `.openledger/`, where everything that can be fetched or built again lives.
    pub fn tools(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root.join(".openledger").join(relative)
    }

    /// A program that Cargo built in the dev profile.
    pub fn built(&self, name: &str) -> PathBuf {
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
        self.root.join(target).join("debug").join(name)
    }

    /// Names of the contract crates: the folders of `contracts/`, sorted.
    pub fn contracts(&self) -> Result<Vec<String>> {
        let folder = self.path("contracts");
        let mut names = Vec::new();
        for entry in fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))? {
            let entry = entry?;
            if entry.path().join("Cargo.toml").is_file() {
                names.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        names.sort();
        Ok(names)
    }
}
