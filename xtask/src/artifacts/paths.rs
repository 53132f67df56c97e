//! No name of a folder of the building machine may reach the chain: it would make the bytes irreproducible.

use anyhow::{Result, bail};

use super::{Artifact, build};
use crate::workspace::Workspace;

/// Beginnings of absolute paths on the machines people build on.
const ABSOLUTE: [&str; 4] = ["/home/", "/root/", "/Users/", "/tmp/"];

/// Refuses an artifact that holds an absolute path.
pub fn reject(workspace: &Workspace, artifact: &Artifact) -> Result<()> {
    let mut needles: Vec<String> = ABSOLUTE.iter().map(|text| (*text).to_owned()).collect();
    for (folder, _) in build::machine_folders(workspace)? {
        needles.push(folder.to_string_lossy().into_owned());
    }
    for needle in needles {
        if let Some(at) = find(&artifact.bytes, needle.as_bytes()) {
            let end = artifact.bytes.len().min(at + 120);
            bail!(
                "{} holds a path of this machine: {:?}\n  \
                 what to do: find the dependency that embeds it and add a remap in xtask/src/artifacts/build.rs",
                artifact.name,
                String::from_utf8_lossy(&artifact.bytes[at..end])
            );
        }
    }
    Ok(())
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}
