//! `deny`: licences, sources and bans of every dependency, by the rules in deny.toml.

use anyhow::Result;

use crate::pins;
use crate::process::Step;
use crate::workspace::Workspace;

/// Runs cargo-deny. Advisories are left out: their database is a git repository that an offline or registry-only
/// network cannot reach; `cargo deny check advisories` by hand checks them where it can.
pub fn run(workspace: &Workspace) -> Result<()> {
    let root = workspace.tools(format!("cargo-deny-{}", pins::CARGO_DENY));
    let program = root.join("bin/cargo-deny");
    if !program.is_file() {
        eprintln!("deny: building cargo-deny {}, once (minutes)", pins::CARGO_DENY);
        Step::cargo("check the network, then run this again")
            .args(["install", "--quiet", "--locked", "cargo-deny"])
            .args(["--version", pins::CARGO_DENY, "--root"])
            .arg(&root)
            .dir(workspace.root())
            .env("CARGO_TARGET_DIR", workspace.tools("build/cargo-deny"))
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
            .quiet_stdout()
            .run()?;
        std::fs::remove_dir_all(workspace.tools("build/cargo-deny"))?;
    }
    Step::new(program, "drop the dependency named above, or argue in deny.toml why it may stay")
        .args(["--log-level", "error", "check", "bans", "licenses", "sources"])
        .dir(workspace.root())
        .quiet_stdout()
        .run()?;
    eprintln!("deny: bans, licences and sources hold (advisories need the advisory database and were not checked)");
    Ok(())
}
