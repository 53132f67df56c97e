//! The repository's files, as these tests read them.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Every contract.
pub const CONTRACTS: [&str; 9] =
    ["open-token", "datanets", "models", "staking", "settlement", "disputes", "governance", "shares", "vesting"];

/// A path from the root of the repository.
pub fn path(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(relative)
}

/// The text of a file.
pub fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All Rust files below a folder with their texts, in order.
pub fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push((path.clone(), read(&path)));
            }
        }
    }
    files.sort();
    files
}

/// A contract's own sources.
pub fn sources_of(contract: &str) -> Vec<(PathBuf, String)> {
    sources(&path("contracts").join(contract).join("src"))
}
