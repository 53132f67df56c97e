//! The parts of the pinned toolchain that rustup may have been told not to install by itself.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::process::Step;
use crate::workspace::Workspace;

/// The contracts' target.
pub const WASM: &str = "wasm32-unknown-unknown";

/// The folder of the toolchain in use.
pub fn sysroot(workspace: &Workspace) -> Result<PathBuf> {
    let text = Step::new("rustc", "install Rust with rustup: https://rustup.rs")
        .args(["--print", "sysroot"])
        .dir(workspace.root())
        .silent()?;
    Ok(PathBuf::from(text.trim()))
}

/// Adds the wasm target, the standard library's source, rustfmt and clippy where they are missing.
pub fn ensure(workspace: &Workspace) -> Result<()> {
    let sysroot = sysroot(workspace)?;
    let library = sysroot.join("lib/rustlib");
    if !library.join(WASM).is_dir() {
        rustup(workspace, &["target", "add", WASM])?;
    }
    if !library.join("src/rust/library/std/Cargo.toml").is_file() {
        rustup(workspace, &["component", "add", "rust-src"])?;
    }
    for (program, component) in [("rustfmt", "rustfmt"), ("cargo-clippy", "clippy")] {
        if !sysroot.join("bin").join(program).is_file() {
            rustup(workspace, &["component", "add", component])?;
        }
    }
    Ok(())
}

fn rustup(workspace: &Workspace, action: &[&str]) -> Result<()> {
    let channel = channel(workspace)?;
    eprintln!("setup: rustup {} ({channel})", action.join(" "));
    Step::new(
        "rustup",
        format!(
            "run `rustup toolchain install {channel}`, then this command again; without rustup, install Rust {channel} \
             with target {WASM}, rust-src, rustfmt and clippy"
        ),
    )
    .args(action)
    .args(["--toolchain", &channel])
    .dir(workspace.root())
    .silent()
    .map(|_| ())
}

/// The channel of rust-toolchain.toml.
fn channel(workspace: &Workspace) -> Result<String> {
    let path = workspace.path("rust-toolchain.toml");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    text.lines()
        .filter_map(|line| line.split_once('='))
        .find(|(key, _)| key.trim() == "channel")
        .map(|(_, value)| value.trim().trim_matches('"').to_owned())
        .with_context(|| format!("{} names no channel", path.display()))
}
