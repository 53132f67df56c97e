//! `buf lint`, from its npm package: the binary ships inside a registry package, pinned by version.

use anyhow::Result;

use crate::pins;
use crate::process::Step;
use crate::workspace::Workspace;

/// Checks proto/ against the rules in buf.yaml.
pub fn lint(workspace: &Workspace) -> Result<()> {
    let home = workspace.tools(format!("buf-{}", pins::BUF));
    let program = home.join("node_modules/.bin/buf");
    if !program.exists() {
        eprintln!("proto: installing buf {}", pins::BUF);
        std::fs::create_dir_all(&home)?;
        Step::new("npm", "install Node.js 20 or later with npm, then run this again")
            .args(["install", "--silent", "--no-save", "--no-audit", "--no-fund"])
            .args(["--ignore-scripts", "--prefix"])
            .arg(&home)
            .arg(format!("@bufbuild/buf@{}", pins::BUF))
            .silent()?;
    }
    Step::new(program, "mend the lines that buf names; the rules are in buf.yaml")
        .arg("lint")
        .dir(workspace.root())
        .run()?;
    eprintln!("proto: buf lint is clean");
    Ok(())
}
