//! The chain's own static checks, as two versions of `cosmwasm-check`: the 3.x line applies its own rules only.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::pins;
use crate::process::Step;
use crate::workspace::Workspace;

/// Where they are compiled, below the tools folder.
const BUILD: &str = "build/cosmwasm-check";

/// What a contract may ask of the chain: everything up to `cosmwasm_2_1`, and nothing above it.
const CAPABILITIES: &str =
    "iterator,staking,stargate,cosmwasm_1_1,cosmwasm_1_2,cosmwasm_1_3,cosmwasm_1_4,cosmwasm_2_0,cosmwasm_2_1";

/// Runs every pinned validator over the files.
pub fn all(workspace: &Workspace, files: &[PathBuf]) -> Result<()> {
    let mut programs = Vec::new();
    for version in pins::COSMWASM_CHECK {
        programs.push((version, installed(workspace, version)?));
    }
    // A gigabyte that only building them needed.
    let leftovers = workspace.tools(BUILD);
    if leftovers.exists() {
        fs::remove_dir_all(&leftovers)?;
    }
    for (version, program) in programs {
        Step::new(
            program,
            "read the line above: a missing capability or import comes from a dependency's feature, \
             a refused instruction from the build flags",
        )
        .args(["--available-capabilities", CAPABILITIES])
        .args(files)
        .silent()?;
        eprintln!("artifacts: cosmwasm-check {version} passes {} contracts", files.len());
    }
    Ok(())
}

/// Builds the validator once. `--locked` is essential: newer dependencies ask for a newer Rust.
fn installed(workspace: &Workspace, version: &str) -> Result<PathBuf> {
    let root = workspace.tools(format!("cosmwasm-check-{version}"));
    let program = root.join("bin/cosmwasm-check");
    if !program.is_file() {
        eprintln!("artifacts: building cosmwasm-check {version}, once (minutes)");
        install(workspace, version, &root)?;
    }
    Ok(program)
}

fn install(workspace: &Workspace, version: &str, root: &Path) -> Result<()> {
    // Both versions share most dependencies, hence one build folder; they run for a second, hence little optimisation.
    Step::cargo("check the network, then run this again; it goes on where it stopped")
        .args(["install", "--quiet", "--locked", "cosmwasm-check"])
        .args(["--version", version, "--root"])
        .arg(root)
        .dir(workspace.root())
        .env("CARGO_TARGET_DIR", workspace.tools(BUILD))
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .quiet_stdout()
        .run()
}
