//! `setup`: what every other verb needs. Idempotent; milliseconds once it has run.

mod onnxruntime;
pub mod rust;

use std::path::PathBuf;

use anyhow::Result;

use crate::process::Step;
use crate::workspace::Workspace;

/// A workspace in which setup has succeeded.
pub struct Ready {
    /// Where the repository is.
    pub workspace: Workspace,
    /// The ONNX Runtime library that our programs load.
    pub onnxruntime: PathBuf,
}

/// Makes the workspace ready.
pub fn run(workspace: &Workspace) -> Result<Ready> {
    rust::ensure(workspace)?;
    let onnxruntime = onnxruntime::ensure(workspace)?;
    Ok(Ready { workspace: workspace.clone(), onnxruntime })
}

impl Ready {
    /// Cargo in the workspace, with what our programs need at run time.
    pub fn cargo(&self, next: impl Into<String>) -> Step {
        self.equip(Step::cargo(next))
    }

    /// Gives any command the workspace as folder and the ONNX Runtime library.
    pub fn equip(&self, step: Step) -> Step {
        step.dir(self.workspace.root()).env("ORT_DYLIB_PATH", &self.onnxruntime)
    }

    /// Says what is there.
    pub fn report(&self) {
        eprintln!("setup: ONNX Runtime at {}", self.onnxruntime.display());
        eprintln!("setup: ready; next: cargo xtask devnet");
    }
}
