use openledger_protocol::{Hash, merkle};
use serde_json::{Value, json};

use crate::names;

const SIZES: [usize; 9] = [0, 1, 2, 3, 4, 5, 7, 8, 13];

pub fn make() -> Value {
    let trees: Vec<Value> = SIZES
        .iter()
        .map(|size| {
            let leaves = leaves(*size);
            let proofs: Vec<Vec<String>> =
                (0..*size).map(|index| hexes(&merkle::proof(&leaves, index as u64).unwrap())).collect();
            json!({
                "leaves": leaves.iter().map(hex::encode).collect::<Vec<_>>(),
                "root": hex::encode(merkle::root(&leaves)),
                "proofs": proofs,
            })
        })
        .collect();
    json!({
        "about": "RFC 6962: leaf = SHA-256(0x00 || data), node = SHA-256(0x01 || left || right), empty = SHA-256()",
        "trees": trees,
        "invalid": invalid(),
    })
}

/// Leaves of growing length: nothing, 00, 0101, 020202, …
fn leaves(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|index| vec![index as u8; index]).collect()
}

fn hexes(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(hex::encode).collect()
}

/// Name, root, leaf, index, size, siblings.
type Case<'a> = (&'static str, Hash, &'a [u8], u64, u64, Vec<Hash>);

fn invalid() -> Vec<Value> {
    let seven = leaves(7);
    let root = merkle::root(&seven);
    let good = merkle::proof(&seven, 2).unwrap();
    let two = seven[2].as_slice();
    let inner = [merkle::leaf(&seven[2]), merkle::leaf(&seven[3])].concat();
    let swapped: Vec<Hash> = [good[1], good[0], good[2]].to_vec();
    let shorter = good[..2].to_vec();
    let longer = [good.clone(), vec![[7; 32]]].concat();
    let duplicated = [vec![merkle::leaf(&seven[6])], merkle::proof(&seven, 6).unwrap()].concat();
    let cases: Vec<Case> = vec![
        ("another leaf", root, &seven[3], 2, 7, good.clone()),
        ("another index", root, two, 3, 7, good.clone()),
        ("another root", [9; 32], two, 2, 7, good.clone()),
        ("siblings swapped", root, two, 2, 7, swapped),
        ("sibling missing", root, two, 2, 7, shorter),
        ("sibling too many", root, two, 2, 7, longer),
        ("no siblings", root, two, 2, 7, vec![]),
        ("inner node shown as a leaf", root, &inner, 1, 4, good[1..].to_vec()),
        ("index at the size", root, two, 7, 7, good.clone()),
        ("empty tree", merkle::root::<&[u8]>(&[]), b"", 0, 0, vec![]),
        ("siblings for a tree of one leaf", root, two, 0, 1, good.clone()),
        ("more siblings than any tree has", root, two, 2, u64::MAX, vec![[1; 32]; 65]),
        ("last leaf duplicated to fill the tree", root, &seven[6], 7, 8, duplicated),
    ];
    cases
        .into_iter()
        .map(|(name, root, leaf, index, size, siblings)| {
            let error = merkle::verify(&root, leaf, index, size, &siblings).unwrap_err();
            json!({
                "name": name,
                "root": hex::encode(root),
                "leaf": hex::encode(leaf),
                "index": index.to_string(),
                "size": size.to_string(),
                "siblings": hexes(&siblings),
                "error": names::merkle(&error),
            })
        })
        .collect()
}
