use openledger_protocol::shares::{SHARE_ONE, largest_remainder};
use serde_json::{Value, json};

use crate::{json::strings, names};

pub fn make() -> Value {
    let big = u64::MAX;
    let valid: [(&[u64], u128); 14] = [
        (&[1, 1, 1], 10),
        (&[1, 1, 1], 11),
        (&[1, 1, 1], 2),
        (&[1, 1, 1], 0),
        (&[0, 1], 1),
        (&[0, 3, 0, 3, 0], 5),
        (&[5], 1_000_000_007),
        (&[416_666_667, 83_333_333, 0, 0, 500_000_000], 316),
        (&[6000, 1500, 1500, 500, 500], 526),
        (&[6000, 1500, 1500, 500, 500], 1),
        (&[3, 5, 7, 11, 13], 100),
        (&[1, 2, 3, 4], SHARE_ONE as u128),
        (&[big, big, 1], u64::MAX as u128),
        (&[1, big], u64::MAX as u128),
    ];
    let valid = valid.map(|(weights, total)| {
        let parts = largest_remainder(weights, total).unwrap();
        json!({ "weights": strings(weights), "total": total.to_string(), "parts": strings(parts) })
    });
    let invalid: [(&[u64], u128); 4] = [(&[], 1), (&[0, 0], 1), (&[2], u128::MAX), (&[1, big], 1 << 65)];
    let invalid = invalid.map(|(weights, total)| {
        let error = names::share(&largest_remainder(weights, total).unwrap_err());
        json!({ "weights": strings(weights), "total": total.to_string(), "error": error })
    });
    json!({
        "about": "division by the largest remainder, ties to the lower index; total times weight must fit 128 bits",
        "share_one": SHARE_ONE.to_string(),
        "valid": valid,
        "invalid": invalid,
    })
}
