use openledger_protocol::{Sampling, amount, commitment, digest::tagged};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{
    json::{bytes, hash, list, number, read, text},
    messages::{encode, reencode},
};

#[test]
fn messages_encode_and_hash_as_stored() {
    let file = read("digests.json");
    for case in list(&file, "messages") {
        let (kind, stored) = (text(case, "kind"), bytes(case, "encoding"));
        let by_hand: [u8; 32] = Sha256::digest([format!("openledger/{kind}/v1\0").as_bytes(), &stored].concat()).into();
        assert_eq!(encode(kind, &case["message"]), (stored.clone(), hash(case, "digest")), "{case}");
        assert_eq!(by_hand, hash(case, "digest"), "{case}");
        assert_eq!(reencode(kind, &stored), stored, "{case}");
    }
    for case in list(&file, "tags") {
        assert_eq!(tagged(text(case, "kind"), &bytes(case, "bytes")), hash(case, "digest"), "{case}");
    }
}

/// One encoding by hand, so that not everything rests on the encoder that wrote the file.
#[test]
fn a_voucher_encodes_to_known_bytes() {
    let message = serde_json::json!({
        "scope": { "chain_id": "c", "contract": "w" }, "session_id": "300", "cumulative_amount": "5", "sequence": "1",
    });
    assert_eq!(hex::encode(encode("voucher", &message).0), "0a060a016312017710ac021a01352001");
}

#[test]
fn digests_differ_from_one_another() {
    let file = read("digests.json");
    let mut seen = std::collections::BTreeMap::new();
    for case in list(&file, "messages") {
        if let Some(other) = seen.insert(text(case, "digest"), text(case, "name")) {
            panic!("{other} and {} share a digest", text(case, "name"));
        }
    }
}

#[test]
fn other_encodings_and_digests_are_refused() {
    let file = read("digests.json");
    for case in list(&file, "non_canonical") {
        let (kind, stored) = (text(case, "kind"), bytes(case, "encoding"));
        assert_ne!(reencode(kind, &stored), stored, "{case}");
        assert_ne!(tagged(kind, &stored), encode(kind, &case["message"]).1, "{case}");
    }
    for case in list(&file, "wrong_digests") {
        assert_ne!(encode(text(case, "kind"), &case["message"]).1, hash(case, "digest"), "{case}");
    }
}

#[test]
fn amounts_have_one_spelling() {
    let file = read("amounts.json");
    for case in list(&file, "valid") {
        let value = u128::from_be_bytes(bytes(case, "big_endian").try_into().unwrap());
        assert_eq!(amount::parse(text(case, "text")), Ok(value), "{case}");
    }
    for case in list(&file, "invalid") {
        assert!(amount::parse(text(case, "text")).is_err(), "{case}");
    }
    for case in list(&file, "invalid_sums") {
        let values = list(case, "values").iter().map(|value| amount::parse(value.as_str().unwrap()).unwrap());
        assert_eq!(amount::sum(values), Err(amount::AmountError::Overflow), "{case}");
    }
}

#[test]
fn commitments_open_only_to_what_was_committed() {
    let file = read("commitments.json");
    for (key, holds) in [("tokens", true), ("invalid_tokens", false)] {
        for case in list(&file, key) {
            let ids: Vec<u32> = list(case, "ids").iter().map(|id| id.as_u64().unwrap().try_into().unwrap()).collect();
            let opened = commitment::tokens(text(case, "label"), &hash(case, "salt"), &ids);
            assert_eq!(opened == hash(case, "commitment"), holds, "{case}");
        }
    }
    for (key, holds) in [("sampling", true), ("invalid_sampling", false)] {
        for case in list(&file, key) {
            let opening = &case["sampling"];
            let small = |key: &str| u32::try_from(opening[key].as_u64().unwrap()).unwrap();
            let sampling = Sampling {
                temperature: small("temperature"),
                top_k: small("top_k"),
                top_p: small("top_p"),
                min_p: small("min_p"),
                repetition_penalty: small("repetition_penalty"),
                presence_penalty: text(opening, "presence_penalty").parse().unwrap(),
                frequency_penalty: text(opening, "frequency_penalty").parse().unwrap(),
                seed: number(opening, "seed"),
                max_new_tokens: small("max_new_tokens"),
                stop: list(opening, "stop").iter().map(|text| text.as_str().unwrap().to_owned()).collect(),
                json_schema: text(opening, "json_schema").to_owned(),
                regex: text(opening, "regex").to_owned(),
            };
            let opened = commitment::sampling(&hash(case, "salt"), &sampling);
            assert_eq!(opened == hash(case, "commitment"), holds, "{case}");
        }
    }
    for (key, holds) in [("query", true), ("invalid_query", false)] {
        for case in list(&file, key) {
            let value = |value: &Value| i8::try_from(value.as_i64().unwrap()).unwrap();
            let vector: Vec<i8> = list(case, "vector").iter().map(value).collect();
            let opened = commitment::query(&hash(case, "salt"), &vector);
            assert_eq!(opened == hash(case, "commitment"), holds, "{case}");
        }
    }
}

#[test]
fn a_datanet_commits_to_its_contributions() {
    let file = read("datanet.json");
    let contributions = list(&file, "contributions");
    let roots: Vec<Vec<u8>> = contributions.iter().map(|part| bytes(part, "rows_root")).collect();
    for part in contributions {
        let rows: Vec<Vec<u8>> = list(part, "rows").iter().map(|row| bytes(row, "digest")).collect();
        assert_eq!(openledger_protocol::merkle::root(&rows), hash(part, "rows_root"), "{part}");
    }
    assert_eq!(openledger_protocol::merkle::root(&roots), hash(&file, "content_root"));
}
