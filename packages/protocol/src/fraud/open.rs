//! Openings, and the facts of the chain that they are held against.

use alloc::{string::String, vec::Vec};

use prost::Message;

use super::{
    MAX_LEAF_BYTES, MAX_SIBLINGS,
    verdict::{Fraud, LeafProblem, Rejected, Tree},
};
use crate::{
    Credit, CreditRole, Hash, Payout, Scope,
    amount::{self, AmountError},
    credits, merkle,
    merkle_sum::{self, Node, Proof},
    payee,
};

/// A leaf of a plain tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// Position, from zero.
    pub index: u64,
    /// Bytes of the leaf.
    pub leaf: Vec<u8>,
    /// From the leaf up.
    pub siblings: Vec<Hash>,
}

/// A leaf of a summing tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SumOpening {
    /// Position, from zero.
    pub index: u64,
    /// The sum that the tree counts for the leaf.
    pub sum: u128,
    /// Bytes of the leaf.
    pub leaf: Vec<u8>,
    /// From the leaf up.
    pub siblings: Vec<Node>,
}

/// The two leaves between which something would lie; at an edge of the tree there is only one, in an empty tree none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Absence {
    /// The last leaf below it.
    pub before: Option<SumOpening>,
    /// The first leaf above it.
    pub after: Option<SumOpening>,
}

/// A summing tree as the chain knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SumTree {
    /// Total and hash.
    pub root: Node,
    /// Leaves.
    pub count: u64,
}

/// A batch as the chain knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchFacts {
    /// Id on chain.
    pub batch_id: u64,
    /// The settlement contract.
    pub scope: Scope,
    /// Account of the node.
    pub node: String,
    /// RFC 6962 root over the receipts.
    pub receipts_root: Hash,
    /// Number of receipts.
    pub receipt_count: u64,
    /// Credits: the batch's total, their root and number.
    pub credits: SumTree,
}

/// An accepted epoch as the chain knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EpochFacts {
    /// The settlement contract.
    pub scope: Scope,
    /// Payouts after the epoch.
    pub payouts: SumTree,
    /// Payouts after the epoch before; absent for the first.
    pub previous: Option<SumTree>,
    /// Credits of the epoch's batches, in the order of their ids.
    pub batches: Vec<SumTree>,
}

/// Refuses what is longer than `max`.
pub(super) fn bound(what: &'static str, length: usize, max: usize) -> Result<(), Rejected> {
    if length > max { Err(Rejected::TooLong { what, length, max }) } else { Ok(()) }
}

impl Opening {
    /// Checks that the leaf is in the tree of `size` leaves under `root`.
    pub(super) fn verify(&self, what: &'static str, root: &Hash, size: u64) -> Result<(), Rejected> {
        bound(what, self.leaf.len(), MAX_LEAF_BYTES)?;
        bound(what, self.siblings.len(), MAX_SIBLINGS)?;
        merkle::verify(root, &self.leaf, self.index, size, &self.siblings)
            .map_err(|reason| Rejected::BadOpening { what, reason })
    }
}

impl SumOpening {
    /// Checks that the leaf is in the tree.
    pub(super) fn verify(&self, what: &'static str, tree: &SumTree) -> Result<(), Rejected> {
        bound(what, self.leaf.len(), MAX_LEAF_BYTES)?;
        bound(what, self.siblings.len(), MAX_SIBLINGS)?;
        let leaf = merkle_sum::leaf(self.sum, &self.leaf);
        let proof = Proof { index: self.index, size: tree.count, siblings: self.siblings.clone() };
        merkle_sum::verify(&tree.root, &leaf, &proof).map_err(|reason| Rejected::BadOpening { what, reason })
    }
}

/// A message of which `bytes` is the one encoding.
pub(super) fn canonical<M: Message + Default>(bytes: &[u8]) -> Result<M, LeafProblem> {
    let message = M::decode(bytes).map_err(|_| LeafProblem::Undecodable)?;
    if message.encode_to_vec() == bytes { Ok(message) } else { Err(LeafProblem::NotCanonical) }
}

/// What a summing tree holds.
pub(super) trait Leaf: Sized {
    /// What decides whether a leaf is one of the tree, beside its bytes.
    type Context<'a>: Copy;
    /// What orders the leaves.
    type Key<'a>: Ord
    where
        Self: 'a;
    /// Which tree.
    const TREE: Tree;

    /// Reads the leaf and checks everything that it shows by itself.
    fn read(context: Self::Context<'_>, sum: u128, bytes: &[u8]) -> Result<Self, LeafProblem>;

    /// Its place in the order.
    fn key(&self) -> Self::Key<'_>;

    /// The violation that a broken leaf is.
    fn broken(index: u64, problem: LeafProblem) -> Fraud;
}

/// Refuses an amount that is zero, misspelt or not what the tree counts.
fn check_amount(sum: u128, text: &str) -> Result<(), LeafProblem> {
    let amount = amount::parse(text)?;
    if amount != sum {
        return Err(LeafProblem::OtherSum { sum, amount });
    }
    if amount == 0 { Err(LeafProblem::Zero) } else { Ok(()) }
}

fn check_payee(payee: &str) -> Result<(), LeafProblem> {
    if payee.is_empty() || payee.len() > payee::MAX_BYTES { Err(LeafProblem::Payee(payee.len())) } else { Ok(()) }
}

impl Leaf for Credit {
    /// Receipts of the batch.
    type Context<'a> = u64;
    type Key<'a> = (&'a str, &'a [u8], i32, u64);
    const TREE: Tree = Tree::Credits;

    fn read(count: u64, sum: u128, bytes: &[u8]) -> Result<Self, LeafProblem> {
        let credit: Self = canonical(bytes)?;
        check_amount(sum, &credit.amount)?;
        check_payee(&credit.payee)?;
        if credit.receipt_id.len() != 32 {
            return Err(LeafProblem::ReceiptId(credit.receipt_id.len()));
        }
        match CreditRole::try_from(credit.role) {
            Err(_) | Ok(CreditRole::Unspecified) => return Err(LeafProblem::Role(credit.role)),
            Ok(_) => {}
        }
        if credit.receipt_index >= count {
            return Err(LeafProblem::ReceiptIndex { index: credit.receipt_index, count });
        }
        Ok(credit)
    }

    fn key(&self) -> Self::Key<'_> {
        credits::key(self)
    }

    fn broken(index: u64, problem: LeafProblem) -> Fraud {
        Fraud::BrokenCredit { index, problem }
    }
}

impl Leaf for Payout {
    type Context<'a> = &'a Scope;
    type Key<'a> = &'a str;
    const TREE: Tree = Tree::Payouts;

    fn read(scope: &Scope, sum: u128, bytes: &[u8]) -> Result<Self, LeafProblem> {
        let payout: Self = canonical(bytes)?;
        if payout.scope.as_ref() != Some(scope) {
            return Err(LeafProblem::OtherScope);
        }
        check_amount(sum, &payout.cumulative_amount)?;
        check_payee(&payout.payee)?;
        Ok(payout)
    }

    fn key(&self) -> &str {
        &self.payee
    }

    fn broken(index: u64, problem: LeafProblem) -> Fraud {
        Fraud::BrokenPayout { index, problem }
    }
}

/// Two leaves side by side, opened and read, and whether they break the order.
pub(super) fn ordered<L: Leaf>(
    context: L::Context<'_>,
    tree: &SumTree,
    what: &'static str,
    first: &SumOpening,
    second: &SumOpening,
) -> Result<Fraud, Rejected> {
    if first.index.checked_add(1) != Some(second.index) {
        return Err(Rejected::NotAdjacent { what });
    }
    first.verify(what, tree)?;
    second.verify(what, tree)?;
    let read = |opening: &SumOpening| {
        L::read(context, opening.sum, &opening.leaf).map_err(|problem| L::broken(opening.index, problem))
    };
    let pair = read(first).and_then(|a| Ok((a, read(second)?)));
    Ok(match pair {
        Ok((a, b)) if a.key() < b.key() => return Err(Rejected::Honest),
        Ok(_) => Fraud::OutOfOrder { tree: L::TREE, index: first.index },
        // A leaf that cannot be read has no place in any order.
        Err(broken) => broken,
    })
}

/// One leaf, opened and read, and whether it is broken.
pub(super) fn whole<L: Leaf>(
    context: L::Context<'_>,
    tree: &SumTree,
    what: &'static str,
    opening: &SumOpening,
) -> Result<Fraud, Rejected> {
    opening.verify(what, tree)?;
    match L::read(context, opening.sum, &opening.leaf) {
        Ok(_) => Err(Rejected::Honest),
        Err(problem) => Ok(L::broken(opening.index, problem)),
    }
}

/// A leaf that a challenge rests on: opened, read and sound.
pub(super) fn sound<L: Leaf>(
    context: L::Context<'_>,
    tree: &SumTree,
    what: &'static str,
    opening: &SumOpening,
) -> Result<L, Rejected> {
    opening.verify(what, tree)?;
    L::read(context, opening.sum, &opening.leaf).map_err(|problem| Rejected::BrokenLeaf { what, problem })
}

impl Absence {
    /// Checks that the opened leaves lie side by side with nothing between them that `place` calls equal. `place` says
    /// where a leaf lies, seen from what is absent.
    pub(super) fn verify<L: Leaf>(
        &self,
        context: L::Context<'_>,
        tree: &SumTree,
        what: &'static str,
        place: impl Fn(&L) -> core::cmp::Ordering,
    ) -> Result<(), Rejected> {
        let adjacent = match (&self.before, &self.after) {
            (None, None) => tree.count == 0,
            (None, Some(after)) => after.index == 0,
            (Some(before), None) => before.index.checked_add(1) == Some(tree.count),
            (Some(before), Some(after)) => before.index.checked_add(1) == Some(after.index),
        };
        if !adjacent {
            return Err(Rejected::NotAdjacent { what });
        }
        let sides = [(&self.before, core::cmp::Ordering::Less), (&self.after, core::cmp::Ordering::Greater)];
        for (opening, side) in sides {
            if let Some(opening) = opening {
                let leaf: L = sound(context, tree, what, opening)?;
                if place(&leaf) != side {
                    return Err(Rejected::NotAround { what });
                }
            }
        }
        Ok(())
    }
}

/// An amount of a receipt, or the violation that a misspelt one is.
pub(super) fn receipt_amount(field: &'static str, text: &str) -> Result<u128, Fraud> {
    amount::parse(text).map_err(|reason: AmountError| Fraud::BrokenAmount { field, reason })
}
