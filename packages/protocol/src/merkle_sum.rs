//! Merkle-sum trees: RFC 6962's shape with a 128-bit sum in every node, so that a root proves a total and a range of
//! leaves proves a subtotal.

use alloc::vec::Vec;

use sha2::{Digest, Sha256};

pub use crate::merkle::MerkleError;
use crate::{
    Hash,
    merkle::{fold, length, split},
};

/// A node: the sum below it and its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Node {
    /// Sum of the leaves below.
    pub sum: u128,
    /// SHA-256(0x00 || sum || data) for a leaf, SHA-256(0x01 || left sum || left hash || right sum || right hash) inside;
    /// sums are 16 bytes, big-endian.
    pub hash: Hash,
}

/// Proof that a leaf is in a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Position of the leaf, from zero.
    pub index: u64,
    /// Leaves of the tree.
    pub size: u64,
    /// From the leaf up.
    pub siblings: Vec<Node>,
}

/// Proof that the leaves `start..end` of a tree have a certain sum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RangeProof {
    /// First leaf of the range.
    pub start: u64,
    /// One past the last leaf.
    pub end: u64,
    /// Leaves of the tree.
    pub size: u64,
    /// The maximal subtrees outside the range, left to right.
    pub outside: Vec<Node>,
    /// The maximal subtrees inside the range, left to right.
    pub inside: Vec<Node>,
}

/// The leaf of `data` with its `sum`.
pub fn leaf(sum: u128, data: &[u8]) -> Node {
    let mut hasher = Sha256::new();
    hasher.update([0x00]);
    hasher.update(sum.to_be_bytes());
    hasher.update(data);
    Node { sum, hash: hasher.finalize().into() }
}

/// Joins two nodes.
pub fn node(left: &Node, right: &Node) -> Result<Node, MerkleError> {
    let sum = left.sum.checked_add(right.sum).ok_or(MerkleError::SumOverflow)?;
    Ok(Node { sum, hash: node_hash(left, right) })
}

/// Hash of an inner node, whatever sum it is said to have.
pub(crate) fn node_hash(left: &Node, right: &Node) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update([0x01]);
    for child in [left, right] {
        hasher.update(child.sum.to_be_bytes());
        hasher.update(child.hash);
    }
    hasher.finalize().into()
}

/// Root over `leaves`. The empty tree sums to zero and hashes to SHA-256 of nothing.
pub fn root(leaves: &[Node]) -> Result<Node, MerkleError> {
    if leaves.is_empty() { Ok(Node { sum: 0, hash: Sha256::digest([]).into() }) } else { subtree(leaves) }
}

/// Proof of leaf `index`.
pub fn proof(leaves: &[Node], index: u64) -> Result<Proof, MerkleError> {
    let size = length(leaves.len());
    let position = usize::try_from(index).ok().filter(|position| *position < leaves.len());
    let Some(position) = position else { return Err(MerkleError::IndexOutOfRange { index, size }) };
    let mut siblings = Vec::new();
    audit_path(leaves, position, &mut siblings)?;
    Ok(Proof { index, size, siblings })
}

/// Checks that `leaf` is in the tree under `root`, sum included.
pub fn verify(root: &Node, leaf: &Node, proof: &Proof) -> Result<(), MerkleError> {
    let folded = fold(*leaf, proof.index, proof.size, &proof.siblings, node)?;
    if folded == *root { Ok(()) } else { Err(MerkleError::RootMismatch) }
}

/// Proof of the sum of the leaves `start..end`.
pub fn range_proof(leaves: &[Node], start: u64, end: u64) -> Result<RangeProof, MerkleError> {
    let size = length(leaves.len());
    if start >= end || end > size {
        return Err(MerkleError::BadRange { start, end, size });
    }
    let mut outside = Vec::new();
    let mut inside = Vec::new();
    collect(leaves, 0, start, end, &mut outside, &mut inside)?;
    Ok(RangeProof { start, end, size, outside, inside })
}

/// Checks a range proof and returns the sum of its leaves.
pub fn verify_range(root: &Node, proof: &RangeProof) -> Result<u128, MerkleError> {
    let RangeProof { start, end, size, .. } = *proof;
    if start >= end || end > size {
        return Err(MerkleError::BadRange { start, end, size });
    }
    let mut outside = proof.outside.iter();
    let mut inside = proof.inside.iter();
    let rebuilt = rebuild(0, size, start, end, &mut outside, &mut inside)?;
    if outside.next().is_some() || inside.next().is_some() {
        return Err(MerkleError::WrongLength { got: proof.outside.len().saturating_add(proof.inside.len()) });
    }
    if rebuilt != *root {
        return Err(MerkleError::RootMismatch);
    }
    proof.inside.iter().try_fold(0u128, |sum, node| sum.checked_add(node.sum)).ok_or(MerkleError::SumOverflow)
}

fn subtree(leaves: &[Node]) -> Result<Node, MerkleError> {
    match leaves {
        [only] => Ok(*only),
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node(&subtree(left)?, &subtree(right)?)
        }
    }
}

fn audit_path(leaves: &[Node], index: usize, siblings: &mut Vec<Node>) -> Result<(), MerkleError> {
    if leaves.len() < 2 {
        return Ok(());
    }
    let middle = split(leaves.len());
    let (left, right) = leaves.split_at(middle);
    if index < middle {
        audit_path(left, index, siblings)?;
        siblings.push(subtree(right)?);
    } else {
        audit_path(right, index.saturating_sub(middle), siblings)?;
        siblings.push(subtree(left)?);
    }
    Ok(())
}

fn collect(
    leaves: &[Node],
    offset: u64,
    start: u64,
    end: u64,
    outside: &mut Vec<Node>,
    inside: &mut Vec<Node>,
) -> Result<(), MerkleError> {
    let stop = offset.saturating_add(length(leaves.len()));
    if stop <= start || offset >= end {
        outside.push(subtree(leaves)?);
    } else if start <= offset && stop <= end {
        inside.push(subtree(leaves)?);
    } else {
        let (left, right) = leaves.split_at(split(leaves.len()));
        collect(left, offset, start, end, outside, inside)?;
        let middle = offset.saturating_add(length(left.len()));
        collect(right, middle, start, end, outside, inside)?;
    }
    Ok(())
}

/// Depth is at most 64 because every level halves `len`.
fn rebuild<'a>(
    offset: u64,
    len: u64,
    start: u64,
    end: u64,
    outside: &mut impl Iterator<Item = &'a Node>,
    inside: &mut impl Iterator<Item = &'a Node>,
) -> Result<Node, MerkleError> {
    let stop = offset.checked_add(len).ok_or(MerkleError::BadRange { start, end, size: len })?;
    let missing = MerkleError::WrongLength { got: 0 };
    if stop <= start || offset >= end {
        return outside.next().copied().ok_or(missing);
    }
    if start <= offset && stop <= end {
        return inside.next().copied().ok_or(missing);
    }
    let left = len.checked_next_power_of_two().map_or(1 << 63, |power| power >> 1);
    let middle = offset.saturating_add(left);
    let right = len.saturating_sub(left);
    let left = rebuild(offset, left, start, end, outside, inside)?;
    let right = rebuild(middle, right, start, end, outside, inside)?;
    node(&left, &right)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tree() -> impl Strategy<Value = Vec<Node>> {
        prop::collection::vec((0..u128::from(u64::MAX), prop::collection::vec(any::<u8>(), 0..8)), 1..70)
            .prop_map(|leaves| leaves.iter().map(|(sum, data)| leaf(*sum, data)).collect())
    }

    proptest! {
        #[test]
        fn the_root_sums_the_leaves(leaves in tree()) {
            prop_assert_eq!(root(&leaves).unwrap().sum, leaves.iter().map(|leaf| leaf.sum).sum::<u128>());
        }

        #[test]
        fn a_leaf_with_another_sum_is_refused(leaves in tree(), pick: prop::sample::Index) {
            let index = pick.index(leaves.len());
            let root = root(&leaves).unwrap();
            let proof = proof(&leaves, index as u64).unwrap();
            prop_assert_eq!(verify(&root, &leaves[index], &proof), Ok(()));
            let forged = Node { sum: leaves[index].sum + 1, ..leaves[index] };
            prop_assert_eq!(verify(&root, &forged, &proof), Err(MerkleError::RootMismatch));
        }

        #[test]
        fn moving_money_between_siblings_is_refused(leaves in tree(), pick: prop::sample::Index) {
            let index = pick.index(leaves.len());
            let root = root(&leaves).unwrap();
            let mut proof = proof(&leaves, index as u64).unwrap();
            if let Some(sibling) = proof.siblings.first_mut() && sibling.sum > 0 {
                sibling.sum -= 1;
                let forged = Node { sum: leaves[index].sum + 1, ..leaves[index] };
                prop_assert_eq!(verify(&root, &forged, &proof), Err(MerkleError::RootMismatch));
            }
        }

        #[test]
        fn ranges_prove_their_sums(leaves in tree(), a: prop::sample::Index, b: prop::sample::Index) {
            let (a, b) = (a.index(leaves.len()), b.index(leaves.len()));
            let (start, end) = (a.min(b), a.max(b) + 1);
            let root = root(&leaves).unwrap();
            let proof = range_proof(&leaves, start as u64, end as u64).unwrap();
            let expected: u128 = leaves[start..end].iter().map(|leaf| leaf.sum).sum();
            prop_assert_eq!(verify_range(&root, &proof), Ok(expected));
            let mut shifted = proof.clone();
            shifted.end += 1;
            prop_assert!(verify_range(&root, &shifted).is_err());
            let mut padded = proof;
            padded.inside.push(Node { sum: 0, hash: [0; 32] });
            prop_assert!(verify_range(&root, &padded).is_err());
        }
    }

    #[test]
    fn sums_never_wrap() {
        let leaves = [leaf(u128::MAX, b"a"), leaf(1, b"b")];
        assert_eq!(root(&leaves), Err(MerkleError::SumOverflow));
    }

    #[test]
    fn a_range_over_an_absurd_tree_is_refused_quickly() {
        let root = leaf(0, b"");
        let proof = RangeProof { start: 1, end: u64::MAX - 1, size: u64::MAX, outside: Vec::new(), inside: Vec::new() };
        assert!(verify_range(&root, &proof).is_err());
    }
}
