//! `schema`: each contract's messages as JSON schema, so that a change of the interface shows in review.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::process::Step;
use crate::test::CLUSTER;
use crate::workspace::Workspace;

/// Writes schema/<contract>.json, or with `check` compares with what is committed.
pub fn run(workspace: &Workspace, check: bool) -> Result<()> {
    let contracts = workspace.contracts()?;
    let mut build = Step::cargo("mend the contract that does not compile");
    // With the features of the tests' build, so that nothing is built twice.
    build = build.args(["build", "--quiet", "--workspace", "--exclude", CLUSTER]);
    for contract in &contracts {
        build = build.arg("--bin").arg(format!("{contract}-schema"));
    }
    build.dir(workspace.root()).quiet_stdout().run()?;

    let folder = workspace.path("schema");
    let mut stale = Vec::new();
    for contract in &contracts {
        let fresh = generate(workspace, contract)?;
        let path = folder.join(format!("{contract}.json"));
        if fs::read_to_string(&path).is_ok_and(|old| old == fresh) {
            continue;
        }
        if check {
            stale.push(contract.as_str());
        } else {
            fs::create_dir_all(&folder)?;
            fs::write(&path, fresh).with_context(|| format!("cannot write {}", path.display()))?;
            eprintln!("schema: wrote schema/{contract}.json");
        }
    }
    if !stale.is_empty() {
        bail!(
            "schema/ no longer follows the messages of {}\n  \
             what to do: run `cargo xtask schema`, look at the difference and commit it",
            stale.join(", ")
        );
    }
    eprintln!("schema: {} contracts match schema/", contracts.len());
    Ok(())
}

/// Runs the contract's own generator, which writes ./schema/ where it stands.
fn generate(workspace: &Workspace, contract: &str) -> Result<String> {
    let program = workspace.built(&format!("{contract}-schema"));
    let scratch = tempfile::tempdir()?;
    Step::new(
        &program,
        format!("see that contracts/{contract}/Cargo.toml has a [[bin]] named {contract}-schema at src/bin/schema.rs"),
    )
    .dir(scratch.path())
    .silent()?;
    let written = scratch.path().join("schema").join(format!("{contract}.json"));
    let mut text = fs::read_to_string(&written).with_context(|| {
        format!("{contract}-schema wrote no schema/{contract}.json\n  what to do: use cosmwasm_schema::write_api!")
    })?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}
