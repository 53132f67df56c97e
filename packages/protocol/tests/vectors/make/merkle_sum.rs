use openledger_protocol::merkle_sum::{self, MerkleError, Node, Proof, RangeProof};
use serde_json::{Value, json};

use crate::names;

const SIZES: [usize; 8] = [0, 1, 2, 3, 4, 5, 8, 11];

pub fn make() -> Value {
    let trees: Vec<Value> = SIZES.iter().map(|size| tree(*size)).collect();
    let overflow = [(u128::MAX, b"a"), (1, b"b")];
    let nodes = overflow.map(|(sum, data)| merkle_sum::leaf(sum, data));
    json!({
        "about": "leaf = SHA-256(0x00 || sum || data), node = SHA-256(0x01 || left sum || left hash || right sum || \
                  right hash), sums are 16 bytes, big-endian; a proof's index and size come from the chain, never from \
                  the prover",
        "trees": trees,
        "invalid_trees": [{
            "leaves": overflow.map(|(sum, data)| json!({ "sum": sum.to_string(), "data": hex::encode(data) })),
            "error": names::merkle(&merkle_sum::root(&nodes).unwrap_err()),
        }],
        "invalid_proofs": invalid_proofs(),
        "invalid_ranges": invalid_ranges(),
    })
}

pub fn node_json(node: &Node) -> Value {
    json!({ "sum": node.sum.to_string(), "hash": hex::encode(node.hash) })
}

pub fn proof_json(proof: &Proof) -> Value {
    json!({ "index": proof.index.to_string(), "size": proof.size.to_string(), "siblings": nodes_json(&proof.siblings) })
}

fn nodes_json(nodes: &[Node]) -> Vec<Value> {
    nodes.iter().map(node_json).collect()
}

fn range_json(proof: &RangeProof) -> Value {
    json!({
        "start": proof.start.to_string(),
        "end": proof.end.to_string(),
        "size": proof.size.to_string(),
        "outside": nodes_json(&proof.outside),
        "inside": nodes_json(&proof.inside),
    })
}

/// Sums and data of leaves: zero, odd, beyond 2^53 and beyond 2^64.
fn raw(count: usize) -> Vec<(u128, Vec<u8>)> {
    (0..count)
        .map(|index| {
            let sum = match index % 4 {
                0 => index as u128 * 7,
                1 => (1 << 53) + 1,
                2 => (1 << 64) + index as u128,
                _ => 1,
            };
            (sum, vec![0xa0 + index as u8; index % 3])
        })
        .collect()
}

fn leaves(count: usize) -> Vec<Node> {
    raw(count).iter().map(|(sum, data)| merkle_sum::leaf(*sum, data)).collect()
}

fn tree(size: usize) -> Value {
    let leaves = leaves(size);
    let proofs: Vec<Value> =
        (0..size).map(|index| proof_json(&merkle_sum::proof(&leaves, index as u64).unwrap())).collect();
    let all = (0..size as u64).flat_map(|start| (start + 1..=size as u64).map(move |end| (start, end)));
    let root = merkle_sum::root(&leaves).unwrap();
    // Every range of the small trees; of the largest, those that cut it oddly.
    let ranges: Vec<Value> = all
        .filter(|(start, end)| size <= 5 || (start * 5 + end * 3) % 7 == 0)
        .map(|(start, end)| {
            let proof = merkle_sum::range_proof(&leaves, start, end).unwrap();
            let mut range = range_json(&proof);
            range["sum"] = merkle_sum::verify_range(&root, &proof).unwrap().to_string().into();
            range
        })
        .collect();
    let data: Vec<Value> =
        raw(size).iter().map(|(sum, data)| json!({ "sum": sum.to_string(), "data": hex::encode(data) })).collect();
    json!({ "leaves": data, "root": node_json(&root), "proofs": proofs, "ranges": ranges })
}

fn invalid_proofs() -> Vec<Value> {
    let five = leaves(5);
    let root = merkle_sum::root(&five).unwrap();
    let good = merkle_sum::proof(&five, 2).unwrap();
    let leaf = five[2];
    let change = |change: &dyn Fn(&mut Proof)| {
        let mut proof = good.clone();
        change(&mut proof);
        proof
    };
    let same = |_: &mut Proof| {};
    let cases: Vec<(&str, Node, Node, Proof)> = vec![
        ("leaf with a larger sum", root, Node { sum: leaf.sum + 1, ..leaf }, change(&same)),
        ("leaf with another hash", root, Node { hash: [5; 32], ..leaf }, change(&same)),
        ("root with a larger sum", Node { sum: root.sum + 1, ..root }, leaf, change(&same)),
        ("root with another hash", Node { hash: [5; 32], ..root }, leaf, change(&same)),
        (
            "money moved from a sibling to the leaf",
            root,
            Node { sum: leaf.sum + 1, ..leaf },
            change(&|proof| proof.siblings[0].sum -= 1),
        ),
        (
            "money moved between two siblings",
            root,
            leaf,
            change(&|proof| {
                proof.siblings[1].sum -= 1;
                proof.siblings[2].sum += 1;
            }),
        ),
        ("sums that would wrap around", root, leaf, change(&|proof| proof.siblings[0].sum = u128::MAX)),
        ("another index", root, leaf, change(&|proof| proof.index = 3)),
        ("index at the size", root, leaf, change(&|proof| proof.index = 5)),
        (
            "sibling missing",
            root,
            leaf,
            change(&|proof| {
                proof.siblings.pop();
            }),
        ),
        ("sibling too many", root, leaf, change(&|proof| proof.siblings.push(Node { sum: 0, hash: [0; 32] }))),
        ("siblings swapped", root, leaf, change(&|proof| proof.siblings.swap(0, 1))),
    ];
    cases
        .into_iter()
        .map(|(name, root, leaf, proof)| {
            let mut case = proof_json(&proof);
            case["name"] = name.into();
            case["root"] = node_json(&root);
            case["leaf"] = node_json(&leaf);
            case["error"] = names::merkle(&merkle_sum::verify(&root, &leaf, &proof).unwrap_err()).into();
            case
        })
        .collect()
}

fn invalid_ranges() -> Vec<Value> {
    let eleven = leaves(11);
    let root = merkle_sum::root(&eleven).unwrap();
    let good = merkle_sum::range_proof(&eleven, 3, 9).unwrap();
    let change = |change: &dyn Fn(&mut RangeProof)| {
        let mut proof = good.clone();
        change(&mut proof);
        proof
    };
    let cases: Vec<(&str, RangeProof)> = vec![
        ("range shifted to the right", change(&|proof| (proof.start, proof.end) = (4, 10))),
        ("range one leaf longer", change(&|proof| proof.end = 10)),
        ("range one leaf shorter", change(&|proof| proof.end = 8)),
        ("empty range", change(&|proof| proof.end = 3)),
        ("reversed range", change(&|proof| (proof.start, proof.end) = (9, 3))),
        ("range beyond the tree", change(&|proof| proof.end = 12)),
        ("inside node added", change(&|proof| proof.inside.push(Node { sum: 1, hash: [0; 32] }))),
        ("outside node added", change(&|proof| proof.outside.push(Node { sum: 0, hash: [0; 32] }))),
        (
            "inside node missing",
            change(&|proof| {
                proof.inside.pop();
            }),
        ),
        (
            "outside node missing",
            change(&|proof| {
                proof.outside.pop();
            }),
        ),
        ("inside and outside exchanged", change(&|proof| std::mem::swap(&mut proof.inside, &mut proof.outside))),
        (
            "money moved from outside to inside",
            change(&|proof| {
                proof.inside[0].sum += 1;
                proof.outside[0].sum -= 1;
            }),
        ),
        (
            "money moved within the range",
            change(&|proof| {
                proof.inside[0].sum += 1;
                proof.inside[1].sum -= 1;
            }),
        ),
        ("sums that would wrap around", change(&|proof| proof.inside[1].sum = u128::MAX)),
        ("absurd tree", RangeProof { start: 1, end: u64::MAX - 1, size: u64::MAX, outside: vec![], inside: vec![] }),
    ];
    cases
        .into_iter()
        .map(|(name, proof)| {
            let error: MerkleError = merkle_sum::verify_range(&root, &proof).unwrap_err();
            let mut case = range_json(&proof);
            case["name"] = name.into();
            case["root"] = node_json(&root);
            case["error"] = names::merkle(&error).into();
            case
        })
        .collect()
}
