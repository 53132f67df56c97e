//! One maker per file. Inputs are written down; everything else is computed by the library.

mod amounts;
mod attribution;
mod bls12_381;
mod commitments;
mod credits;
mod datanet;
mod digests;
mod dot;
mod fees;
mod fraud;
mod merkle;
mod merkle_sum;
mod payouts;
mod secp256k1;
mod shares;

use serde_json::{Value, json};

/// Makes one file.
pub type Make = fn() -> Value;

/// Every vector file and its maker.
pub const FILES: [(&str, Make); 15] = [
    ("amounts.json", amounts::make),
    ("attribution.json", attribution::make),
    ("bls12_381.json", bls12_381::make),
    ("commitments.json", commitments::make),
    ("credits.json", credits::make),
    ("datanet.json", datanet::make),
    ("digests.json", digests::make),
    ("dot.json", dot::make),
    ("fees.json", fees::make),
    ("fraud.json", fraud::make),
    ("merkle.json", merkle::make),
    ("merkle_sum.json", merkle_sum::make),
    ("payouts.json", payouts::make),
    ("secp256k1.json", secp256k1::make),
    ("shares.json", shares::make),
];

/// The settlement contract of all vectors.
fn settlement() -> Value {
    json!({ "chain_id": "openledger-vectors-1", "contract": "wasm1settlement" })
}

/// The staking contract of all vectors.
fn staking() -> Value {
    json!({ "chain_id": "openledger-vectors-1", "contract": "wasm1staking" })
}

/// A recognisable 32-byte value.
fn filled(byte: u8) -> String {
    hex::encode([byte; 32])
}

/// `base` with one field replaced.
fn with(base: &Value, key: &str, value: Value) -> Value {
    let mut changed = base.clone();
    changed[key] = value;
    changed
}

/// A receipt with every field set, after `credits.json` and `digests.json`.
fn receipt() -> Value {
    json!({
        "scope": settlement(),
        "node": "wasm1node",
        "session_id": "7",
        "voucher_sequence": "3",
        "adapter_id": "2",
        "adapter_version": 1,
        "base_digest": filled(0xb0),
        "adapter_digest": filled(0xad),
        "tokenizer_digest": filled(0x70),
        "prompt_commitment": filled(0xc1),
        "response_commitment": filled(0xc2),
        "sampling_commitment": filled(0xc3),
        "prompt_tokens": 11,
        "response_tokens": 29,
        "prompt_price": "3",
        "response_price": "17",
        "fee": "526",
        "cumulative_fee": "1578",
        "attribution": {
            "policy": "counterfactual-forward/1",
            "deltas": ["6000000", "2000000", "900000", "-5"],
            "floor": "1000000",
            "lift": "12000000",
            "shares": ["416666667", "83333333", "0", "0"],
            "explained": "500000000",
            "unattributed": "500000000",
        },
        "served_at": "1795000000",
    })
}

/// A voucher with every field set.
fn voucher() -> Value {
    json!({ "scope": settlement(), "session_id": "7", "cumulative_amount": "2500000", "sequence": "3" })
}

/// An epoch statement with every field set.
fn epoch() -> Value {
    json!({
        "scope": settlement(),
        "epoch": "12",
        "set_id": "4",
        "batch_ids": ["31", "32", "40"],
        "payout_root": filled(0x9a),
        "payout_total": "123456789",
        "payout_count": "17",
        "round": 2,
    })
}
