//! Merkle trees of RFC 6962: leaves are hashed with 0x00, inner nodes with 0x01, and no leaf is ever duplicated.

use alloc::vec::Vec;

use sha2::{Digest, Sha256};

use crate::Hash;

/// Longest proof that is looked at: a tree of 2⁶⁴ leaves.
pub const MAX_PROOF: usize = 64;

/// Why a proof does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MerkleError {
    /// No such leaf in a tree of this size.
    #[error("leaf index {index} lies outside a tree of {size} leaves")]
    IndexOutOfRange {
        /// Index asked for.
        index: u64,
        /// Leaves of the tree.
        size: u64,
    },
    /// More or fewer siblings than the index and size call for.
    #[error("the proof has {got} siblings, not the number that index and size call for")]
    WrongLength {
        /// Siblings given.
        got: usize,
    },
    /// The computed root is another one.
    #[error("the proof leads to another root")]
    RootMismatch,
    /// Sums along the path leave 128 bits.
    #[error("the sums along the proof do not fit 128 bits")]
    SumOverflow,
    /// A range that is empty, reversed or outside the tree.
    #[error("the range {start}..{end} is empty or lies outside a tree of {size} leaves")]
    BadRange {
        /// First leaf.
        start: u64,
        /// One past the last leaf.
        end: u64,
        /// Leaves of the tree.
        size: u64,
    },
}

/// SHA-256(0x00 || data).
pub fn leaf(data: &[u8]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update([0x00]);
    hasher.update(data);
    hasher.finalize().into()
}

/// SHA-256(0x01 || left || right).
pub fn node(left: &Hash, right: &Hash) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update([0x01]);
    hasher.update(left);
    hasher.update(right);
    hasher.finalize().into()
}

/// Root over `leaves` (data, not hashes). The empty tree's root is SHA-256 of nothing.
pub fn root<T: AsRef<[u8]>>(leaves: &[T]) -> Hash {
    let hashes: Vec<Hash> = leaves.iter().map(|data| leaf(data.as_ref())).collect();
    if hashes.is_empty() { Sha256::digest([]).into() } else { subtree(&hashes) }
}

/// Siblings of leaf `index`, from the leaf up.
pub fn proof<T: AsRef<[u8]>>(leaves: &[T], index: u64) -> Result<Vec<Hash>, MerkleError> {
    let size = length(leaves.len());
    let position = usize::try_from(index).ok().filter(|position| *position < leaves.len());
    let Some(position) = position else { return Err(MerkleError::IndexOutOfRange { index, size }) };
    let hashes: Vec<Hash> = leaves.iter().map(|data| leaf(data.as_ref())).collect();
    let mut siblings = Vec::new();
    audit_path(&hashes, position, &mut siblings);
    Ok(siblings)
}

/// Checks that `data` is leaf `index` of the tree of `size` leaves under `root`.
pub fn verify(root: &Hash, data: &[u8], index: u64, size: u64, siblings: &[Hash]) -> Result<(), MerkleError> {
    let folded = fold(leaf(data), index, size, siblings, |left, right| Ok(node(left, right)))?;
    if folded == *root { Ok(()) } else { Err(MerkleError::RootMismatch) }
}

/// Walks from a leaf to the root of a tree of `size` leaves (RFC 9162, section 2.1.3.2), joining nodes with `join`.
pub(crate) fn fold<N: Clone>(
    start: N,
    index: u64,
    size: u64,
    siblings: &[N],
    join: impl Fn(&N, &N) -> Result<N, MerkleError>,
) -> Result<N, MerkleError> {
    if index >= size {
        return Err(MerkleError::IndexOutOfRange { index, size });
    }
    let wrong_length = MerkleError::WrongLength { got: siblings.len() };
    if siblings.len() > MAX_PROOF {
        return Err(wrong_length);
    }
    let mut position = index;
    let mut last = size.saturating_sub(1);
    let mut current = start;
    for sibling in siblings {
        if last == 0 {
            return Err(wrong_length);
        }
        if position & 1 == 1 || position == last {
            current = join(sibling, &current)?;
            // A node without a right neighbour moves up unpaired until it is a right child.
            while position & 1 == 0 && position != 0 {
                position >>= 1;
                last >>= 1;
            }
        } else {
            current = join(&current, sibling)?;
        }
        position >>= 1;
        last >>= 1;
    }
    if last == 0 { Ok(current) } else { Err(wrong_length) }
}

/// Number of leaves left of the split: the largest power of two below `len`; `len` must be at least 2.
pub(crate) fn split(len: usize) -> usize {
    let half = len.next_power_of_two() >> 1;
    half.max(1)
}

/// A length as the 64-bit integer that proofs carry.
pub(crate) fn length(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

fn subtree(hashes: &[Hash]) -> Hash {
    match hashes {
        [only] => *only,
        _ => {
            let (left, right) = hashes.split_at(split(hashes.len()));
            node(&subtree(left), &subtree(right))
        }
    }
}

fn audit_path(hashes: &[Hash], index: usize, siblings: &mut Vec<Hash>) {
    if hashes.len() < 2 {
        return;
    }
    let middle = split(hashes.len());
    let (left, right) = hashes.split_at(middle);
    if index < middle {
        audit_path(left, index, siblings);
        siblings.push(subtree(right));
    } else {
        audit_path(right, index.saturating_sub(middle), siblings);
        siblings.push(subtree(left));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Roots over the test data of RFC 6962's reference implementation (Certificate Transparency).
    #[test]
    fn known_roots() {
        let data = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
        let leaves: Vec<Vec<u8>> = data.iter().map(|text| hex::decode(text).unwrap()).collect();
        let roots = [
            (0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            (1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
            (2, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
            (3, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
            (8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"),
        ];
        for (count, expected) in roots {
            assert_eq!(hex::encode(root(&leaves[..count])), expected, "{count} leaves");
        }
    }

    proptest! {
        #[test]
        fn every_leaf_proves_itself_and_nothing_else(
            leaves in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..8), 1..70),
            pick: prop::sample::Index,
            other in prop::collection::vec(any::<u8>(), 9..12),
        ) {
            let index = pick.index(leaves.len());
            let size = leaves.len() as u64;
            let root = root(&leaves);
            let siblings = proof(&leaves, index as u64).unwrap();
            prop_assert_eq!(verify(&root, &leaves[index], index as u64, size, &siblings), Ok(()));
            prop_assert!(verify(&root, &other, index as u64, size, &siblings).is_err());
            prop_assert!(verify(&root, &leaves[index], size, size, &siblings).is_err());
            if !siblings.is_empty() {
                prop_assert!(verify(&root, &leaves[index], index as u64, size, &siblings[1..]).is_err());
            }
            let mut longer = siblings.clone();
            longer.push([7; 32]);
            prop_assert!(verify(&root, &leaves[index], index as u64, size, &longer).is_err());
        }
    }
}
