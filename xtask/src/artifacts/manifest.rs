//! artifacts/checksums.txt, in the format of `sha256sum`: anyone can check it without this program.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::Artifact;
use crate::digest::sha256_file;

const FILE: &str = "checksums.txt";

/// Writes the checksums of everything built.
pub fn write(folder: &Path, built: &[Artifact]) -> Result<()> {
    let text: String = built.iter().map(|artifact| format!("{}  {}\n", artifact.sha256, artifact.name)).collect();
    fs::write(folder.join(FILE), text).context("cannot write artifacts/checksums.txt")
}

/// Every file that checksums.txt names is there with that hash, and no other wasm is.
pub fn verify(folder: &Path) -> Result<()> {
    let named = read(folder)?;
    for (name, sha256) in &named {
        let found = sha256_file(&folder.join(name))
            .with_context(|| format!("artifacts/{name} is missing\n  what to do: {REBUILD}"))?;
        if found != *sha256 {
            bail!("artifacts/{name} has SHA-256 {found}, checksums.txt says {sha256}\n  what to do: {REBUILD}");
        }
    }
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".wasm") && !named.contains_key(&name) {
            bail!("artifacts/{name} is not in checksums.txt\n  what to do: {REBUILD}");
        }
    }
    Ok(())
}

/// What differs between a fresh build and the committed checksums, one line per file.
pub fn differences(folder: &Path, built: &[Artifact]) -> Result<Vec<String>> {
    let mut named = read(folder)?;
    let mut lines = Vec::new();
    for artifact in built {
        match named.remove(&artifact.name) {
            Some(sha256) if sha256 == artifact.sha256 => {}
            Some(sha256) => lines.push(format!("{}: committed {sha256}, built {}", artifact.name, artifact.sha256)),
            None => lines.push(format!("{}: not committed", artifact.name)),
        }
    }
    lines.extend(named.into_keys().map(|name| format!("{name}: committed, but no contract builds it")));
    Ok(lines)
}

const REBUILD: &str = "run `cargo xtask artifacts`";

fn read(folder: &Path) -> Result<BTreeMap<String, String>> {
    let path = folder.join(FILE);
    let text = fs::read_to_string(&path).with_context(|| format!("no artifacts/{FILE}\n  what to do: {REBUILD}"))?;
    text.lines()
        .map(|line| {
            let (sha256, name) = line
                .split_once("  ")
                .with_context(|| format!("artifacts/{FILE} has a line without a name: {line:?}"))?;
            Ok((name.to_owned(), sha256.to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn artifact(name: &str, bytes: &[u8]) -> Artifact {
        Artifact::new(name.to_owned(), bytes.to_vec())
    }

    #[test]
    fn what_is_written_verifies_and_a_changed_byte_does_not() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let built = [artifact("a.wasm", b"one"), artifact("b.wasm", b"two")];
        for artifact in &built {
            fs::write(folder.path().join(&artifact.name), &artifact.bytes)?;
        }
        write(folder.path(), &built)?;
        verify(folder.path())?;
        assert!(differences(folder.path(), &built)?.is_empty());

        fs::write(folder.path().join("a.wasm"), b"onf")?;
        let error = verify(folder.path()).expect_err("a changed file must not verify");
        assert!(error.to_string().contains("artifacts/a.wasm has SHA-256"));
        Ok(())
    }

    #[test]
    fn a_file_nobody_named_is_refused() -> Result<()> {
        let folder = tempfile::tempdir()?;
        write(folder.path(), &[])?;
        fs::write(folder.path().join("stray.wasm"), b"x")?;
        let error = verify(folder.path()).expect_err("a stray file must not verify");
        assert!(error.to_string().contains("stray.wasm is not in checksums"));
        Ok(())
    }

    #[test]
    fn differences_name_changed_missing_and_surplus_files() -> Result<()> {
        let folder = tempfile::tempdir()?;
        write(folder.path(), &[artifact("a.wasm", b"one"), artifact("gone.wasm", b"x")])?;
        let lines = differences(folder.path(), &[artifact("a.wasm", b"other"), artifact("new.wasm", b"n")])?;
        assert_eq!(lines.len(), 3);
        assert!(lines[0].starts_with("a.wasm: committed "));
        assert_eq!(lines[1], "new.wasm: not committed");
        assert_eq!(lines[2], "gone.wasm: committed, but no contract builds it");
        Ok(())
    }
}
