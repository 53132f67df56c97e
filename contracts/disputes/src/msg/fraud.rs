//! What a challenger shows. Every proof decides itself: nobody votes, and a proof that shows nothing changes nothing.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{HexBinary, Uint128, Uint64};
use openledger_contract_kit::Digest;
use openledger_protocol::{
    fraud::{self, credit::MissingCredit, payout, sums},
    merkle_sum::Node,
    CreditRole,
};

use super::SumNode;

/// A leaf of the receipts. The tree's size is what the batch says on chain.
#[cw_serde]
pub struct LeafOpening {
    /// Position, from 0.
    pub index: Uint64,
    /// Bytes of the leaf, in hex; at most 131,072 bytes.
    pub leaf: HexBinary,
    /// Siblings from the leaf upwards; at most 64.
    pub siblings: Vec<Digest>,
}

/// A leaf of a summing tree: of credits or of payouts.
#[cw_serde]
pub struct SumLeafOpening {
    /// Position, from 0.
    pub index: Uint64,
    /// What the tree counts for the leaf, in `uopen`.
    pub sum: Uint128,
    /// Bytes of the leaf, in hex; at most 131,072 bytes.
    pub leaf: HexBinary,
    /// Siblings from the leaf upwards; at most 64.
    pub siblings: Vec<SumNode>,
}

/// The two leaves between which something would lie; one at an edge of the tree, none in an empty tree.
#[cw_serde]
pub struct Gap {
    /// The last leaf below it.
    pub before: Option<SumLeafOpening>,
    /// The first leaf above it.
    pub after: Option<SumLeafOpening>,
}

/// A path through a summing tree with the sum that each node is said to have.
#[cw_serde]
pub struct SumPath {
    /// Position of the leaf, from 0.
    pub index: Uint64,
    /// Sum in the leaf's own hash, in `uopen`.
    pub sum: Uint128,
    /// Bytes of the leaf, in hex.
    pub leaf: HexBinary,
    /// From the leaf upwards; at most 64.
    pub steps: Vec<SumStep>,
}

/// One level of a [`SumPath`].
#[cw_serde]
pub struct SumStep {
    /// Sum that the parent counts for the node on the path, in `uopen`.
    pub claimed: Uint128,
    /// The node beside it.
    pub sibling: SumNode,
}

/// Why a credit pays.
#[cw_serde]
#[derive(Copy, Eq)]
pub enum Role {
    /// Owner of a cluster.
    Contributor,
    /// The Datanet's commons.
    Commons,
    /// Owner of the adapter.
    Developer,
    /// Operator of the node.
    Node,
    /// Stakers.
    Stakers,
    /// The treasury.
    Treasury,
}

/// A receipt that shows it alone.
#[cw_serde]
pub struct OneReceipt {
    /// The receipt, or a leaf in its place that is none.
    pub receipt: LeafOpening,
}

/// Two receipts of one batch.
#[cw_serde]
pub struct TwoReceipts {
    /// One.
    pub first: LeafOpening,
    /// The other.
    pub second: LeafOpening,
}

/// Two leaves of a summing tree, side by side.
#[cw_serde]
pub struct Neighbours {
    /// One.
    pub first: SumLeafOpening,
    /// The next.
    pub second: SumLeafOpening,
}

/// A way through a summing tree on which some sum is false.
#[cw_serde]
pub struct FalseSum {
    /// The path to it.
    pub path: SumPath,
}

/// What is wrong with a batch.
#[cw_serde]
pub enum BatchFraud {
    /// A leaf of the receipts is no receipt of this batch.
    Receipt(OneReceipt),
    /// The receipt is for an adapter version that was never registered.
    Adapter(OneReceipt),
    /// Shares or fee do not follow from the receipt's own numbers.
    Shares(OneReceipt),
    /// A score is not the dot product of the receipt's query and the row of the adapter version's index.
    Score {
        /// The receipt.
        receipt: LeafOpening,
        /// What the receipt commits to: a salt of 32 bytes, then one byte per dimension, two's complement, in hex. Absent when
        /// the receipt alone shows it: it has no query, another number of scores, or its adapter version no index.
        query: Option<HexBinary>,
        /// The row as a leaf of the index: its cluster as 4 bytes, big-endian, then one byte per dimension. Absent when the query
        /// alone shows it: it has another length than the index.
        row: Option<LeafOpening>,
    },
    /// The receipt is beyond what the batch charges its session, beyond the voucher, or beyond the session's terms.
    Charge(OneReceipt),
    /// Two receipts of the batch charge the same part of one session.
    Overlap(TwoReceipts),
    /// One receipt twice, or two receipts for one voucher.
    Duplicate {
        /// In this batch.
        first: LeafOpening,
        /// Batch of the other; this batch, or an earlier one.
        other_batch_id: Uint64,
        /// In the other batch.
        second: LeafOpening,
    },
    /// A leaf of the credits is no credit.
    CreditLeaf {
        /// The leaf.
        credit: SumLeafOpening,
    },
    /// Two credits side by side are out of order, or equal.
    CreditOrder(Neighbours),
    /// A credit is not one that the receipt which it names gives.
    Credit {
        /// The receipt at the position that the credit names.
        receipt: LeafOpening,
        /// The credit.
        credit: SumLeafOpening,
    },
    /// A credit that the receipt gives is nowhere in the tree.
    MissingCredit {
        /// The receipt.
        receipt: LeafOpening,
        /// Why somebody should earn.
        role: Role,
        /// Which cluster, for contributors; 0 otherwise.
        cluster: Uint64,
        /// Where the credit would lie.
        gap: Gap,
    },
    /// A node of the credits' tree counts another sum than lies below it.
    CreditSum(FalseSum),
}

/// What is wrong with an epoch's payouts.
#[cw_serde]
pub enum EpochFraud {
    /// A leaf of the payouts is no payout of this contract.
    PayoutLeaf {
        /// The leaf.
        payout: SumLeafOpening,
    },
    /// Two payouts side by side are out of order, or of one payee.
    PayoutOrder(Neighbours),
    /// A payee's payout is not its payout before the epoch and its credits in the epoch's batches.
    Payout {
        /// Who.
        payee: String,
        /// Its place in the payouts after the epoch.
        now: PayoutPlace,
        /// Its place in the payouts of the epoch before; absent if, and only if, there is none.
        before: Option<PayoutPlace>,
        /// Its credits in each batch of the epoch, in the order of their ids.
        credits: Vec<CreditRange>,
    },
    /// A node of the payouts' tree counts another sum than lies below it.
    PayoutSum(FalseSum),
}

/// Where a payee is in a payout tree.
#[cw_serde]
pub enum PayoutPlace {
    /// Its leaf.
    At(SumLeafOpening),
    /// It has none: where it would lie.
    Absent(Gap),
}

/// A payee's credits in one batch.
#[cw_serde]
pub enum CreditRange {
    /// None: where they would lie.
    None(Gap),
    /// All of them, side by side.
    Some(Box<OwnCredits>),
}

/// The range of a payee's credits with its edges.
#[cw_serde]
pub struct OwnCredits {
    /// The credit before the first; absent at the tree's beginning.
    pub before: Option<SumLeafOpening>,
    /// The payee's first credit.
    pub first: SumLeafOpening,
    /// The payee's last credit.
    pub last: SumLeafOpening,
    /// The credit after the last; absent at the tree's end.
    pub after: Option<SumLeafOpening>,
    /// The maximal subtrees outside the range, left to right; at most 128.
    pub outside: Vec<SumNode>,
    /// The maximal subtrees inside the range, left to right; at most 128.
    pub inside: Vec<SumNode>,
}

fn node(node: &SumNode) -> Node {
    Node { sum: node.sum.u128(), hash: node.hash.into_bytes() }
}

fn sum_node(node: Node) -> SumNode {
    SumNode { sum: node.sum.into(), hash: Digest::new(node.hash) }
}

fn nodes(list: &[SumNode]) -> Vec<Node> {
    list.iter().map(node).collect()
}

fn sum_nodes(list: Vec<Node>) -> Vec<SumNode> {
    list.into_iter().map(sum_node).collect()
}

impl From<LeafOpening> for fraud::Opening {
    fn from(opening: LeafOpening) -> Self {
        Self {
            index: opening.index.u64(),
            leaf: opening.leaf.into(),
            siblings: opening.siblings.iter().map(|hash| hash.into_bytes()).collect(),
        }
    }
}

impl From<fraud::Opening> for LeafOpening {
    fn from(opening: fraud::Opening) -> Self {
        Self {
            index: opening.index.into(),
            leaf: opening.leaf.into(),
            siblings: opening.siblings.into_iter().map(Digest::new).collect(),
        }
    }
}

impl From<SumLeafOpening> for fraud::SumOpening {
    fn from(opening: SumLeafOpening) -> Self {
        Self {
            index: opening.index.u64(),
            sum: opening.sum.u128(),
            leaf: opening.leaf.into(),
            siblings: nodes(&opening.siblings),
        }
    }
}

impl From<fraud::SumOpening> for SumLeafOpening {
    fn from(opening: fraud::SumOpening) -> Self {
        Self {
            index: opening.index.into(),
            sum: opening.sum.into(),
            leaf: opening.leaf.into(),
            siblings: sum_nodes(opening.siblings),
        }
    }
}

impl From<Gap> for fraud::Absence {
    fn from(gap: Gap) -> Self {
        Self { before: gap.before.map(Into::into), after: gap.after.map(Into::into) }
    }
}

impl From<fraud::Absence> for Gap {
    fn from(absence: fraud::Absence) -> Self {
        Self { before: absence.before.map(Into::into), after: absence.after.map(Into::into) }
    }
}

impl From<SumPath> for sums::SumPath {
    fn from(path: SumPath) -> Self {
        let step = |step: &SumStep| sums::Step { claimed: step.claimed.u128(), sibling: node(&step.sibling) };
        Self {
            index: path.index.u64(),
            sum: path.sum.u128(),
            leaf: path.leaf.into(),
            steps: path.steps.iter().map(step).collect(),
        }
    }
}

impl From<sums::SumPath> for SumPath {
    fn from(path: sums::SumPath) -> Self {
        let step = |step: sums::Step| SumStep { claimed: step.claimed.into(), sibling: sum_node(step.sibling) };
        Self {
            index: path.index.into(),
            sum: path.sum.into(),
            leaf: path.leaf.into(),
            steps: path.steps.into_iter().map(step).collect(),
        }
    }
}

impl From<Role> for CreditRole {
    fn from(role: Role) -> Self {
        match role {
            Role::Contributor => Self::Contributor,
            Role::Commons => Self::Commons,
            Role::Developer => Self::Developer,
            Role::Node => Self::Node,
            Role::Stakers => Self::Stakers,
            Role::Treasury => Self::Treasury,
        }
    }
}

/// What a [`MissingCredit`] is in a message; `None` for a role that no credit has.
pub fn missing(missing: MissingCredit) -> Option<(Role, Uint64, Gap)> {
    let role = match missing.role {
        CreditRole::Unspecified => return None,
        CreditRole::Contributor => Role::Contributor,
        CreditRole::Commons => Role::Commons,
        CreditRole::Developer => Role::Developer,
        CreditRole::Node => Role::Node,
        CreditRole::Stakers => Role::Stakers,
        CreditRole::Treasury => Role::Treasury,
    };
    Some((role, missing.cluster.into(), missing.absence.into()))
}

impl From<PayoutPlace> for payout::Place {
    fn from(place: PayoutPlace) -> Self {
        match place {
            PayoutPlace::At(opening) => Self::At(opening.into()),
            PayoutPlace::Absent(gap) => Self::Absent(gap.into()),
        }
    }
}

impl From<payout::Place> for PayoutPlace {
    fn from(place: payout::Place) -> Self {
        match place {
            payout::Place::At(opening) => Self::At(opening.into()),
            payout::Place::Absent(absence) => Self::Absent(absence.into()),
        }
    }
}

impl From<CreditRange> for payout::CreditRange {
    fn from(range: CreditRange) -> Self {
        match range {
            CreditRange::None(gap) => Self::None(gap.into()),
            CreditRange::Some(own) => Self::Some(Box::new(payout::OwnCredits {
                before: own.before.map(Into::into),
                first: own.first.into(),
                last: own.last.into(),
                after: own.after.map(Into::into),
                outside: nodes(&own.outside),
                inside: nodes(&own.inside),
            })),
        }
    }
}

impl From<payout::CreditRange> for CreditRange {
    fn from(range: payout::CreditRange) -> Self {
        match range {
            payout::CreditRange::None(absence) => Self::None(absence.into()),
            payout::CreditRange::Some(own) => Self::Some(Box::new(OwnCredits {
                before: own.before.map(Into::into),
                first: own.first.into(),
                last: own.last.into(),
                after: own.after.map(Into::into),
                outside: sum_nodes(own.outside),
                inside: sum_nodes(own.inside),
            })),
        }
    }
}

impl From<payout::PayoutProof> for EpochFraud {
    fn from(proof: payout::PayoutProof) -> Self {
        Self::Payout {
            payee: proof.payee,
            now: proof.now.into(),
            before: proof.before.map(Into::into),
            credits: proof.credits.into_iter().map(Into::into).collect(),
        }
    }
}
