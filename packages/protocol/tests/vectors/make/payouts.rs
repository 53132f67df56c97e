use openledger_protocol::{
    Credit, Message, Payout, Scope, merkle_sum,
    payouts::{Payouts, leaf},
};
use serde_json::{Value, json};

use super::{filled, merkle_sum::node_json, merkle_sum::proof_json, settlement, staking};
use crate::{
    messages::{credit, credit_json, scope},
    names,
};

pub fn make() -> Value {
    let first = [("wasm1carol", 131), ("wasm1alice", 26), ("wasm1commons", 159), ("wasm1alice", 4)];
    let second = [("wasm1alice", 1_000_000_007), ("wasm1bob", 1), ("wasm1node", 79)];
    let third = [("wasm1zoe", u128::from(u64::MAX)), ("wasm1bob", (1 << 53) + 1)];
    let scope = scope(&settlement());
    let mut payouts = Payouts::default();
    let mut roots = vec![payouts.root(&scope).unwrap()];
    let epochs: Vec<Value> = [&first[..], &second, &third]
        .into_iter()
        .map(|earned| {
            let credits: Vec<Credit> = earned.iter().map(|(payee, amount)| credit_of(payee, &amount.to_string())).collect();
            payouts.add(&credits).unwrap();
            roots.push(payouts.root(&scope).unwrap());
            json!({
                "credits": credits.iter().map(credit_json).collect::<Vec<_>>(),
                "payouts": payouts.iter().map(|(payee, earned)| payout(&payouts, &scope, payee, earned)).collect::<Vec<_>>(),
                "root": node_json(&roots[roots.len() - 1]),
            })
        })
        .collect();
    let invalid_credits = [
        ("leading zero", "wasm1alice", "07"),
        ("negative", "wasm1alice", "-1"),
        ("too large", "wasm1alice", "340282366920938463463374607431768211456"),
        ("overflows what the payee has", "wasm1alice", "340282366920938463463374607431768211455"),
    ];
    let invalid_credits = invalid_credits.map(|(name, payee, amount)| {
        let credit = credit_of(payee, amount);
        let error = payouts.clone().add([&credit]).unwrap_err();
        json!({ "name": name, "credit": credit_json(&credit), "error": names::amount(&error) })
    });
    json!({
        "about": "cumulative payouts sorted by payee; a payee's leaf is its Payout message under its cumulative amount; \
                  the invalid credits come on top of the last epoch and change nothing",
        "scope": settlement(),
        "empty_root": node_json(&roots[0]),
        "epochs": epochs,
        "invalid_credits": invalid_credits,
        "invalid_claims": invalid_claims(&payouts, &scope, roots[2]),
    })
}

fn credit_of(payee: &str, amount: &str) -> Credit {
    credit(&json!({
        "payee": payee,
        "receipt_id": filled(0x44),
        "role": "CREDIT_ROLE_CONTRIBUTOR",
        "cluster": "1",
        "amount": amount,
        "receipt_index": "2",
    }))
}

fn payout(payouts: &Payouts, scope: &Scope, payee: &str, earned: u128) -> Value {
    let message = Payout { scope: Some(scope.clone()), payee: payee.into(), cumulative_amount: earned.to_string() };
    let (_, proof) = payouts.proof(scope, payee).unwrap().unwrap();
    json!({
        "payee": payee,
        "cumulative_amount": earned.to_string(),
        "encoding": hex::encode(message.encode_to_vec()),
        "leaf": node_json(&leaf(scope, payee, earned)),
        "proof": proof_json(&proof),
    })
}

fn invalid_claims(payouts: &Payouts, here: &Scope, earlier: merkle_sum::Node) -> Vec<Value> {
    let root = payouts.root(here).unwrap();
    let (earned, proof) = payouts.proof(here, "wasm1alice").unwrap().unwrap();
    let (_, of_bob) = payouts.proof(here, "wasm1bob").unwrap().unwrap();
    let elsewhere = staking();
    let cases = [
        ("one unit more", settlement(), "wasm1alice", earned + 1, root, &proof),
        ("one unit less", settlement(), "wasm1alice", earned - 1, root, &proof),
        ("another payee", settlement(), "wasm1mallory", earned, root, &proof),
        ("another contract", elsewhere, "wasm1alice", earned, root, &proof),
        ("another payee's proof", settlement(), "wasm1alice", earned, root, &of_bob),
        ("an earlier epoch's root", settlement(), "wasm1alice", earned, earlier, &proof),
    ];
    cases
        .into_iter()
        .map(|(name, place, payee, amount, root, proof)| {
            let leaf = leaf(&scope(&place), payee, amount);
            json!({
                "name": name,
                "scope": place,
                "payee": payee,
                "cumulative_amount": amount.to_string(),
                "root": node_json(&root),
                "proof": proof_json(proof),
                "error": names::merkle(&merkle_sum::verify(&root, &leaf, proof).unwrap_err()),
            })
        })
        .collect()
}
