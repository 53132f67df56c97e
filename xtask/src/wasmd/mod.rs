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

use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::process::Stop;
use crate::workspace::Workspace;

pub use build::build;
pub use node::Node;

/// `wasmd start`: runs a node until ctrl-c and prints where it listens.
pub fn start(workspace: &Workspace) -> Result<ExitCode> {
    let stop = Stop::listen()?;
    let mut node = Node::start(workspace, &stop)?;
    let endpoints = serde_json::to_string(node.endpoints()).context("cannot print the endpoints")?;
    println!("{endpoints}");
    eprintln!("wasmd: running; ctrl-c stops it and deletes its state");
    node.wait(&stop)?;
    Ok(ExitCode::SUCCESS)
}
