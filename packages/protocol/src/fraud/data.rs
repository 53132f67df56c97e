//! Full data of batches and epochs, as challengers hold it: leaves as they were committed, sound or not.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    string::String,
    vec::Vec,
};

use prost::Message;

use super::{
    open::{Absence, BatchFacts, Opening, SumOpening, SumTree},
    payout::cumulative,
};
use crate::{
    Credit, Hash, Payout, Receipt, Scope,
    amount::{self, AmountError},
    merkle::{self, MerkleError, length},
    merkle_sum::{self, Node},
    payouts::Payouts,
};

/// A leaf of a summing tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SumLeaf {
    /// What the tree counts for it.
    pub sum: u128,
    /// Its bytes.
    pub data: Vec<u8>,
}

/// All leaves of a summing tree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SumLeaves {
    /// In the tree's order.
    pub leaves: Vec<SumLeaf>,
}

impl SumLeaves {
    /// Credits in the order given.
    pub fn of_credits(credits: &[Credit]) -> Result<Self, AmountError> {
        let leaf = |credit: &Credit| Ok(SumLeaf { sum: amount::parse(&credit.amount)?, data: credit.encode_to_vec() });
        Ok(Self { leaves: credits.iter().map(leaf).collect::<Result<_, _>>()? })
    }

    /// Payouts by payee.
    pub fn of_payouts(scope: &Scope, payouts: &Payouts) -> Self {
        let leaf = |(payee, earned): (&str, u128)| {
            let payout =
                Payout { scope: Some(scope.clone()), payee: payee.into(), cumulative_amount: amount::format(earned) };
            SumLeaf { sum: earned, data: payout.encode_to_vec() }
        };
        Self { leaves: payouts.iter().map(leaf).collect() }
    }

    /// The leaves' nodes.
    pub fn nodes(&self) -> Vec<Node> {
        self.leaves.iter().map(|leaf| merkle_sum::leaf(leaf.sum, &leaf.data)).collect()
    }

    /// Root and number of leaves.
    pub fn tree(&self) -> Result<SumTree, MerkleError> {
        Ok(SumTree { root: merkle_sum::root(&self.nodes())?, count: length(self.leaves.len()) })
    }

    /// Opens a leaf.
    pub fn open(&self, index: u64) -> Result<SumOpening, MerkleError> {
        let siblings = merkle_sum::proof(&self.nodes(), index)?.siblings;
        let leaf = usize::try_from(index).ok().and_then(|index| self.leaves.get(index));
        let leaf = leaf.ok_or(MerkleError::IndexOutOfRange { index, size: length(self.leaves.len()) })?;
        Ok(SumOpening { index, sum: leaf.sum, leaf: leaf.data.clone(), siblings })
    }

    /// The leaves on both sides of the gap before `position`.
    pub fn absence_at(&self, position: usize) -> Result<Absence, MerkleError> {
        let before = position.checked_sub(1).map(|index| self.open(length(index))).transpose()?;
        let after = (position < self.leaves.len()).then(|| self.open(length(position))).transpose()?;
        Ok(Absence { before, after })
    }

    /// Something of each leaf; a leaf that does not decode counts as empty.
    pub(super) fn read<M: Message + Default, T>(&self, part: impl Fn(M) -> T) -> Vec<T> {
        self.leaves.iter().map(|leaf| part(M::decode(leaf.data.as_slice()).unwrap_or_default())).collect()
    }
}

/// A batch: its receipts and credits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BatchData {
    /// Leaves of the receipts, in serving order.
    pub receipts: Vec<Vec<u8>>,
    /// Leaves of the credits.
    pub credits: SumLeaves,
}

impl BatchData {
    /// Of messages, in the order given.
    pub fn new(receipts: &[Receipt], credits: &[Credit]) -> Result<Self, AmountError> {
        let receipts = receipts.iter().map(Message::encode_to_vec).collect();
        Ok(Self { receipts, credits: SumLeaves::of_credits(credits)? })
    }

    /// Root over the receipts.
    pub fn receipts_root(&self) -> Hash {
        merkle::root(&self.receipts)
    }

    /// What the chain would know of it.
    pub fn facts(&self, batch_id: u64, scope: Scope, node: String) -> Result<BatchFacts, MerkleError> {
        Ok(BatchFacts {
            batch_id,
            scope,
            node,
            receipts_root: self.receipts_root(),
            receipt_count: length(self.receipts.len()),
            credits: self.credits.tree()?,
        })
    }

    /// Opens a receipt.
    pub fn open_receipt(&self, index: u64) -> Result<Opening, MerkleError> {
        let siblings = merkle::proof(&self.receipts, index)?;
        let leaf = usize::try_from(index).ok().and_then(|index| self.receipts.get(index));
        let leaf = leaf.ok_or(MerkleError::IndexOutOfRange { index, size: length(self.receipts.len()) })?;
        Ok(Opening { index, leaf: leaf.clone(), siblings })
    }
}

/// An epoch: payouts after and before it, and the credits of its batches.
#[derive(Debug, Clone)]
pub struct EpochData<'a> {
    /// Payouts after the epoch.
    pub payouts: &'a SumLeaves,
    /// Payouts after the epoch before; absent for the first.
    pub previous: Option<&'a SumLeaves>,
    /// Credits of each batch, in the epoch's order.
    pub batches: Vec<&'a SumLeaves>,
}

impl EpochData<'_> {
    /// The first payee whose payout is not what it should be.
    pub(super) fn wrong_payee(&self, payouts: &[Payout]) -> Option<String> {
        let mut exact: BTreeMap<String, u128> = BTreeMap::new();
        let mut add = |payee: String, sum: u128| {
            let entry = exact.entry(payee).or_default();
            *entry = entry.saturating_add(sum);
        };
        if let Some(leaves) = self.previous {
            let payees = leaves.read(|payout: Payout| payout.payee);
            payees.into_iter().zip(&leaves.leaves).for_each(|(payee, leaf)| add(payee, leaf.sum));
        }
        for leaves in &self.batches {
            let payees = leaves.read(|credit: Credit| credit.payee);
            payees.into_iter().zip(&leaves.leaves).for_each(|(payee, leaf)| add(payee, leaf.sum));
        }
        let claimed: BTreeMap<&str, u128> =
            payouts.iter().map(|payout| (payout.payee.as_str(), cumulative(payout))).collect();
        let payees: BTreeSet<&str> = exact.keys().map(String::as_str).chain(claimed.keys().copied()).collect();
        let of = |payee: &str| (claimed.get(payee).copied().unwrap_or(0), exact.get(payee).copied().unwrap_or(0));
        payees.into_iter().find(|payee| of(payee).0 != of(payee).1).map(String::from)
    }
}
