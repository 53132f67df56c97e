//! Sums: every node of a summing tree counts what its children count, up to the total on chain.
//!
//! In a tree that was built otherwise some leaves open to no root at all, and whoever earns by them cannot claim. The
//! path shown here carries the sums that the tree's nodes claim, so that the one false step can be seen.

use alloc::vec::Vec;

use super::{
    MAX_LEAF_BYTES, MAX_SIBLINGS,
    data::SumLeaves,
    open::{SumTree, bound},
    verdict::{Fraud, Rejected, Tree},
};
use crate::{
    Hash,
    merkle::{fold, length, split},
    merkle_sum::{self, Node},
};

/// A path from a leaf to the root with the sum that each node on it is said to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SumPath {
    /// Position of the leaf, from zero.
    pub index: u64,
    /// Sum in the leaf's own hash.
    pub sum: u128,
    /// Bytes of the leaf.
    pub leaf: Vec<u8>,
    /// From the leaf up.
    pub steps: Vec<Step>,
}

/// One level of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Sum that the parent counts for the node on the path.
    pub claimed: u128,
    /// The node beside it.
    pub sibling: Node,
}

/// A node on the way up, or a sibling.
#[derive(Clone)]
struct Walk {
    node: Node,
    /// For siblings: the sum that the next level counts for the parent.
    above: Option<u128>,
    wrong: bool,
}

/// Fraud if some node on the path counts another sum than its children have: the leaf another one than its own hash
/// holds, or the chain another total than the root's children.
pub fn check(which: Tree, tree: &SumTree, path: &SumPath) -> Result<Fraud, Rejected> {
    bound("leaf", path.leaf.len(), MAX_LEAF_BYTES)?;
    bound("path", path.steps.len(), MAX_SIBLINGS)?;
    let total = tree.root.sum;
    let claims: Vec<u128> = path.steps.iter().map(|step| step.claimed).chain([total]).collect();
    let first = claims.first().copied().unwrap_or(total);
    let start = Walk {
        node: Node { sum: first, hash: merkle_sum::leaf(path.sum, &path.leaf).hash },
        above: None,
        wrong: path.sum != first,
    };
    let siblings: Vec<Walk> = path
        .steps
        .iter()
        .zip(claims.iter().skip(1))
        .map(|(step, above)| Walk { node: step.sibling, above: Some(*above), wrong: false })
        .collect();
    let root = fold(start, path.index, tree.count, &siblings, |left, right| {
        let hash: Hash = merkle_sum::node_hash(&left.node, &right.node);
        // One of the two is the sibling, which knows what is claimed for both together.
        let claimed = left.above.or(right.above).unwrap_or(total);
        let wrong = left.wrong || right.wrong || left.node.sum.checked_add(right.node.sum) != Some(claimed);
        Ok(Walk { node: Node { sum: claimed, hash }, above: None, wrong })
    })
    .map_err(|reason| Rejected::BadOpening { what: "path", reason })?;
    if root.node.hash != tree.root.hash {
        let reason = merkle_sum::MerkleError::RootMismatch;
        return Err(Rejected::BadOpening { what: "path", reason });
    }
    if root.wrong { Ok(Fraud::FalseSum { tree: which }) } else { Err(Rejected::Honest) }
}

/// A tree as somebody built it: its leaves, and the sum that it counts for the leaves `start..end` below a node.
pub struct ClaimedTree<'a, F> {
    leaves: &'a SumLeaves,
    claims: F,
}

impl<'a, F: Fn(usize, usize) -> u128> ClaimedTree<'a, F> {
    /// `claims` gives the sum that is counted for the leaves `start..end`; it is asked for nodes of the tree only.
    pub fn new(leaves: &'a SumLeaves, claims: F) -> Self {
        Self { leaves, claims }
    }

    /// What such a tree's builder commits on chain.
    pub fn tree(&self) -> Option<SumTree> {
        let count = self.leaves.leaves.len();
        (count > 0).then(|| SumTree { root: self.node(0, count), count: length(count) })
    }

    /// The path of a leaf.
    pub fn path(&self, index: usize) -> Option<SumPath> {
        let leaf = self.leaves.leaves.get(index)?;
        let mut steps = Vec::new();
        let (mut start, mut end) = (0, self.leaves.leaves.len());
        while end.saturating_sub(start) > 1 {
            let middle = middle(start, end);
            let (own, sibling) = if index < middle {
                ((start, middle), self.node(middle, end))
            } else {
                ((middle, end), self.node(start, middle))
            };
            (start, end) = own;
            steps.push(Step { claimed: (self.claims)(start, end), sibling });
        }
        steps.reverse();
        Some(SumPath { index: length(index), sum: leaf.sum, leaf: leaf.data.clone(), steps })
    }

    /// The path to the first node that counts another sum than lies below it; `None` if there is none.
    pub fn prove(&self) -> Option<SumPath> {
        self.path(self.wrong(0, self.leaves.leaves.len())?)
    }

    fn node(&self, start: usize, end: usize) -> Node {
        let hash = match self.leaves.leaves.get(start) {
            Some(leaf) if end.saturating_sub(start) < 2 => merkle_sum::leaf(leaf.sum, &leaf.data).hash,
            _ => {
                let middle = middle(start, end);
                merkle_sum::node_hash(&self.node(start, middle), &self.node(middle, end))
            }
        };
        Node { sum: (self.claims)(start, end), hash }
    }

    /// A leaf below the first wrong node.
    fn wrong(&self, start: usize, end: usize) -> Option<usize> {
        let claimed = (self.claims)(start, end);
        let leaf = self.leaves.leaves.get(start)?;
        if end.saturating_sub(start) < 2 {
            return (leaf.sum != claimed).then_some(start);
        }
        let middle = middle(start, end);
        let below = (self.claims)(start, middle).checked_add((self.claims)(middle, end));
        if below != Some(claimed) {
            return Some(start);
        }
        self.wrong(start, middle).or_else(|| self.wrong(middle, end))
    }
}

/// Where a node over at least two leaves is divided.
fn middle(start: usize, end: usize) -> usize {
    start.saturating_add(split(end.saturating_sub(start)))
}
