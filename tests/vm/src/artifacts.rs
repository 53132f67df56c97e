//! The committed bytes.

use std::fs;
use std::path::PathBuf;

/// What a contract may ask of the chain: everything up to `cosmwasm_2_1`, and nothing above it.
pub const CAPABILITIES: &str =
    "iterator,staking,stargate,cosmwasm_1_1,cosmwasm_1_2,cosmwasm_1_3,cosmwasm_1_4,cosmwasm_2_0,cosmwasm_2_1";

/// What a chain takes at most, in bytes.
pub const MOST_BYTES: usize = 800 * 1024;

/// Where the artifacts are: `artifacts/`, or the folder that OPENLEDGER_VM_ARTIFACTS names.
pub fn folder() -> PathBuf {
    let committed = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../artifacts"));
    std::env::var_os("OPENLEDGER_VM_ARTIFACTS").map_or_else(committed, PathBuf::from)
}

/// Every artifact: name and bytes, sorted.
pub fn all() -> Vec<(String, Vec<u8>)> {
    let read = fs::read_dir(folder()).expect("the artifacts' folder");
    let files = read.map(|entry| entry.expect("an entry").path());
    let wasm = files.filter(|path| path.extension().is_some_and(|end| end == "wasm"));
    let mut all: Vec<_> = wasm
        .map(|path| {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            (name, fs::read(path).expect("an artifact"))
        })
        .collect();
    all.sort();
    all
}

/// The bytes of one.
pub fn one(name: &str) -> Vec<u8> {
    let path = folder().join(format!("{name}.wasm"));
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}: run `cargo xtask artifacts` first", path.display()))
}
