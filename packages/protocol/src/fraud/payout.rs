//! Payouts: each payee's payout before the epoch, and its credits in the epoch's batches.

use alloc::{boxed::Box, string::String, vec::Vec};

use super::{
    MAX_BATCHES, MAX_RANGE_NODES, credit,
    data::{EpochData, SumLeaves},
    open::{Absence, EpochFacts, Leaf, SumOpening, SumTree, bound, ordered, sound, whole},
    verdict::{Fraud, Rejected},
};
use crate::{
    Credit, Payout, Scope, amount,
    merkle::MerkleError,
    merkle_sum::{self, Node, RangeProof},
    payee,
};

const WHAT: &str = "payout";
const BEFORE: &str = "previous payout";

/// Where a payee is in a payout tree, or that it is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Its leaf.
    At(SumOpening),
    /// The leaves where it would lie.
    Absent(Absence),
}

/// A payee's credits in one batch: they lie side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreditRange {
    /// None: the credits where they would lie.
    None(Absence),
    /// All of them.
    Some(Box<OwnCredits>),
}

/// The range of a payee's credits with its edges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnCredits {
    /// The credit before the first; absent at the tree's beginning.
    pub before: Option<SumOpening>,
    /// The payee's first credit.
    pub first: SumOpening,
    /// The payee's last credit; the first once more where there is only one.
    pub last: SumOpening,
    /// The credit after the last; absent at the tree's end.
    pub after: Option<SumOpening>,
    /// The maximal subtrees outside the range, left to right.
    pub outside: Vec<Node>,
    /// The maximal subtrees inside the range, left to right.
    pub inside: Vec<Node>,
}

/// What a challenger shows about one payee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayoutProof {
    /// Who.
    pub payee: String,
    /// In the payouts after the epoch.
    pub now: Place,
    /// In the payouts of the epoch before; absent if, and only if, there is none.
    pub before: Option<Place>,
    /// In each batch of the epoch, in its order.
    pub credits: Vec<CreditRange>,
}

/// Fraud if the payee's payout after the epoch is not the one before it and the payee's credits in the epoch's batches.
/// No leaf counts as zero.
pub fn check(epoch: &EpochFacts, proof: &PayoutProof) -> Result<Fraud, Rejected> {
    bound("payee", proof.payee.len(), payee::MAX_BYTES)?;
    bound("batches", epoch.batches.len(), MAX_BATCHES)?;
    if proof.credits.len() != epoch.batches.len() {
        return Err(Rejected::BatchCount { got: proof.credits.len(), expected: epoch.batches.len() });
    }
    let payee = proof.payee.as_str();
    let claimed = match place(&epoch.scope, &epoch.payouts, WHAT, payee, &proof.now) {
        // Here, and only here, a broken leaf is the epoch's own fault.
        Err(Rejected::BrokenLeaf { problem, .. }) => {
            return Ok(Fraud::BrokenPayout { index: broken_index(&epoch.scope, &proof.now), problem });
        }
        other => other?,
    };
    let before = match (&epoch.previous, &proof.before) {
        (None, None) => 0,
        (Some(tree), Some(shown)) => place(&epoch.scope, tree, BEFORE, payee, shown)?,
        _ => return Err(Rejected::PreviousPayout),
    };
    let mut expected = Some(before);
    for (batch, (tree, range)) in epoch.batches.iter().zip(&proof.credits).enumerate() {
        let sum = earned(batch, tree, payee, range)?;
        expected = expected.and_then(|total| total.checked_add(sum));
    }
    if expected == Some(claimed) {
        return Err(Rejected::Honest);
    }
    Ok(Fraud::WrongPayout { payee: proof.payee.clone(), claimed, expected })
}

/// Fraud if the leaf is no payout by itself: undecodable, misspelt, zero, of another contract, or under another sum than
/// its amount.
pub fn check_leaf(epoch: &EpochFacts, payout: &SumOpening) -> Result<Fraud, Rejected> {
    whole::<Payout>(&epoch.scope, &epoch.payouts, WHAT, payout)
}

/// Fraud if two payouts side by side are not in ascending order of payees; a payee twice included.
pub fn check_order(epoch: &EpochFacts, first: &SumOpening, second: &SumOpening) -> Result<Fraud, Rejected> {
    ordered::<Payout>(&epoch.scope, &epoch.payouts, WHAT, first, second)
}

/// The payee's cumulative amount in a payout tree.
fn place(scope: &Scope, tree: &SumTree, what: &'static str, payee: &str, shown: &Place) -> Result<u128, Rejected> {
    match shown {
        Place::At(opening) => {
            let payout: Payout = sound(scope, tree, what, opening)?;
            if payout.payee == payee { Ok(opening.sum) } else { Err(Rejected::OtherPayee { what }) }
        }
        Place::Absent(absence) => {
            absence.verify(scope, tree, what, |leaf: &Payout| leaf.payee.as_str().cmp(payee))?;
            Ok(0)
        }
    }
}

/// Which of the shown leaves is broken.
fn broken_index(scope: &Scope, shown: &Place) -> u64 {
    let openings = match shown {
        Place::At(opening) => [Some(opening), None],
        Place::Absent(absence) => [absence.before.as_ref(), absence.after.as_ref()],
    };
    let broken = openings.into_iter().flatten().find(|shown| Payout::read(scope, shown.sum, &shown.leaf).is_err());
    broken.map_or(0, |shown| shown.index)
}

/// The sum of the payee's credits in one batch.
fn earned(batch: usize, tree: &SumTree, payee: &str, range: &CreditRange) -> Result<u128, Rejected> {
    let own = match range {
        CreditRange::None(absence) => {
            let place = |leaf: &Credit| leaf.payee.as_str().cmp(payee);
            absence.verify(u64::MAX, tree, "credit", place)?;
            return Ok(0);
        }
        CreditRange::Some(own) => own,
    };
    bound("range", own.outside.len(), MAX_RANGE_NODES)?;
    bound("range", own.inside.len(), MAX_RANGE_NODES)?;
    let wrong = Rejected::WrongRange { batch };
    let (start, last) = (own.first.index, own.last.index);
    let end = last.checked_add(1).filter(|_| start <= last).ok_or(wrong.clone())?;
    let begins = own.before.as_ref().map_or(Some(0), |before| before.index.checked_add(1)) == Some(start);
    let stops = own.after.as_ref().map_or(tree.count, |after| after.index) == end;
    if !begins || !stops {
        return Err(wrong);
    }
    let mut edges: Vec<(&SumOpening, bool)> = alloc::vec![(&own.first, true)];
    if own.last != own.first {
        edges.push((&own.last, true));
    }
    edges.extend(own.before.iter().chain(&own.after).map(|edge| (edge, false)));
    for (edge, mine) in edges {
        if (credit::open(tree, edge)?.payee == payee) != mine {
            return Err(wrong);
        }
    }
    let proof = RangeProof { start, end, size: tree.count, outside: own.outside.clone(), inside: own.inside.clone() };
    merkle_sum::verify_range(&tree.root, &proof).map_err(|reason| Rejected::BadOpening { what: "range", reason })
}

/// A violation in an epoch's payouts, with what a challenger sends to show it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::large_enum_variant)] // one per challenge, never kept
pub enum EpochProof {
    /// For [`check_leaf`].
    Leaf(SumOpening),
    /// For [`check_order`].
    Order(SumOpening, SumOpening),
    /// For [`check`].
    Payout(PayoutProof),
}

/// Finds the first violation in the payouts: a broken leaf, then two out of order, then a wrong amount. The payouts
/// before and the batches' credits must be in order themselves.
pub fn prove(epoch: &EpochFacts, data: &EpochData<'_>) -> Result<Option<EpochProof>, MerkleError> {
    let mut payouts: Vec<Payout> = Vec::with_capacity(data.payouts.leaves.len());
    for (index, leaf) in (0u64..).zip(&data.payouts.leaves) {
        match Payout::read(&epoch.scope, leaf.sum, &leaf.data) {
            Ok(payout) => payouts.push(payout),
            Err(_) => return data.payouts.open(index).map(EpochProof::Leaf).map(Some),
        }
    }
    let wrong = (0u64..).zip(payouts.windows(2)).find(|(_, pair)| matches!(pair, [a, b] if a.payee >= b.payee));
    if let Some((index, _)) = wrong {
        let (first, second) = (data.payouts.open(index)?, data.payouts.open(index.saturating_add(1))?);
        return Ok(Some(EpochProof::Order(first, second)));
    }
    match data.wrong_payee(&payouts) {
        Some(payee) => show(epoch, data, &payee).map(EpochProof::Payout).map(Some),
        None => Ok(None),
    }
}

/// Everything that [`check`] wants about one payee.
pub fn show(epoch: &EpochFacts, data: &EpochData<'_>, payee: &str) -> Result<PayoutProof, MerkleError> {
    let before = epoch.previous.and(data.previous);
    Ok(PayoutProof {
        payee: payee.into(),
        now: find(data.payouts, payee)?,
        before: before.map(|leaves| find(leaves, payee)).transpose()?,
        credits: data.batches.iter().map(|leaves| range(leaves, payee)).collect::<Result<_, _>>()?,
    })
}

fn find(leaves: &SumLeaves, payee: &str) -> Result<Place, MerkleError> {
    let payees: Vec<String> = leaves.read(|payout: Payout| payout.payee);
    match payees.binary_search_by(|other| other.as_str().cmp(payee)) {
        Ok(position) => leaves.open(crate::merkle::length(position)).map(Place::At),
        Err(position) => leaves.absence_at(position).map(Place::Absent),
    }
}

fn range(leaves: &SumLeaves, payee: &str) -> Result<CreditRange, MerkleError> {
    let payees: Vec<String> = leaves.read(|credit: Credit| credit.payee);
    let start = payees.partition_point(|other| other.as_str() < payee);
    let end = payees.partition_point(|other| other.as_str() <= payee);
    let Some(last) = end.checked_sub(1).filter(|_| start < end) else {
        return leaves.absence_at(start).map(CreditRange::None);
    };
    let open = |position: usize| leaves.open(crate::merkle::length(position));
    let edges = leaves.absence_at(start)?.before;
    let after = if end < payees.len() { Some(open(end)?) } else { None };
    let nodes = leaves.nodes();
    let proof = merkle_sum::range_proof(&nodes, crate::merkle::length(start), crate::merkle::length(end))?;
    Ok(CreditRange::Some(Box::new(OwnCredits {
        before: edges,
        first: open(start)?,
        last: open(last)?,
        after,
        outside: proof.outside,
        inside: proof.inside,
    })))
}

/// The amount of a payout that was read before, hence spelt right.
pub(super) fn cumulative(payout: &Payout) -> u128 {
    amount::parse(&payout.cumulative_amount).unwrap_or(0)
}
