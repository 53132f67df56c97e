//! `e2e`: the story as a test. It must end, add up, and tell the same money on both chains.

use anyhow::{Result, bail};
use serde_json::Value;

use crate::setup::Ready;
use crate::story::{Chain, Story};

/// A named end-to-end run.
type Run = fn(&Ready) -> Result<()>;

const RUNS: [(&str, Run); 2] = [("devnet", devnet), ("wasmd", wasmd)];

/// What the story must reach at least.
const AT_LEAST: [(&str, u64); 3] = [("receipts", 6), ("signers", 3), ("claims", 8)];

/// Fields that may not depend on the chain: the money, and who got it for what.
const SAME_ON_BOTH: [&str; 8] =
    ["fee_total", "paid_total", "unattributed_total", "receipts", "signers", "claims", "answers", "payouts"];

/// Fields of an answer that name the chain, directly or through a digest.
const OF_ONE_CHAIN: [&str; 1] = ["receipt"];

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
    for name in SAME_ON_BOTH {
        if outcome.get(name).is_none_or(Value::is_null) {
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
        .filter_map(|name| {
            let (real, embedded) = (comparable(&real[*name]), comparable(&embedded[*name]));
            (real != embedded).then(|| format!("{name}: wasmd {real}, embedded {embedded}"))
        })
        .collect()
}

/// The value without what may differ between chains.
fn comparable(value: &Value) -> Value {
    match value {
        Value::Array(entries) => entries.iter().map(comparable).collect(),
        Value::Object(fields) => fields
            .iter()
            .filter(|(name, _)| !OF_ONE_CHAIN.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), comparable(value)))
            .collect(),
        plain => plain.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::{differences, verify};
    use serde_json::json;

    fn outcome() -> serde_json::Value {
        json!({
            "chain_id": "a", "fee_total": "600", "paid_total": "600", "unattributed_total": "50",
            "receipts": 6, "signers": 3, "claims": 8, "conserved": true,
            "answers": [{ "receipt": "aa", "fee": "100", "shares": [{ "contributor": "x", "amount": "60" }] }],
            "payouts": { "x": "60" },
        })
    }

    #[test]
    fn a_story_that_lost_money_or_fell_short_fails() {
        assert!(verify(&outcome()).is_ok());
        for (field, value) in [("claims", json!(7)), ("conserved", json!(false)), ("payouts", json!(null))] {
            let mut worse = outcome();
            worse[field] = value;
            assert!(verify(&worse).is_err(), "{field}");
        }
        assert!(verify(&json!({})).is_err());
    }

    #[test]
    fn money_must_agree_between_chains_and_their_names_need_not() {
        let mut other = outcome();
        other["chain_id"] = json!("b");
        other["answers"][0]["receipt"] = json!("bb");
        assert!(differences(&outcome(), &other).is_empty());
        other["answers"][0]["shares"][0]["amount"] = json!("59");
        assert_eq!(differences(&outcome(), &other).len(), 1);
    }
}
