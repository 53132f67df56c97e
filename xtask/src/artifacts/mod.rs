//! `artifacts`: the contracts as the chain gets them. Reproducible, small enough, accepted by its rules.

mod build;
mod exports;
mod manifest;
mod paths;
mod validate;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::digest::sha256_hex;
use crate::pins::{COSMWASM_CHECK_LATEST, COSMWASM_CHECK_STRICT};
use crate::workspace::Workspace;

/// Largest wasm that wasmd takes in one upload, in bytes.
const SIZE_LIMIT: usize = 800 * 1024;

/// One built contract.
struct Artifact {
    /// File name, such as `open_token.wasm`.
    name: String,
    bytes: Vec<u8>,
    /// Lower-case hex SHA-256: the checksum that the chain reports for the code.
    sha256: String,
}

impl Artifact {
    fn new(name: String, bytes: Vec<u8>) -> Self {
        let sha256 = sha256_hex(&bytes);
        Self { name, bytes, sha256 }
    }
}

/// Builds every contract and replaces artifacts/ when, and only when, all of them pass every check.
pub fn write(workspace: &Workspace) -> Result<()> {
    let built = build::all(workspace, &workspace.path("target/wasm"))?;
    accept(workspace, &built)?;
    let staging = tempfile::tempdir()?;
    validate::all(workspace, &[COSMWASM_CHECK_STRICT], &stage(staging.path(), &built)?)?;
    let folder = workspace.path("artifacts");
    fs::create_dir_all(&folder)?;
    for old in fs::read_dir(&folder)? {
        let old = old?.path();
        if old.extension().is_some_and(|extension| extension == "wasm") {
            fs::remove_file(&old)?;
        }
    }
    for artifact in &built {
        let path = folder.join(&artifact.name);
        fs::write(&path, &artifact.bytes).with_context(|| format!("cannot write {}", path.display()))?;
    }
    manifest::write(&folder, &built)?;
    eprintln!("artifacts: written to artifacts/; commit them together with the contracts");
    Ok(())
}

/// Builds every contract from nothing in a folder of its own and compares with what is committed. The static rules of the VM's lines,
/// which `write` asked before these very bytes were committed, are left to the node of `wasmd test`, which takes every artifact or fails, and
/// to `nightly`: building their checker takes longer than building the contracts.
pub fn check(workspace: &Workspace) -> Result<()> {
    let scratch = workspace.path("target/wasm-check");
    if scratch.exists() {
        fs::remove_dir_all(&scratch)?;
    }
    let built = build::all(workspace, &scratch)?;
    accept(workspace, &built)?;
    let folder = workspace.path("artifacts");
    committed(workspace)?;
    let differences = manifest::differences(&folder, &built)?;
    if !differences.is_empty() {
        bail!(
            "a build from nothing differs from artifacts/:\n  {}\n  \
             what to do: run `cargo xtask artifacts` and commit the result; if only this machine differs, \
             compare `rustc --version` with rust-toolchain.toml",
            differences.join("\n  ")
        );
    }
    fs::remove_dir_all(&scratch)?;
    eprintln!("artifacts: a build from nothing gives the committed checksums");
    Ok(())
}

/// The committed files are what artifacts/checksums.txt says: fast enough to ask before every upload.
pub fn committed(workspace: &Workspace) -> Result<()> {
    manifest::verify(&workspace.path("artifacts"))
}

/// The committed files under the rules of every line, for `nightly`.
pub fn validate_all_lines(workspace: &Workspace) -> Result<()> {
    committed(workspace)?;
    let mut files = Vec::new();
    for entry in fs::read_dir(workspace.path("artifacts"))? {
        files.push(entry?.path());
    }
    files.retain(|file| file.extension().is_some_and(|extension| extension == "wasm"));
    files.sort();
    validate::all(workspace, &[COSMWASM_CHECK_STRICT, COSMWASM_CHECK_LATEST], &files)
}

fn accept(workspace: &Workspace, built: &[Artifact]) -> Result<()> {
    report(built);
    for artifact in built {
        if artifact.bytes.len() > SIZE_LIMIT {
            bail!(
                "{} has {} bytes; the chain takes {SIZE_LIMIT}\n  \
                 what to do: drop dependencies from the contract, or move code out of it",
                artifact.name,
                artifact.bytes.len()
            );
        }
        exports::require(artifact)?;
        paths::reject(workspace, artifact)?;
    }
    Ok(())
}

fn stage(folder: &Path, built: &[Artifact]) -> Result<Vec<std::path::PathBuf>> {
    built
        .iter()
        .map(|artifact| {
            let path = folder.join(&artifact.name);
            fs::write(&path, &artifact.bytes)?;
            Ok(path)
        })
        .collect()
}

fn report(built: &[Artifact]) {
    for artifact in built {
        eprintln!(
            "artifacts: {:<20} {:>7} bytes ({:>2} % of the limit)  sha256 {}",
            artifact.name,
            artifact.bytes.len(),
            artifact.bytes.len() * 100 / SIZE_LIMIT,
            artifact.sha256
        );
    }
}
