//! `test`: everything a developer needs to trust a change. Each runner prints its own closing lines.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::process::Step;
use crate::setup::Ready;

/// Brings DataFusion and Ballista, which take longer to build than all checks of a change may: `nightly` has it.
pub const CLUSTER: &str = "openledger-corpus-cluster";

/// Rust first, then the same vectors in the two other languages that clients are written in, then a wallet's client.
pub fn run(ready: &Ready) -> Result<()> {
    let next = "mend the failing tests above; `cargo test -p <crate> <name>` runs it alone";
    // Everything but the examples, which clippy compiles and nobody runs here: linking them takes as long as many tests.
    for targets in [&["--lib", "--bins", "--tests"][..], &["--doc"]] {
        ready.cargo(next).args(["test", "--workspace", "--exclude", CLUSTER, "--no-fail-fast"]).args(targets).run()?;
    }
    python_vectors(ready)?;
    attribution_rows(ready)?;
    typescript_vectors(ready)?;
    cosmjs(ready)
}

/// Rows compared by plans, in process and on a cluster of processes: the same as by plain code.
pub fn cluster(ready: &Ready) -> Result<()> {
    ready
        .cargo("mend what clippy names")
        .args(["clippy", "-p", CLUSTER, "-p", "openledger-node", "--features", "openledger-node/cluster"])
        .args(["--all-targets", "--locked", "--", "-D", "warnings"])
        .run()?;
    ready
        .cargo("mend the failing tests above; plans must find what `openledger_corpus::clusters` finds")
        .args(["test", "-p", CLUSTER, "--no-fail-fast"])
        .run()
}

fn python_vectors(ready: &Ready) -> Result<()> {
    ready
        .equip(Step::new(
            "python3",
            "compare the vector it names with packages/protocol: the bytes must agree in every language",
        ))
        .arg("tests/vectors/check.py")
        .run()
}

fn attribution_rows(ready: &Ready) -> Result<()> {
    let fix = "run tests/attribution/make.py and look at what changed: published scores are of the committed rows";
    ready.equip(Step::new("python3", fix)).args(["tests/attribution/make.py", "--check"]).run()
}

fn typescript_vectors(ready: &Ready) -> Result<()> {
    npm_test(
        ready,
        "tests/vectors",
        "compare the vector it names with packages/protocol: the bytes must agree in every language",
    )
}

/// The client that wallets are built on, against the embedded chain.
fn cosmjs(ready: &Ready) -> Result<()> {
    // With the features of the tests, so that nothing is built twice.
    ready
        .cargo("mend the crate that does not compile")
        .args(["build", "--quiet", "--workspace", "--exclude", CLUSTER, "--example", "serve"])
        .run()?;
    let folder = npm_installed(ready, "tests/cosmjs")?;
    let next = "a wallet's client must work against the embedded chain: see the failing call above";
    ready
        .equip(Step::new("npm", next))
        .args(["test", "--silent"])
        .env("OPENLEDGER_SIMULATION", ready.workspace.built("examples/serve"))
        .dir(&folder)
        .run()
}

/// Installs a folder's pinned packages when its lock changed, and runs its tests.
fn npm_test(ready: &Ready, folder: &str, on_failure: &'static str) -> Result<()> {
    let folder = npm_installed(ready, folder)?;
    ready.equip(Step::new("npm", on_failure)).args(["test", "--silent"]).dir(&folder).run()
}

/// A folder of the workspace with its packages installed.
fn npm_installed(ready: &Ready, folder: &str) -> Result<PathBuf> {
    let folder = ready.workspace.path(folder);
    npm_install(&folder)?;
    Ok(folder)
}

/// Installs a folder's pinned packages when its lock changed.
pub fn npm_install(folder: &Path) -> Result<()> {
    let lock = fs::read_to_string(folder.join("package-lock.json")).unwrap_or_default();
    let stamp = folder.join("node_modules/.installed-from");
    if !fs::read_to_string(&stamp).is_ok_and(|text| text == lock) {
        Step::new("npm", "install Node.js 20 or later with npm, then run this again")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"])
            .dir(folder)
            .silent()?;
        fs::write(&stamp, lock)?;
    }
    Ok(())
}
