//! `proto`: the committed Rust messages and descriptor set follow proto/, and proto/ follows its style.

mod generate;
mod lint;

use std::fs;

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;

/// Where the generated files live, below the root.
const GENERATED: &str = "packages/protocol/src/gen";

/// Writes the generated files, or with `check` compares them with what is committed.
pub fn run(workspace: &Workspace, check: bool) -> Result<()> {
    let folder = workspace.path(GENERATED);
    let files = generate::all(&workspace.path("proto"))?;
    let mut stale = Vec::new();
    for (name, bytes) in files {
        let path = folder.join(&name);
        let same = fs::read(&path).is_ok_and(|old| old == bytes);
        if same {
            continue;
        }
        if check {
            stale.push(name);
        } else {
            fs::create_dir_all(&folder)?;
            fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
            eprintln!("proto: wrote {GENERATED}/{name}");
        }
    }
    if !stale.is_empty() {
        bail!(
            "{} in {GENERATED} no longer follow proto/\n  \
             what to do: run `cargo xtask proto` and commit the result",
            stale.join(", ")
        );
    }
    eprintln!("proto: {GENERATED} follows proto/");
    Ok(())
}

/// Checks proto/ against buf.yaml.
pub use lint::lint;
