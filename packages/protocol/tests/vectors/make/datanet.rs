//! The bytes of Datanet rows and manifests, spelled out here because the code that reads rows lives off chain.

use openledger_protocol::{Hash, digest::tagged, merkle};
use serde_json::{Value, json};

pub fn make() -> Value {
    let contributions: [(&str, &[(&str, &str)]); 3] = [
        ("animal", &[("What is a cicada?\n", "stout-bodied insect with large membranous wings")]),
        ("cafe", &[("a", "bc"), ("ab", "c"), ("é", "e\u{301}"), (" spaces are kept ", "\u{1f98b}")]),
        ("line-breaks_2", &[("?", "a question mark alone"), ("line\nbreaks\tand \"quotes\"", " x")]),
    ];
    let mut roots: Vec<Hash> = Vec::new();
    let contributions: Vec<Value> = contributions
        .into_iter()
        .map(|(contributor, rows)| {
            let digests: Vec<Hash> = rows.iter().map(|(prompt, completion)| row(prompt, completion)).collect();
            let root = merkle::root(&digests);
            roots.push(root);
            let size: u64 = rows.iter().map(|(prompt, completion)| (prompt.len() + completion.len()) as u64).sum();
            json!({
                "contributor": contributor,
                "rows": rows
                    .iter()
                    .zip(&digests)
                    .map(|((prompt, completion), digest)| {
                        json!({ "prompt": prompt, "completion": completion, "digest": hex::encode(digest) })
                    })
                    .collect::<Vec<_>>(),
                "rows_root": hex::encode(root),
                "manifest_digest": hex::encode(manifest(contributor, rows.len() as u64, size, &root)),
            })
        })
        .collect();
    json!({
        "about": "row = tagged(\"row\", len prompt || prompt || len completion || completion), lengths are 4 bytes, \
                  big-endian; rows_root = RFC 6962 over row digests; manifest = tagged(\"manifest\", len contributor || \
                  contributor || rows || text bytes || rows_root), counts are 8 bytes, big-endian; content_root = RFC \
                  6962 over rows_roots in cluster order",
        "contributions": contributions,
        "content_root": hex::encode(merkle::root(&roots)),
    })
}

fn prefixed(text: &str) -> Vec<u8> {
    [&(text.len() as u32).to_be_bytes()[..], text.as_bytes()].concat()
}

fn row(prompt: &str, completion: &str) -> Hash {
    tagged("row", &[prefixed(prompt), prefixed(completion)].concat())
}

fn manifest(contributor: &str, rows: u64, size: u64, root: &Hash) -> Hash {
    tagged("manifest", &[&prefixed(contributor)[..], &rows.to_be_bytes(), &size.to_be_bytes(), root].concat())
}
