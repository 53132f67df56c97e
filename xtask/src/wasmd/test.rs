//! `wasmd test`: the suite in tests/wasmd against a fresh node, and the gas of every message it sent.

mod gas;

use std::{fs, path::Path};

use anyhow::{Context, Result};
use serde_json::json;

use super::Node;
use crate::pins::{WASMD_LINES, WasmdLine};
use crate::process::{Step, Stop};
use crate::setup::Ready;
use crate::test::CLUSTER;
use crate::{artifacts, story, test, vm};

/// Runs the suite on one line. Fails when a test fails or a message takes more gas than its limit allows.
pub fn test(ready: &Ready, line: &WasmdLine, write: bool) -> Result<()> {
    artifacts::committed(&ready.workspace)?;
    story::build(ready)?;
    let folder = ready.workspace.path("tests/wasmd");
    test::npm_install(&folder)?;
    let stop = Stop::listen()?;
    let node = Node::start(&ready.workspace, line, &stop)?;
    let log = tempfile::NamedTempFile::new()?;
    let mut endpoints = serde_json::to_value(node.endpoints()).context("cannot print the endpoints")?;
    endpoints["artifacts"] = json!(ready.workspace.path("artifacts"));
    endpoints["openledger"] = json!(ready.workspace.built("openledger"));
    ready
        .equip(Step::new("npm", "see the failing test above; `cargo xtask wasmd test` runs it again on a fresh node"))
        .args(["test", "--silent"])
        .dir(&folder)
        .env("OPENLEDGER_WASMD", endpoints.to_string())
        .env("OPENLEDGER_GAS_LOG", log.path())
        .run()?;
    fraud(ready, &node, log.path())?;
    let report = gas::Report::read(&fs::read_to_string(log.path())?)?;
    eprintln!("{}", report.table());
    if write {
        let file = ready.workspace.path(gas::DOCUMENT);
        fs::write(&file, report.document(line)).with_context(|| format!("cannot write {}", file.display()))?;
        eprintln!("wasmd test: wrote {}", gas::DOCUMENT);
    }
    report.hold_bars()
}

/// The story of every forgery, which the tests of the node play on the embedded chain.
fn fraud(ready: &Ready, node: &Node, log: &Path) -> Result<()> {
    ready
        .cargo(
            "see the failing story above; `cargo test -p openledger-node --test fraud` plays it on the embedded chain",
        )
        // With the features of the tests' build, so that nothing is built twice.
        .args(["test", "--quiet", "--locked", "--workspace", "--exclude", CLUSTER, "--test", "fraud"])
        .args(["--", "--ignored", "on_a_real_node"])
        .env("OPENLEDGER_NODE_GRPC", &node.endpoints().grpc)
        .env("OPENLEDGER_NODE_FAUCET", node.faucet_mnemonic_file())
        .env("OPENLEDGER_GAS_LOG", log)
        .run()
}

/// The rules, the machine and a node of every line, one after the other.
pub fn nightly(ready: &Ready) -> Result<()> {
    artifacts::validate_all_lines(&ready.workspace)?;
    vm::test(&ready.workspace, false)?;
    for line in &WASMD_LINES {
        eprintln!("nightly: wasmd {}", line.wasmd);
        test(ready, line, false)?;
    }
    Ok(())
}
