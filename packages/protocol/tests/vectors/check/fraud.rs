use std::collections::{BTreeMap, BTreeSet};

use crate::{
    fraud::{decide, verdict_json},
    json::{list, read, text},
};

#[test]
fn every_verdict_is_what_the_code_decides() {
    let file = read("fraud.json");
    for case in list(&file, "checks") {
        assert_eq!(verdict_json(&decide(case)), case["verdict"], "{}", text(case, "name"));
    }
}

#[test]
fn every_check_has_frauds_and_refusals() {
    let file = read("fraud.json");
    let mut seen: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for case in list(&file, "checks") {
        let kinds = case["verdict"].as_object().unwrap().keys().map(String::as_str);
        seen.entry(text(case, "check")).or_default().extend(kinds);
    }
    assert_eq!(seen.len(), 16);
    for (check, kinds) in seen {
        assert_eq!(kinds, BTreeSet::from(["fraud", "rejected"]), "{check}");
    }
}

/// What a challenger shows is what decides: with the root of another tree nothing is.
#[test]
fn no_fraud_is_decided_against_another_root() {
    let file = read("fraud.json");
    let elsewhere = "00".repeat(32);
    for case in list(&file, "checks").iter().filter(|case| case["verdict"].get("fraud").is_some()) {
        let mut case = case.clone();
        let root = match text(&case, "check") {
            "equivocation" => continue,
            "sums" => &mut case["tree"]["root"]["hash"],
            check if check.starts_with("payout") => &mut case["epoch"]["payouts"]["root"]["hash"],
            check if check.starts_with("credit_") && check != "credit_missing" => {
                &mut case["batch"]["credits"]["root"]["hash"]
            }
            _ => &mut case["batch"]["receipts_root"],
        };
        assert!(root.is_string());
        *root = elsewhere.clone().into();
        assert_eq!(
            verdict_json(&decide(&case)),
            serde_json::json!({ "rejected": "bad_opening" }),
            "{}",
            text(&case, "name")
        );
    }
}
