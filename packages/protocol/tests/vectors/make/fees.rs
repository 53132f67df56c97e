use openledger_protocol::fees::{SplitTable, fee};
use serde_json::{Value, json};

use crate::{json::strings, names};

pub fn make() -> Value {
    let fees = [(3, 10, 5, 20), (0, 0, 0, 0), (11, 3, 29, 17), (u32::MAX, 1 << 60, 1, 1), (0, u128::MAX, 1, u128::MAX)];
    let fees = fees.map(|(prompt, price, response, response_price)| {
        let fee = fee(prompt, price, response, response_price).unwrap();
        case(prompt, price, response, response_price, "fee", &fee.to_string())
    });
    let overflowing = [(2, u128::MAX, 0, 0), (0, 0, 2, 1 << 127), (1, u128::MAX, 1, 1)];
    let overflowing = overflowing.map(|(prompt, price, response, response_price)| {
        let error = fee(prompt, price, response, response_price).unwrap_err();
        case(prompt, price, response, response_price, "error", names::fee(&error))
    });
    let tables = [
        ([6000, 1500, 1500, 500, 500], vec![0, 1, 2, 3, 7, 526, 9_999, 10_000, 1_000_000_000_000_001]),
        ([10_000, 0, 0, 0, 0], vec![5]),
        ([0, 0, 0, 0, 10_000], vec![5]),
        ([3333, 3333, 3334, 0, 0], vec![1, 2, 100]),
        ([2000, 2000, 2000, 2000, 2000], vec![3, 4, 12]),
    ];
    let splits: Vec<Value> = tables
        .iter()
        .flat_map(|(table, amounts)| {
            amounts.iter().map(move |amount: &u128| {
                let split = self::table(*table).split(*amount).unwrap();
                let parts = [split.contributors, split.developer, split.node, split.stakers, split.treasury];
                json!({ "table": table, "fee": amount.to_string(), "parts": strings(parts) })
            })
        })
        .collect();
    let bad = [
        ([6000, 1500, 1500, 500, 499], 1),
        ([6000, 1500, 1500, 500, 501], 1),
        ([0; 5], 1),
        ([u16::MAX; 5], 1),
        ([10_000, 0, 0, 0, 0], u128::MAX),
    ];
    let bad = bad.map(|(table, amount)| {
        let error = self::table(table).split(amount).unwrap_err();
        json!({ "table": table, "fee": amount.to_string(), "error": names::fee(&error) })
    });
    json!({
        "about": "the price of an answer, and its split in basis points: contributors, developer, node, stakers, treasury",
        "fees": fees,
        "invalid_fees": overflowing,
        "splits": splits,
        "invalid_splits": bad,
    })
}

fn case(prompt: u32, price: u128, response: u32, response_price: u128, key: &str, result: &str) -> Value {
    json!({
        "prompt_tokens": prompt,
        "prompt_price": price.to_string(),
        "response_tokens": response,
        "response_price": response_price.to_string(),
        key: result,
    })
}

pub fn table([contributors, developer, node, stakers, treasury]: [u16; 5]) -> SplitTable {
    SplitTable { contributors, developer, node, stakers, treasury }
}
