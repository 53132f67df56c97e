//! Wire vectors: `tests/vectors/*.json` at the root of the repository.
//!
//! Every file is made here and nowhere else (`OPENLEDGER_WRITE_VECTORS=1 cargo test -p openledger-protocol --test
//! vectors stored`), compared with what the code makes now, and read back by checks that start from the stored text. Python and
//! TypeScript check the same files with code of their own.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that panics names the vector that broke, which is all it needs to do"
)]

mod check;
mod fraud;
mod json;
mod make;
mod messages;
mod names;

use json::{WRITE_SWITCH, path, render};

/// One comparison for all files, so that one run of the switch writes all of them.
#[test]
fn stored_vectors_are_what_the_code_makes() {
    for (name, make) in make::FILES {
        let made = make();
        let path = path(name);
        if std::env::var_os(WRITE_SWITCH).is_some() {
            std::fs::write(&path, render(&made)).unwrap();
        }
        let stored = std::fs::read_to_string(&path)
            .unwrap_or_else(|cause| panic!("{}: {cause}; write it with {WRITE_SWITCH}=1", path.display()));
        assert!(
            stored == render(&made),
            "{name} is not what the code makes: either the wire changed (a breaking change) or the file was edited"
        );
    }
}

#[test]
fn no_file_lies_there_without_a_maker() {
    let folder = path("digests.json");
    let known: Vec<&str> = make::FILES.iter().map(|(name, _)| *name).collect();
    for entry in std::fs::read_dir(folder.parent().unwrap()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let configuration = name.starts_with("package") || name.starts_with("tsconfig");
        assert!(!name.ends_with(".json") || configuration || known.contains(&name.as_str()), "{name} has no maker");
    }
}
