use openledger_protocol::{
    credits::{Payees, credits, leaf, receipts_root, root},
    merkle_sum,
};
use serde_json::{Value, json};

use super::{fees::table, merkle_sum::node_json, with};
use crate::{
    messages::{credit_json, encode, receipt},
    names,
};

const TABLE: [u16; 5] = [6000, 1500, 1500, 500, 500];

pub fn make() -> Value {
    let base = super::receipt();
    let free = [("prompt_tokens", json!(0)), ("response_tokens", json!(0)), ("fee", json!("0"))]
        .into_iter()
        .fold(base.clone(), |receipt, (key, value)| with(&receipt, key, value));
    let nobody = json!({
        "policy": "counterfactual-forward/1",
        "deltas": ["5", "9", "0", "0"],
        "floor": "10",
        "lift": "100",
        "shares": ["0", "0", "0", "0"],
        "explained": "0",
        "unattributed": "1000000000",
    });
    let thirds = json!({ "shares": ["333333333", "333333333", "333333333", "1"], "unattributed": "0" });
    let four = ["wasm1alice", "wasm1bob", "wasm1carol", "wasm1dave"];
    let repeated = ["wasm1developer", "wasm1alice", "wasm1developer", "wasm1alice"];
    let cases = [
        ("two of four clusters explain half", base.clone(), TABLE, four),
        ("one account in several roles", with(&base, "attribution", thirds), TABLE, repeated),
        ("nobody is attributed", with(&base, "attribution", nobody), TABLE, four),
        ("everything to the contributors", with(&base, "session_id", "8".into()), [10_000, 0, 0, 0, 0], four),
        ("a free answer", free, TABLE, four),
    ];
    let receipts: Vec<_> = cases.iter().map(|(_, json, _, _)| receipt(json)).collect();
    let mut index = 0u64;
    let valid = cases.map(|(name, json, split, contributors)| {
        index = index * 200 + 1;
        let credits = credits(&receipt(&json), index, &table(split), &payees(&contributors)).unwrap();
        let leaves: Vec<_> = credits.iter().map(|credit| leaf(credit).unwrap()).collect();
        let reversed: Vec<_> = leaves.iter().rev().copied().collect();
        json!({
            "name": name,
            "receipt": json,
            "receipt_index": index.to_string(),
            "receipt_id": hex::encode(encode("receipt", &json).1),
            "table": split,
            "payees": payees_json(&contributors),
            "credits": credits.iter().map(credit_json).collect::<Vec<_>>(),
            "leaves": leaves.iter().map(node_json).collect::<Vec<_>>(),
            "root": node_json(&root(&credits).unwrap()),
            "root_in_reverse": node_json(&merkle_sum::root(&reversed).unwrap()),
        })
    });
    json!({
        "about": "a receipt, its position in the batch, a split table and the payees of the chain give credits sorted by payee, receipt, role and \
                  cluster, without zero amounts; the leaf of a credit is its encoding under its amount",
        "valid": valid,
        "receipts_root": hex::encode(receipts_root(&receipts)),
        "invalid": invalid(&base, &four),
    })
}

fn invalid(base: &Value, four: &[&str]) -> Vec<Value> {
    let mut unexplained = base.clone();
    unexplained["attribution"]["unattributed"] = "499999999".into();
    let mut greedy = base.clone();
    greedy["attribution"]["shares"][0] = "416666668".into();
    let mut silent = base.clone();
    silent.as_object_mut().unwrap().remove("attribution");
    let cases = [
        ("fee above tokens times prices", with(base, "fee", "527".into()), TABLE, four),
        ("fee below tokens times prices", with(base, "fee", "525".into()), TABLE, four),
        ("one token more", with(base, "response_tokens", 30.into()), TABLE, four),
        ("shares sum to more than one", greedy, TABLE, four),
        ("shares sum to less than one", unexplained, TABLE, four),
        ("no attribution", silent, TABLE, four),
        ("a cluster too few on chain", base.clone(), TABLE, &four[..3]),
        ("fee with a leading zero", with(base, "fee", "0526".into()), TABLE, four),
        (
            "price above 128 bits",
            with(base, "prompt_price", "340282366920938463463374607431768211456".into()),
            TABLE,
            four,
        ),
        ("price that overflows", with(base, "prompt_price", u128::MAX.to_string().into()), TABLE, four),
        ("table that keeps something", base.clone(), [6000, 1500, 1500, 500, 499], four),
    ];
    cases
        .into_iter()
        .map(|(name, json, split, contributors)| {
            let error = credits(&receipt(&json), 0, &table(split), &payees(contributors)).unwrap_err();
            json!({
                "name": name,
                "receipt": json,
                "table": split,
                "payees": payees_json(contributors),
                "error": names::credit(&error),
            })
        })
        .collect()
}

fn payees(contributors: &[&str]) -> Payees {
    Payees {
        contributors: contributors.iter().map(ToString::to_string).collect(),
        commons: "wasm1commons".into(),
        developer: "wasm1developer".into(),
        node: "wasm1node".into(),
        stakers: "wasm1stakers".into(),
        treasury: "wasm1treasury".into(),
    }
}

fn payees_json(contributors: &[&str]) -> Value {
    let payees = payees(contributors);
    json!({
        "contributors": contributors,
        "commons": payees.commons,
        "developer": payees.developer,
        "node": payees.node,
        "stakers": payees.stakers,
        "treasury": payees.treasury,
    })
}
