//! The real chain: a pinned wasmd, built from Go modules, run as one throw-away loopback node.
//!
//! It holds no value and takes no connections from outside; its keys are public.

mod build;
mod cli;
mod genesis;
mod go;
mod home;
mod http;
mod node;
mod test;

use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::pins::{WASMD_LINES, WasmdLine};
use crate::process::Stop;
use crate::workspace::Workspace;

pub use build::build;
pub use node::Node;
pub use test::{nightly, test};

/// A line by its name, for `--line`.
pub fn line(name: &str) -> Result<&'static WasmdLine, String> {
    let known = || WASMD_LINES.iter().map(|line| line.name).collect::<Vec<_>>().join(", ");
    WASMD_LINES.iter().find(|line| line.name == name).ok_or_else(|| format!("there are: {}", known()))
}

/// `wasmd start`: runs a node until ctrl-c and prints where it listens.
pub fn start(workspace: &Workspace, line: &WasmdLine) -> Result<ExitCode> {
    let stop = Stop::listen()?;
    let mut node = Node::start(workspace, line, &stop)?;
    let endpoints = serde_json::to_string(node.endpoints()).context("cannot print the endpoints")?;
    println!("{endpoints}");
    eprintln!("wasmd: running; ctrl-c stops it and deletes its state");
    node.wait(&stop)?;
    Ok(ExitCode::SUCCESS)
}
