//! `e2e`: the story as a test. It must end, add up, and tell the same money on both chains.

use anyhow::{Result, bail};
use serde_json::Value;

use crate::cli::Chain;
use crate::setup::Ready;
use crate::story::Story;

/// A named end-to-end run.
type Run = fn(&Ready) -> Result<()>;

const RUNS: [(&str, Run); 2] = [("devnet", devnet), ("wasmd", wasmd)];

/// What the story must reach at least.
const AT_LEAST: [(&str, u64); 3] = [("receipts", 6), ("signers", 3), ("claims", 8)];

/// Fields that may not depend on the chain: the money, and who got it for what.
const SAME_ON_BOTH: [&str; 6] = ["fee_total", "paid_total", "unattributed_total", "receipts", "signers", "claims"];

/// Runs one by name.
pub fn run(ready: &Ready, name: &str) -> Result<()> {
    let Some((_, run)) = RUNS.iter().find(|(known, _)| *known == name) else {
        let known: Vec<_> = RUNS.iter().map(|(known, _)| *known).collect();
        bail!("no end-to-end run is called {name:?}\n  what to do: choose one of: {}", known.join(", "));
    };
    run(ready)
}

fn devnet(ready: &Ready) -> Result<()> {
    let outcome = told(ready, Chain::Embedded)?;
    verify(&outcome)?;
    eprintln!("e2e devnet: {outcome}");
    Ok(())
}

fn wasmd(ready: &Ready) -> Result<()> {
    let real = told(ready, Chain::Wasmd)?;
    verify(&real)?;
    eprintln!("e2e wasmd: {real}");
    let embedded = told(ready, Chain::Embedded)?;
    verify(&embedded)?;
    let different = differences(&real, &embedded);
    if !different.is_empty() {
        bail!(
            "the two chains tell different money:\n  {}\n  \
             what to do: a contract or the story depends on the chain's clock, gas or order; find which",
            different.join("\n  ")
        );
    }
    eprintln!("e2e wasmd: the same fees, shares and payouts on both chains");
    Ok(())
}

fn told(ready: &Ready, chain: Chain) -> Result<Value> {
    Story { chain, once: true, json: true }.outcome(ready)
}

/// The outcome reaches every minimum and no unit of money is lost.
fn verify(outcome: &Value) -> Result<()> {
    let mut failures = Vec::new();
    if outcome.get("conserved").and_then(Value::as_bool) != Some(true) {
        failures.push("conserved is not true".to_owned());
    }
    for (name, least) in AT_LEAST {
        match outcome.get(name).and_then(count) {
            Some(found) if found >= least => {}
            Some(found) => failures.push(format!("{name} is {found}, at least {least} expected")),
            None => failures.push(format!("{name} is missing")),
        }
    }
    for name in ["fee_total", "paid_total", "unattributed_total"] {
        if outcome.get(name).is_none() {
            failures.push(format!("{name} is missing"));
        }
    }
    if failures.is_empty() {
        return Ok(());
    }
    bail!(
        "the story ended with {outcome}, but {}\n  what to do: play it with `cargo xtask devnet --once` and read its table",
        failures.join("; ")
    )
}

/// A count, given as a number or as a list of the things counted.
fn count(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_array().map(|list| list.len() as u64))
}

fn differences(real: &Value, embedded: &Value) -> Vec<String> {
    SAME_ON_BOTH
        .iter()
        .filter(|name| real.get(**name) != embedded.get(**name))
        .map(|name| format!("{name}: wasmd {}, embedded {}", real[*name], embedded[*name]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{differences, verify};
    use serde_json::json;

    #[test]
    fn a_story_that_lost_money_or_fell_short_fails() {
        let mut outcome = json!({
            "fee_total": "600", "paid_total": "550", "unattributed_total": "50",
            "receipts": 6, "signers": 3, "claims": 8, "conserved": true,
        });
        assert!(verify(&outcome).is_ok());
        outcome["claims"] = json!(7);
        assert!(verify(&outcome).is_err());
        outcome["claims"] = json!(8);
        outcome["conserved"] = json!(false);
        assert!(verify(&outcome).is_err());
        assert!(verify(&json!({})).is_err());
    }

    #[test]
    fn only_the_money_must_agree_between_chains() {
        let real = json!({ "fee_total": "1", "chain_id": "a" });
        assert!(differences(&real, &json!({ "fee_total": "1", "chain_id": "b" })).is_empty());
        assert_eq!(differences(&real, &json!({ "fee_total": "2" })).len(), 1);
    }
}
