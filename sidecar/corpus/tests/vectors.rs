//! The rows that are read here commit to the bytes that every other implementation computes.
#![allow(clippy::unwrap_used, reason = "a test that panics says what broke, which is all it needs to do")]

use openledger_corpus::{Contribution, Limits, Row, content_root};
use serde_json::Value;

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap()
}

#[test]
fn wire_vectors_of_a_datanet() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/datanet.json");
    let file: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut roots = Vec::new();
    for part in file["contributions"].as_array().unwrap() {
        let stored = part["rows"].as_array().unwrap();
        let rows: Vec<Row> =
            stored.iter().map(|row| Row::new(text(row, "prompt"), text(row, "completion")).unwrap()).collect();
        for (row, stored) in rows.iter().zip(stored) {
            assert_eq!(hex::encode(row.digest()), text(stored, "digest"), "{stored}");
        }
        let contribution = Contribution::from_rows(text(part, "contributor"), rows, &Limits::default()).unwrap();
        assert_eq!(hex::encode(contribution.rows_root), text(part, "rows_root"));
        assert_eq!(hex::encode(contribution.manifest_digest), text(part, "manifest_digest"));
        roots.push(contribution.rows_root);
    }
    assert_eq!(hex::encode(content_root(roots)), text(&file, "content_root"));
}

#[test]
fn canonical_bytes_are_as_documented() {
    let row = Row::new("ab", "é").unwrap();
    assert_eq!(hex::encode(row.canonical_bytes()), "00000002616200000002c3a9");
}
