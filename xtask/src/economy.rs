//! `economy`: random histories over the contracts against a plain model; the seed of a failure reproduces it.

use std::ffi::OsString;

use anyhow::Result;

use crate::setup::Ready;

/// Plays histories; the flags are those of `openledger-economy`, which says them with `--help`.
pub fn run(ready: &Ready, args: &[OsString]) -> Result<()> {
    ready
        .cargo("the line above says how to play the same history again")
        .args(["run", "--release", "--locked", "--package", "openledger-economy", "--"])
        .args(args)
        .run()
}
