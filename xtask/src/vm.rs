//! `vm test`: the artifacts in the chain's virtual machine, without a node. tests/vm is a workspace of its own, see there.

use anyhow::Result;

use crate::process::Step;
use crate::workspace::Workspace;

/// Runs the suite, or writes the gas of its messages anew.
pub fn test(workspace: &Workspace, write: bool) -> Result<()> {
    let mut step = Step::cargo("see the failing test above; `cargo xtask artifacts` first if an artifact is missing")
        .args(["test", "--quiet", "--locked", "--manifest-path", "tests/vm/Cargo.toml", "--target-dir", "target/vm"])
        .dir(workspace.root());
    if write {
        step = step.env("OPENLEDGER_VM_WRITE", "1");
    }
    step.run()
}
