//! `mutants`: does a test notice when the code that moves money is wrong?
//!
//! cargo-mutants changes one expression at a time and runs the contract's tests. A change that no test notices must be explained
//! in tests/mutants/explained.txt, or the run fails. It takes hours, so `nightly` runs it and CI does not.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result, bail};

use crate::process::Step;
use crate::workspace::Workspace;
use crate::{pins, tool};

/// Code that moves money or counts it, by contract.
const MONEY: [(&str, &[&str]); 3] = [
    ("settlement", &["src/execute/**", "src/params.rs", "src/state.rs", "src/voucher.rs", "src/round.rs"]),
    (
        "staking",
        &[
            "src/execute/**",
            "src/bls.rs",
            "src/book.rs",
            "src/exits.rs",
            "src/liens.rs",
            "src/params.rs",
            "src/power.rs",
            "src/quorum.rs",
            "src/rewards.rs",
            "src/stake.rs",
            "src/state.rs",
        ],
    ),
    ("vesting", &["src/execute/**", "src/state.rs", "src/schedule.rs"]),
];

/// Survivors with the reason why each changes nothing that anybody could notice: a line of cargo-mutants, then `  # why`.
const EXPLAINED: &str = "tests/mutants/explained.txt";

/// Mutates the money paths of every contract, or of one.
pub fn run(workspace: &Workspace, only: Option<&str>) -> Result<()> {
    let program = tool::installed(workspace, "cargo-mutants", pins::CARGO_MUTANTS)?;
    let explained = explained(&fs::read_to_string(workspace.path(EXPLAINED)).context(EXPLAINED)?);
    let mut unexplained = Vec::new();
    for (contract, files) in MONEY.iter().filter(|(contract, _)| only.is_none_or(|only| only == *contract)) {
        let output = workspace.path(format!("target/mutants/{contract}"));
        fs::create_dir_all(&output)?;
        let mut step =
            Step::new(&program, "read the log above").args(["mutants", "--package", contract, "--output"]).arg(&output);
        for file in *files {
            step = step.arg("--file").arg(format!("contracts/{contract}/{file}"));
        }
        // Survivors make cargo-mutants fail, which is for us to judge.
        let status = step
            .args(["--no-shuffle", "--minimum-test-timeout", "60", "--colors", "never"])
            .dir(workspace.root())
            .into_command()
            .status()
            .context("cargo-mutants could not be started")?;
        let results = output.join("mutants.out");
        let read = |name: &str| fs::read_to_string(results.join(name)).with_context(|| format!("{name}: {status}"));
        let survivors: Vec<String> = read("missed.txt")?.lines().map(ToOwned::to_owned).collect();
        let caught = read("caught.txt")?.lines().count();
        let timeouts = read("timeout.txt")?.lines().count();
        eprintln!(
            "mutants: {contract}: {caught} caught, {timeouts} ran into the time limit, {} survived",
            survivors.len()
        );
        unexplained.extend(survivors.into_iter().filter(|survivor| !explained.contains(&without_place(survivor))));
    }
    if unexplained.is_empty() {
        return Ok(());
    }
    bail!(
        "{} changes of money paths that no test notices:\n  {}\n  what to do: write the test that notices, or explain it in {EXPLAINED}",
        unexplained.len(),
        unexplained.join("\n  ")
    )
}

fn explained(text: &str) -> BTreeSet<String> {
    let lines = text.lines().map(str::trim_end);
    lines.filter(|line| !line.is_empty() && !line.starts_with([' ', '#'])).map(without_place).collect()
}

/// `contracts/x/src/y.rs:12:3: replace a with b` without line and column, which move with every edit above them.
fn without_place(line: &str) -> String {
    match line.split_once(": ") {
        Some((place, change)) => format!("{}: {change}", place.split(':').next().unwrap_or_default()),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{explained, without_place};

    #[test]
    fn an_explanation_holds_wherever_the_line_moves() {
        let known = explained("# Why these may stay.\n\na/b.rs:1:2: replace f -> u8 with 0\n  # nobody reads it\n");
        assert_eq!(known.len(), 1);
        assert!(known.contains(&without_place("a/b.rs:90:17: replace f -> u8 with 0")));
        assert!(!known.contains(&without_place("a/b.rs:90:17: replace f -> u8 with 1")));
    }
}
