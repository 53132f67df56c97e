//! The list of CI steps, cheapest refusal first.

use anyhow::{Context, Result, bail};

use crate::pins::WASMD_LINES;
use crate::setup::Ready;
use crate::{artifacts, deny, e2e, proto, schema, test, wasmd};

/// A step: nothing but success or the reason.
pub type Step = fn(&Ready) -> Result<()>;

/// In order. A new check is one more line here.
pub const ALL: [(&str, Step); 12] = [
    ("format", format),
    ("one cosmwasm-std", one_cosmwasm_std),
    ("buf lint", |ready| proto::lint(&ready.workspace)),
    ("proto --check", |ready| proto::run(&ready.workspace, true)),
    ("clippy", clippy),
    ("test", test::run),
    ("schema --check", |ready| schema::run(&ready.workspace, true)),
    ("artifacts --check", |ready| artifacts::check(&ready.workspace)),
    ("e2e devnet", |ready| e2e::run(ready, "devnet")),
    ("e2e wasmd", |ready| e2e::run(ready, "wasmd")),
    ("wasmd test", |ready| wasmd::test(ready, &WASMD_LINES[0], false)),
    ("deny", |ready| deny::run(&ready.workspace)),
];

fn format(ready: &Ready) -> Result<()> {
    ready.cargo("run `cargo fmt --all` and commit the result").args(["fmt", "--all", "--", "--check"]).run()
}

fn clippy(ready: &Ready) -> Result<()> {
    ready
        .cargo("mend what clippy names")
        .args(["clippy", "--workspace", "--exclude", test::CLUSTER, "--all-targets", "--locked", "--"])
        .args(["-D", "warnings"])
        .run()
}

/// Two of them would both export the contract ABI, and the wasm would not link; native tests do not show it.
fn one_cosmwasm_std(ready: &Ready) -> Result<()> {
    let lock = std::fs::read_to_string(ready.workspace.path("Cargo.lock"))
        .context("Cargo.lock is missing: restore it with git")?;
    let found = versions(&lock, "cosmwasm-std");
    if found.len() != 1 {
        bail!(
            "Cargo.lock has {} versions of cosmwasm-std: {}\n  \
             what to do: `cargo tree -i cosmwasm-std@<version>` names who brings the other one",
            found.len(),
            found.join(", ")
        );
    }
    Ok(())
}

fn versions<'a>(lock: &'a str, package: &str) -> Vec<&'a str> {
    let name = format!("name = \"{package}\"");
    let lines: Vec<&str> = lock.lines().collect();
    lines
        .windows(2)
        .filter(|pair| pair[0] == name)
        .filter_map(|pair| pair[1].strip_prefix("version = "))
        .map(|version| version.trim_matches('"'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::versions;

    #[test]
    fn every_locked_version_of_a_package_is_found() {
        let lock = "[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n\n\
                    [[package]]\nname = \"a-b\"\nversion = \"3.0.0\"\n\n\
                    [[package]]\nname = \"a\"\nversion = \"2.0.0\"\n";
        assert_eq!(versions(lock, "a"), ["1.0.0", "2.0.0"]);
        assert!(versions(lock, "c").is_empty());
    }
}
