//! Cargo's part: each contract alone, with a standard library rebuilt for the plainest wasm.
//!
//! Why: since 1.87 Rust's prebuilt standard library for wasm holds bulk-memory instructions, which the chain refuses.
//! Rebuilding it for `target-cpu=mvp` leaves nothing to lower afterwards, so no second tool touches the bytes.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};

use super::Artifact;
use crate::process::Step;
use crate::setup::rust::{WASM, sysroot};
use crate::workspace::Workspace;

/// The profile in the root Cargo.toml.
const PROFILE: &str = "contract";

/// Between flags in CARGO_ENCODED_RUSTFLAGS, so that a path may hold spaces.
const SEPARATOR: &str = "\u{1f}";

/// Builds all contracts below `target`; artifacts come back sorted by name.
pub fn all(workspace: &Workspace, target: &Path) -> Result<Vec<Artifact>> {
    let flags = flags(workspace)?;
    let mut built = Vec::new();
    // One at a time: built together, a contract that another one links would lose its entry points, because Cargo
    // unifies features across everything it builds at once.
    for contract in workspace.contracts()? {
        let started = Instant::now();
        Step::cargo(format!("mend contracts/{contract}; `cargo check -p {contract}` shows the same errors faster"))
            .args(["build", "--quiet", "--locked", "--lib", "-p", &contract])
            .args(["--profile", PROFILE, "--target", WASM])
            .args(["-Z", "build-std=std,panic_abort"])
            // Without the names of functions, which no contract can print: 20 KB less each.
            .args(["-Z", "build-std-features=optimize_for_size"])
            .arg("--target-dir")
            .arg(target)
            .dir(workspace.root())
            .env("RUSTC_BOOTSTRAP", "1")
            .env("CARGO_ENCODED_RUSTFLAGS", &flags)
            .quiet_stdout()
            .run()?;
        let name = format!("{}.wasm", contract.replace('-', "_"));
        let path = target.join(WASM).join(PROFILE).join(&name);
        let bytes = fs::read(&path).with_context(|| {
            format!(
                "contracts/{contract} built no {name}\n  what to do: its [lib] needs crate-type = [\"cdylib\", \"rlib\"]"
            )
        })?;
        eprintln!("artifacts: built {name} in {} s", started.elapsed().as_secs());
        built.push(Artifact::new(name, bytes));
    }
    Ok(built)
}

/// Compiler flags. The remaps take every folder name of this machine out of panic messages; of two that match,
/// rustc applies the later one.
fn flags(workspace: &Workspace) -> Result<String> {
    let mut flags = vec!["-C".to_owned(), "target-cpu=mvp".to_owned()];
    for (from, to) in machine_folders(workspace)? {
        flags.push(format!("--remap-path-prefix={}={to}", from.display()));
    }
    Ok(flags.join(SEPARATOR))
}

/// Folders whose names differ between machines, with the names they get in the wasm.
pub fn machine_folders(workspace: &Workspace) -> Result<Vec<(PathBuf, String)>> {
    let cargo_home = cargo_home()?;
    let mut folders = vec![
        (workspace.root().to_path_buf(), ".".to_owned()),
        (sysroot(workspace)?, "rust".to_owned()),
        (cargo_home.clone(), "cargo".to_owned()),
    ];
    // The name below registry/src holds a hash of the registry's address, which a mirror changes.
    let sources = cargo_home.join("registry/src");
    if let Ok(entries) = fs::read_dir(&sources) {
        let mut registries = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
        registries.sort();
        folders.extend(registries.into_iter().map(|registry| (registry, "crates".to_owned())));
    }
    Ok(folders)
}

fn cargo_home() -> Result<PathBuf> {
    if let Some(home) = env::var_os("CARGO_HOME") {
        return Ok(PathBuf::from(home));
    }
    env::home_dir()
        .map(|home| home.join(".cargo"))
        .context("neither CARGO_HOME nor a home folder is known\n  what to do: set CARGO_HOME")
}
