//! One-step fraud proofs: what a contract decides alone, from openings of what was committed on chain.
//!
//! Every check takes what the chain knows (roots, counts, totals, terms) and what a challenger brings (openings), and
//! answers `Ok(`[`Fraud`]`)` when these show a violation, `Err(`[`Rejected`]`)` otherwise. [`Rejected::Honest`] means that
//! everything opened and nothing is wrong with it. Sizes of trees are facts of the chain, never of the challenger: under
//! a smaller size a subtree would pass for a leaf.
//!
//! | check | shows |
//! | --- | --- |
//! | [`receipt::check`] | a leaf of the receipts that is no receipt, or one of another contract or node |
//! | [`receipt::check_adapter`] | a receipt for an adapter version that does not exist |
//! | [`score::check`] | a score that is not the dot product of the committed query with the registered row |
//! | [`share::check`] | shares or a fee that do not follow from the receipt's own numbers |
//! | [`credit::check_leaf`] | a leaf of the credits that is no credit |
//! | [`credit::check`] | a credit that its receipt does not give |
//! | [`credit::check_missing`] | a credit that a receipt gives and the tree lacks |
//! | [`credit::check_order`] | credits out of order, or one twice |
//! | [`sums::check`] | a summing tree in which some node's sum is not that of its children, the total included |
//! | [`charge::check`] | a receipt that its session's charge, voucher or terms do not cover |
//! | [`charge::check_overlap`] | two receipts that charge the same part of a session |
//! | [`duplicate::check`] | one receipt at two positions, or two receipts for one voucher |
//! | [`payout::check`] | a payout that is not the payee's previous payout and the credits of the epoch's batches |
//! | [`payout::check_leaf`], [`payout::check_order`] | a leaf that is no payout; payouts out of order, or a payee twice |
//! | [`equivocation::check`] | two statements for one round of one epoch |
//!
//! Together they are complete for money, given the data: when no check of a batch finds anything, its receipts follow
//! from their own measurements, its credits are exactly those of its receipts, their sum is the total, every receipt
//! lies within its session's charge, no two overlap, and so each session pays exactly its receipts. What needs the
//! model (a wrong query vector, a wrong answer, losses of counterfactual adapters), a node that shows its data to nobody,
//! signatures under receipts and times before a session was opened stay with the validators.
//!
//! Beside each check stands a `prove` function for challengers: it looks for a violation in full data ([`data`]) and
//! makes the openings that show it.
//!
//! Nothing here panics or allocates more than a small multiple of what it is given, and what it is given is bounded by
//! [`MAX_LEAF_BYTES`], [`MAX_SIBLINGS`] and [`MAX_BATCHES`].

pub mod charge;
pub mod credit;
pub mod data;
pub mod duplicate;
pub mod equivocation;
mod open;
pub mod payout;
pub mod receipt;
pub mod score;
pub mod share;
pub mod sums;
mod verdict;

pub use open::{Absence, BatchFacts, EpochFacts, Opening, SumOpening, SumTree};
pub use receipt::{OpenedReceipt, ReceiptLeaf};
pub use verdict::{Culprit, Fraud, LeafProblem, Rejected, Tree};

/// Longest leaf that is looked at. A receipt over [`crate::attribution::MAX_CLUSTERS`] clusters takes less than half.
pub const MAX_LEAF_BYTES: usize = 128 * 1024;

/// Most siblings of one opening: a tree of 2⁶⁴ leaves.
pub const MAX_SIBLINGS: usize = crate::merkle::MAX_PROOF;

/// Most subtrees on either side of a range's proof: two at each level.
pub const MAX_RANGE_NODES: usize = 2 * MAX_SIBLINGS;

/// Most batches of one epoch.
pub const MAX_BATCHES: usize = 64;
