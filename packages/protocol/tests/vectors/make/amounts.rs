use openledger_protocol::amount;
use serde_json::{Value, json};

use crate::{json::strings, names};

pub fn make() -> Value {
    let values = [0, 1, 9, 10, 1_000_000, (1 << 53) + 1, u128::from(u64::MAX), 1_000_000_000_000_000, u128::MAX];
    let valid =
        values.map(|value| json!({ "text": amount::format(value), "big_endian": hex::encode(value.to_be_bytes()) }));
    let spellings = [
        "",
        "00",
        "01",
        "+1",
        "-1",
        "-0",
        " 1",
        "1 ",
        "1\n",
        "1.0",
        "1e3",
        "0x1",
        "1_000",
        "1,000",
        "١",
        "１",
        "²",
        "NaN",
        "340282366920938463463374607431768211456",
        "999999999999999999999999999999999999999",
        "1000000000000000000000000000000000000000000000000000000000000",
    ];
    let invalid =
        spellings.map(|text| json!({ "text": text, "error": names::amount(&amount::parse(text).unwrap_err()) }));
    let sums = [vec![], vec![1, 2, 3], vec![u128::MAX, 0], vec![u128::MAX - 5, 2, 3]]
        .map(|values| json!({ "values": strings(&values), "sum": amount::sum(values).unwrap().to_string() }));
    let bad_sums = [vec![u128::MAX, 1], vec![1 << 127, 1 << 127]]
        .map(|values| json!({ "values": strings(&values), "error": names::amount(&amount::sum(values).unwrap_err()) }));
    json!({
        "about": "amounts in uopen: decimal digits, one spelling per value, at most 2^128 - 1",
        "valid": valid,
        "invalid": invalid,
        "sums": sums,
        "invalid_sums": bad_sums,
    })
}
