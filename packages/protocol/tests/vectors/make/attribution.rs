use openledger_protocol::attribution::{MAX_MICRO_NATS, POLICY_COUNTERFACTUAL_FORWARD, attribute};
use serde_json::{Value, json};

use crate::{json::strings, messages::attribution_json, names};

pub fn make() -> Value {
    let top = MAX_MICRO_NATS;
    let valid: [(&[i64], u64, i64); 11] = [
        (&[6_000_000, 2_000_000, 900_000, -5], 1_000_000, 12_000_000),
        (&[5, 9], 10, 100),
        (&[50, 90], 10, 0),
        (&[50, 90], 10, -4),
        (&[], 0, 9),
        (&[10], 10, 1),
        (&[7, 7, 7], 0, 22),
        (&[7, 7, 7], 0, 21),
        (&[1, 1, 1], 0, 1),
        (&[1], 0, 1_000_000_000_000),
        (&[top, top, -top], 0, top),
    ];
    let valid = valid.map(|(deltas, floor, lift)| attribution_json(&attribute(deltas, floor, lift).unwrap()));
    let invalid: [(&[i64], usize, u64, i64); 6] = [
        (&[i64::MIN], 1, 0, 1),
        (&[top + 1], 1, 0, 1),
        (&[-top - 1], 1, 0, 1),
        (&[1], 1, u64::MAX, 1),
        (&[1], 1, 0, -top - 1),
        (&[0], 4097, 0, 1),
    ];
    let invalid = invalid.map(|(deltas, times, floor, lift)| {
        json!({
            "deltas": strings(deltas),
            "times": times,
            "floor": floor.to_string(),
            "lift": lift.to_string(),
            "error": names::attribution(&attribute(&deltas.repeat(times), floor, lift).unwrap_err()),
        })
    });
    json!({
        "about": "micro-nats to parts per billion; an invalid case's deltas are repeated so many times",
        "policy": POLICY_COUNTERFACTUAL_FORWARD,
        "valid": valid,
        "invalid": invalid,
    })
}
