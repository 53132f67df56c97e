use openledger_protocol::{
    merkle,
    merkle_sum::{self, Node, Proof, RangeProof},
};
use serde_json::Value;

use crate::{
    json::{blobs, bytes, hash, list, number, read, text},
    names,
};

fn node(value: &Value) -> Node {
    Node { sum: number(value, "sum"), hash: hash(value, "hash") }
}

fn nodes(value: &Value, key: &str) -> Vec<Node> {
    list(value, key).iter().map(node).collect()
}

pub fn proof(value: &Value) -> Proof {
    Proof { index: number(value, "index"), size: number(value, "size"), siblings: nodes(value, "siblings") }
}

fn range(value: &Value) -> RangeProof {
    RangeProof {
        start: number(value, "start"),
        end: number(value, "end"),
        size: number(value, "size"),
        outside: nodes(value, "outside"),
        inside: nodes(value, "inside"),
    }
}

fn hashes(value: &[Vec<u8>]) -> Vec<[u8; 32]> {
    value.iter().map(|item| item.as_slice().try_into().unwrap()).collect()
}

#[test]
fn every_leaf_proves_itself() {
    for tree in list(&read("merkle.json"), "trees") {
        let leaves = blobs(tree, "leaves");
        let root = hash(tree, "root");
        assert_eq!(merkle::root(&leaves), root);
        for (index, siblings) in list(tree, "proofs").iter().enumerate() {
            let siblings: Vec<Vec<u8>> =
                siblings.as_array().unwrap().iter().map(|item| hex::decode(item.as_str().unwrap()).unwrap()).collect();
            let size = leaves.len() as u64;
            assert_eq!(merkle::verify(&root, &leaves[index], index as u64, size, &hashes(&siblings)), Ok(()), "{tree}");
        }
    }
}

#[test]
fn false_proofs_are_refused() {
    for case in list(&read("merkle.json"), "invalid") {
        let siblings = hashes(&blobs(case, "siblings"));
        let refused = merkle::verify(
            &hash(case, "root"),
            &bytes(case, "leaf"),
            number(case, "index"),
            number(case, "size"),
            &siblings,
        );
        assert_eq!(names::merkle(&refused.unwrap_err()), text(case, "error"), "{case}");
    }
}

#[test]
fn sums_and_ranges_are_proved() {
    for tree in list(&read("merkle_sum.json"), "trees") {
        let leaves: Vec<Node> = list(tree, "leaves")
            .iter()
            .map(|leaf| merkle_sum::leaf(number(leaf, "sum"), &bytes(leaf, "data")))
            .collect();
        let root = node(&tree["root"]);
        assert_eq!(root.sum, leaves.iter().map(|leaf| leaf.sum).sum::<u128>());
        for (leaf, stored) in leaves.iter().zip(list(tree, "proofs")) {
            assert_eq!(merkle_sum::verify(&root, leaf, &proof(stored)), Ok(()), "{stored}");
        }
        for stored in list(tree, "ranges") {
            let proof = range(stored);
            let leaves = &leaves[usize::try_from(proof.start).unwrap()..usize::try_from(proof.end).unwrap()];
            let sum: u128 = leaves.iter().map(|leaf| leaf.sum).sum();
            assert_eq!(number::<u128>(stored, "sum"), sum, "{stored}");
            assert_eq!(merkle_sum::verify_range(&root, &proof), Ok(sum), "{stored}");
        }
    }
}

#[test]
fn forged_sums_are_refused() {
    let file = read("merkle_sum.json");
    for case in list(&file, "invalid_proofs") {
        let refused = merkle_sum::verify(&node(&case["root"]), &node(&case["leaf"]), &proof(case)).unwrap_err();
        assert_eq!(names::merkle(&refused), text(case, "error"), "{case}");
    }
    for case in list(&file, "invalid_ranges") {
        let refused = merkle_sum::verify_range(&node(&case["root"]), &range(case)).unwrap_err();
        assert_eq!(names::merkle(&refused), text(case, "error"), "{case}");
    }
}

#[test]
fn payouts_are_proved_and_false_claims_refused() {
    let file = read("payouts.json");
    let leaf = |value: &Value, scope: &Value| {
        openledger_protocol::payouts::leaf(
            &crate::messages::scope(scope),
            text(value, "payee"),
            number(value, "cumulative_amount"),
        )
    };
    for epoch in list(&file, "epochs") {
        let root = node(&epoch["root"]);
        for payout in list(epoch, "payouts") {
            let leaf = leaf(payout, &file["scope"]);
            assert_eq!(leaf, node(&payout["leaf"]), "{payout}");
            assert_eq!(merkle_sum::verify(&root, &leaf, &proof(&payout["proof"])), Ok(()), "{payout}");
        }
    }
    for case in list(&file, "invalid_claims") {
        let leaf = leaf(case, &case["scope"]);
        let refused = merkle_sum::verify(&node(&case["root"]), &leaf, &proof(&case["proof"])).unwrap_err();
        assert_eq!(names::merkle(&refused), text(case, "error"), "{case}");
    }
}
