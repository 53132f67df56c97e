//! `test`: everything a developer needs to trust a change. Each runner prints its own closing lines.

use std::fs;

use anyhow::Result;

use crate::process::Step;
use crate::setup::Ready;

/// Rust first, then the same vectors in the two other languages that clients are written in.
pub fn run(ready: &Ready) -> Result<()> {
    ready
        .cargo("mend the failing tests above; `cargo test -p <crate> <name>` runs it alone")
        .args(["test", "--workspace", "--no-fail-fast"])
        .run()?;
    python_vectors(ready)?;
    typescript_vectors(ready)
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

fn typescript_vectors(ready: &Ready) -> Result<()> {
    let folder = ready.workspace.path("tests/vectors");
    let lock = fs::read_to_string(folder.join("package-lock.json")).unwrap_or_default();
    let stamp = folder.join("node_modules/.installed-from");
    if !fs::read_to_string(&stamp).is_ok_and(|text| text == lock) {
        Step::new("npm", "install Node.js 20 or later with npm, then run this again")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"])
            .dir(&folder)
            .silent()?;
        fs::write(&stamp, lock)?;
    }
    Step::new("npm", "compare the vector it names with packages/protocol: the bytes must agree in every language")
        .args(["test", "--silent"])
        .dir(&folder)
        .run()
}
