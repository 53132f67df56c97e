use openledger_protocol::digest::tagged;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{epoch, filled, receipt, settlement, staking, voucher, with};
use crate::messages::{encode, reencode};

pub fn make() -> Value {
    let messages: Vec<Value> = cases()
        .into_iter()
        .map(|(name, kind, message)| {
            let (encoding, digest) = encode(kind, &message);
            json!({
                "name": name,
                "kind": kind,
                "message": message,
                "encoding": hex::encode(encoding),
                "digest": hex::encode(digest),
            })
        })
        .collect();
    let tags = [("row", &b""[..]), ("row", b"\0"), ("manifest", b"row"), ("tokens", &[0xff; 65]), ("", b"")];
    let tags = tags.map(|(kind, bytes)| {
        json!({ "kind": kind, "bytes": hex::encode(bytes), "digest": hex::encode(tagged(kind, bytes)) })
    });
    json!({
        "about": "SHA-256(\"openledger/<kind>/v1\" || 0x00 || deterministic protobuf); 64-bit integers are strings, an \
                  absent field is a default, an absent message is not an empty one",
        "messages": messages,
        "tags": tags,
        "non_canonical": non_canonical(),
        "wrong_digests": wrong_digests(),
    })
}

fn cases() -> Vec<(&'static str, &'static str, Value)> {
    let max = u64::MAX.to_string();
    let proof = json!({ "scope": staking(), "validator": "wasm1validator", "public_key": "97".repeat(48) });
    let batch = json!({
        "scope": settlement(),
        "node": "wasm1node",
        "sequence": "9",
        "receipts_root": filled(0x11),
        "receipt_count": "6",
        "credits_root": filled(0x22),
        "credit_count": "48",
        "total": "3156",
        "charges": [
            { "session_id": "7", "cumulative_fee": "1578", "voucher_amount": "2500000", "voucher_sequence": "3" },
            { "session_id": "8", "cumulative_fee": "1578", "voucher_amount": "2500000", "voucher_sequence": "5" },
        ],
    });
    let credit = json!({
        "payee": "wasm1alice",
        "receipt_id": filled(0x33),
        "role": "CREDIT_ROLE_CONTRIBUTOR",
        "cluster": "3",
        "amount": "131",
        "receipt_index": "300",
    });
    let verdict = json!({
        "scope": settlement(),
        "dispute_id": "5",
        "set_id": "4",
        "receipt_id": filled(0x33),
        "verdict": "VERDICT_FRAUD",
    });
    let extremes = json!({
        "policy": "p",
        "deltas": [i64::MIN.to_string(), i64::MAX.to_string(), "0", "-1", "1", "-64", "64"],
        "floor": max,
        "lift": "-1",
        "shares": ["0", "0", max, "1000000000"],
        "explained": max,
        "unattributed": "1",
        "query_commitment": filled(0xc4),
    });
    let unicode = json!({ "chain_id": "κόσμος-1", "contract": "wasm1…🪐" });
    vec![
        ("voucher", "voucher", voucher()),
        ("voucher without any field", "voucher", json!({})),
        ("voucher with an empty scope", "voucher", json!({ "scope": {} })),
        (
            "voucher on another chain",
            "voucher",
            with(&voucher(), "scope", with(&settlement(), "chain_id", "other-1".into())),
        ),
        ("voucher for another contract", "voucher", with(&voucher(), "scope", staking())),
        ("voucher with text beyond ASCII", "voucher", with(&voucher(), "scope", unicode)),
        (
            "voucher with the largest numbers",
            "voucher",
            json!({ "session_id": max, "cumulative_amount": u128::MAX.to_string(), "sequence": max }),
        ),
        ("voucher beyond 2^53", "voucher", with(&voucher(), "session_id", "9007199254740993".into())),
        ("voucher of one byte less than two", "voucher", with(&voucher(), "sequence", "127".into())),
        ("voucher of two bytes", "voucher", with(&voucher(), "sequence", "128".into())),
        ("receipt", "receipt", receipt()),
        ("receipt without any field", "receipt", json!({})),
        ("receipt with an empty attribution", "receipt", with(&receipt(), "attribution", json!({}))),
        ("receipt with extreme attribution", "receipt", with(&receipt(), "attribution", extremes)),
        ("receipt with the largest 32-bit counts", "receipt", with(&receipt(), "prompt_tokens", u32::MAX.into())),
        ("batch", "batch", batch.clone()),
        ("batch without any field", "batch", json!({})),
        ("batch with an empty charge", "batch", with(&batch, "charges", json!([{}, { "session_id": "1" }]))),
        ("credit", "credit", credit.clone()),
        ("credit without any field", "credit", json!({})),
        ("credit of the first receipt", "credit", with(&credit, "receipt_index", "0".into())),
        ("credit of an adapter's developer", "credit", with(&credit, "payee", "adapter:18446744073709551615".into())),
        ("credit of the commons", "credit", with(&credit, "role", "CREDIT_ROLE_COMMONS".into())),
        ("credit of the treasury", "credit", with(&credit, "role", "CREDIT_ROLE_TREASURY".into())),
        ("epoch", "epoch", epoch()),
        ("epoch without any field", "epoch", json!({})),
        ("epoch in its first round", "epoch", with(&epoch(), "round", 0.into())),
        ("epoch without batches", "epoch", with(&epoch(), "batch_ids", json!([]))),
        ("epoch of one batch zero", "epoch", with(&epoch(), "batch_ids", json!(["0"]))),
        (
            "epoch with batch ids of every length",
            "epoch",
            with(&epoch(), "batch_ids", json!(["0", "127", "128", "16383", "16384", "4294967296", max])),
        ),
        ("verdict", "verdict", verdict.clone()),
        ("verdict without any field", "verdict", json!({})),
        ("verdict for an honest receipt", "verdict", with(&verdict, "verdict", "VERDICT_HONEST".into())),
        (
            "batch access",
            "batch-access",
            json!({ "scope": voucher()["scope"], "validator": "wasm1validator", "batch_id": "31" }),
        ),
        ("batch access without any field", "batch-access", json!({})),
        ("proof of possession", "proof-of-possession", proof),
        ("proof of possession without any field", "proof-of-possession", json!({})),
    ]
}

/// Encodings that other protobuf writers may produce: they decode to `message`, but nobody may sign or hash them.
fn non_canonical() -> Vec<Value> {
    let small = json!({ "scope": { "chain_id": "c", "contract": "w" }, "session_id": "1", "cumulative_amount": "5" });
    let batches = json!({ "batch_ids": ["1", "2"] });
    let cases = [
        ("default written out", "voucher", &small, "0a060a0163120177 1001 1a0135 2000"),
        ("fields out of order", "voucher", &small, "1001 0a060a0163120177 1a0135"),
        ("fields of the scope out of order", "voucher", &small, "0a061201770a0163 1001 1a0135"),
        ("integer longer than needed", "voucher", &small, "0a060a0163120177 108100 1a0135"),
        ("length longer than needed", "voucher", &small, "0a060a0163120177 1001 1a810035"),
        ("field given twice", "voucher", &small, "0a060a0163120177 1002 1001 1a0135"),
        ("scope in two pieces", "voucher", &small, "0a030a01630a03120177 1001 1a0135"),
        ("unknown field", "voucher", &small, "0a060a0163120177 1001 1a0135 2807"),
        ("repeated integers not packed", "epoch", &batches, "2001 2002"),
        ("packed integers in two pieces", "epoch", &batches, "220101 220102"),
        ("empty packed list written out", "epoch", &json!({}), "2200"),
        ("enumeration default written out", "credit", &json!({}), "1800"),
    ];
    cases
        .into_iter()
        .map(|(name, kind, message, encoding)| {
            let bytes = hex::decode(encoding.replace(' ', "")).unwrap();
            let (canonical, _) = encode(kind, message);
            assert_eq!(reencode(kind, &bytes), canonical, "{name} must decode to its message");
            assert_ne!(bytes, canonical, "{name} must not be canonical");
            json!({ "name": name, "kind": kind, "message": message, "encoding": hex::encode(bytes) })
        })
        .collect()
}

/// Digests that are not the digest of their message.
fn wrong_digests() -> Vec<Value> {
    let (encoding, digest) = encode("voucher", &voucher());
    let sha = |parts: &[&[u8]]| -> [u8; 32] { Sha256::digest(parts.concat()).into() };
    let mut flipped = digest;
    flipped[31] ^= 1;
    let elsewhere = encode("voucher", &with(&voucher(), "scope", staking())).1;
    let cases = [
        ("one bit flipped", flipped),
        ("another kind's tag", tagged("receipt", &encoding)),
        ("no tag", sha(&[&encoding])),
        ("tag without the zero byte", sha(&[b"openledger/voucher/v1", &encoding])),
        ("another version", sha(&[b"openledger/voucher/v2\0", &encoding])),
        ("hashed twice", sha(&[&digest])),
        ("another contract's digest", elsewhere),
    ];
    cases
        .into_iter()
        .map(|(name, wrong)| {
            json!({ "name": name, "kind": "voucher", "message": voucher(), "digest": hex::encode(wrong) })
        })
        .collect()
}
