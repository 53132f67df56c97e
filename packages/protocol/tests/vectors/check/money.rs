use openledger_protocol::{
    attribution::attribute,
    credits::{Payees, credits, leaf},
    dot::dot,
    fees::SplitTable,
    merkle_sum,
    shares::{SHARE_ONE, largest_remainder},
};
use serde_json::Value;

use crate::{
    json::{list, number, numbers, read, text},
    messages, names,
};

#[test]
fn parts_sum_to_the_whole() {
    let file = read("shares.json");
    assert_eq!(text(&file, "share_one"), SHARE_ONE.to_string());
    for case in list(&file, "valid") {
        let parts: Vec<u128> = numbers(case, "parts");
        assert_eq!(parts.iter().sum::<u128>(), number::<u128>(case, "total"), "{case}");
        assert_eq!(largest_remainder(&numbers::<u64>(case, "weights"), number(case, "total")), Ok(parts), "{case}");
    }
    for case in list(&file, "invalid") {
        let error = largest_remainder(&numbers::<u64>(case, "weights"), number(case, "total")).unwrap_err();
        assert_eq!(names::share(&error), text(case, "error"), "{case}");
    }
}

#[test]
fn splits_lose_nothing() {
    let file = read("fees.json");
    for case in list(&file, "splits") {
        assert_eq!(numbers::<u128>(case, "parts").iter().sum::<u128>(), number::<u128>(case, "fee"), "{case}");
    }
    for case in list(&file, "invalid_splits") {
        let error = table(case).split(number(case, "fee")).unwrap_err();
        assert_eq!(names::fee(&error), text(case, "error"), "{case}");
    }
}

#[test]
fn attribution_is_conserved() {
    let file = read("attribution.json");
    for case in list(&file, "valid") {
        let shares: u64 = numbers::<u64>(case, "shares").iter().sum();
        assert_eq!(shares, number::<u64>(case, "explained"), "{case}");
        assert_eq!(shares + number::<u64>(case, "unattributed"), SHARE_ONE, "{case}");
    }
    for case in list(&file, "invalid") {
        let times = usize::try_from(case["times"].as_u64().unwrap()).unwrap();
        let deltas = numbers::<i64>(case, "deltas").repeat(times);
        let error = attribute(&deltas, number(case, "floor"), number(case, "lift")).unwrap_err();
        assert_eq!(names::attribution(&error), text(case, "error"), "{case}");
    }
}

#[test]
fn dot_products_are_exact() {
    let file = read("dot.json");
    for case in list(&file, "valid") {
        let (left, right) = (vector(case, "left"), vector(case, "right"));
        let sum: i64 = left.iter().zip(&right).map(|(a, b)| i64::from(*a) * i64::from(*b)).sum();
        assert_eq!(i64::from(dot(&left, &right).unwrap()), sum);
        assert_eq!(case["dot"].as_i64(), Some(sum));
    }
    for case in list(&file, "invalid") {
        let error = dot(&vector(case, "left"), &vector(case, "right")).unwrap_err();
        assert_eq!(names::dot(&error), text(case, "error"));
    }
}

#[test]
fn credits_add_up_and_false_receipts_pay_nobody() {
    let file = read("credits.json");
    for case in list(&file, "valid") {
        let stored: Vec<_> = list(case, "credits").iter().map(messages::credit).collect();
        let total: u128 = stored.iter().map(|credit| credit.amount.parse::<u128>().unwrap()).sum();
        assert_eq!(total, number::<u128>(&case["receipt"], "fee"), "{case}");
        let leaves: Vec<_> = stored.iter().map(|credit| leaf(credit).unwrap()).collect();
        let root = merkle_sum::root(&leaves).unwrap();
        assert_eq!(hex::encode(root.hash), text(&case["root"], "hash"), "{case}");
        assert_eq!(root.sum, total, "{case}");
        assert_eq!(case["root"] == case["root_in_reverse"], stored.len() < 2, "{case}");
    }
    for case in list(&file, "invalid") {
        let error = credits(&messages::receipt(&case["receipt"]), 0, &table(case), &payees(case)).unwrap_err();
        assert_eq!(names::credit(&error), text(case, "error"), "{case}");
    }
}

fn table(case: &Value) -> SplitTable {
    let parts: Vec<u16> =
        list(case, "table").iter().map(|part| u16::try_from(part.as_u64().unwrap()).unwrap()).collect();
    let [contributors, developer, node, stakers, treasury] = parts.try_into().unwrap();
    SplitTable { contributors, developer, node, stakers, treasury }
}

fn payees(case: &Value) -> Payees {
    let payees = &case["payees"];
    Payees {
        contributors: list(payees, "contributors").iter().map(|payee| payee.as_str().unwrap().into()).collect(),
        commons: text(payees, "commons").into(),
        developer: text(payees, "developer").into(),
        node: text(payees, "node").into(),
        stakers: text(payees, "stakers").into(),
        treasury: text(payees, "treasury").into(),
    }
}

fn vector(case: &Value, key: &str) -> Vec<i8> {
    let once: Vec<i8> = list(case, key).iter().map(|value| i8::try_from(value.as_i64().unwrap()).unwrap()).collect();
    once.repeat(usize::try_from(case["times"].as_u64().unwrap()).unwrap())
}
