//! The chain's own static checks, as `cosmwasm-check`: one version per line of the VM, because each applies its own rules only.

use std::path::PathBuf;

use anyhow::Result;

use crate::process::Step;
use crate::tool;
use crate::workspace::Workspace;

/// What a contract may ask of the chain: everything up to `cosmwasm_2_1`, and nothing above it.
const CAPABILITIES: &str =
    "iterator,staking,stargate,cosmwasm_1_1,cosmwasm_1_2,cosmwasm_1_3,cosmwasm_1_4,cosmwasm_2_0,cosmwasm_2_1";

/// Runs these versions of the validator over the files.
pub fn all(workspace: &Workspace, versions: &[&str], files: &[PathBuf]) -> Result<()> {
    for version in versions {
        Step::new(
            tool::installed(workspace, "cosmwasm-check", version)?,
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
