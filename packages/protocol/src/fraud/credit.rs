//! Credits: exactly those that the batch's receipts give, in order.

use alloc::{collections::BTreeMap, vec::Vec};

use super::{
    data::BatchData,
    open::{Absence, BatchFacts, Leaf, Opening, SumOpening, ordered, sound, whole},
    receipt::{OpenedReceipt, readable},
    verdict::{Fraud, Rejected},
};
use crate::{
    Credit, CreditRole, Receipt,
    credits::{self, Payees, credits},
    fees::SplitTable,
    merkle::MerkleError,
};

const WHAT: &str = "credit";

/// A credit that a receipt gives and the tree lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingCredit {
    /// Why somebody should earn.
    pub role: CreditRole,
    /// Which cluster, for contributors; zero otherwise.
    pub cluster: u64,
    /// The leaves where the credit would lie.
    pub absence: Absence,
}

/// Fraud if the leaf is no credit by itself: undecodable, misspelt, zero, under another sum than its amount, without a
/// role, or of a receipt beyond the batch's last.
pub fn check_leaf(batch: &BatchFacts, credit: &SumOpening) -> Result<Fraud, Rejected> {
    whole::<Credit>(batch.receipt_count, &batch.credits, WHAT, credit)
}

/// Fraud if two credits side by side are not in ascending order of payee, receipt, role and cluster; the same twice
/// included.
pub fn check_order(batch: &BatchFacts, first: &SumOpening, second: &SumOpening) -> Result<Fraud, Rejected> {
    ordered::<Credit>(batch.receipt_count, &batch.credits, WHAT, first, second)
}

/// Fraud if the credit is not one that its receipt gives. `opened` must be the receipt at the position that the credit
/// names; `table` and `payees` are the chain's for that receipt's adapter version and the batch's node.
pub fn check(
    opened: &OpenedReceipt<'_>,
    table: &SplitTable,
    payees: &Payees,
    credit: &SumOpening,
) -> Result<Fraud, Rejected> {
    let batch = opened.batch();
    let position = credit.index;
    credit.verify(WHAT, &batch.credits)?;
    let credit = match Credit::read(batch.receipt_count, credit.sum, &credit.leaf) {
        Ok(credit) => credit,
        Err(problem) => return Ok(Fraud::BrokenCredit { index: position, problem }),
    };
    let receipt = opened.index();
    if credit.receipt_index != receipt {
        return Err(Rejected::UnrelatedReceipt { named: credit.receipt_index, opened: receipt });
    }
    if credit.receipt_id != opened.digest() {
        return Ok(Fraud::OtherReceipt { credit: position, receipt });
    }
    let given = credits(opened.receipt(), receipt, table, payees).map_err(Rejected::NoCredits)?;
    not_earned(position, &credit, &given).ok_or(Rejected::Honest)
}

/// Fraud if a credit that the receipt gives is nowhere in the tree, whatever its amount. `table` and `payees` as in
/// [`check`].
pub fn check_missing(
    opened: &OpenedReceipt<'_>,
    table: &SplitTable,
    payees: &Payees,
    missing: &MissingCredit,
) -> Result<Fraud, Rejected> {
    let batch = opened.batch();
    let receipt = opened.index();
    let given = credits(opened.receipt(), receipt, table, payees).map_err(Rejected::NoCredits)?;
    let role = i32::from(missing.role);
    let wanted = given.into_iter().find(|credit| credit.role == role && credit.cluster == missing.cluster);
    let wanted = wanted.ok_or(Rejected::NoSuchCredit)?;
    let place = |leaf: &Credit| leaf.key().cmp(&wanted.key());
    missing.absence.verify(batch.receipt_count, &batch.credits, WHAT, place)?;
    let amount = crate::amount::parse(&wanted.amount).unwrap_or(0);
    Ok(Fraud::MissingCredit { receipt, payee: wanted.payee, amount })
}

fn not_earned(position: u64, credit: &Credit, given: &[Credit]) -> Option<Fraud> {
    if given.contains(credit) {
        return None;
    }
    let same = given.iter().find(|other| credits::key(other) == credits::key(credit));
    let expected = same.and_then(|other| crate::amount::parse(&other.amount).ok());
    Some(Fraud::NotEarned { credit: position, receipt: credit.receipt_index, expected })
}

/// A violation in the credits, with what a challenger sends to show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreditProof {
    /// For [`check_leaf`].
    Leaf(SumOpening),
    /// For [`check_order`].
    Order(SumOpening, SumOpening),
    /// For [`check`].
    NotEarned {
        /// The receipt that the credit names.
        receipt: Opening,
        /// The credit.
        credit: SumOpening,
    },
    /// For [`check_missing`].
    Missing {
        /// The receipt.
        receipt: Opening,
        /// What is missing.
        missing: MissingCredit,
    },
}

/// Finds the first violation in the credits: a broken leaf, then two out of order, then one not earned, then one
/// missing. `terms` gives table and payees of a receipt; receipts without any, or from which no credits follow, are
/// passed over (other checks decide those).
pub fn prove(
    batch: &BatchFacts,
    data: &BatchData,
    terms: impl Fn(&Receipt) -> Option<(SplitTable, Payees)>,
) -> Result<Option<CreditProof>, MerkleError> {
    let mut leaves: Vec<Credit> = Vec::with_capacity(data.credits.leaves.len());
    for (index, leaf) in (0u64..).zip(&data.credits.leaves) {
        match Credit::read(batch.receipt_count, leaf.sum, &leaf.data) {
            Ok(credit) => leaves.push(credit),
            Err(_) => return data.credits.open(index).map(CreditProof::Leaf).map(Some),
        }
    }
    let wrong = (0u64..).zip(leaves.windows(2)).find(|(_, pair)| matches!(pair, [a, b] if a.key() >= b.key()));
    if let Some((index, _)) = wrong {
        let (first, second) = (data.credits.open(index)?, data.credits.open(index.saturating_add(1))?);
        return Ok(Some(CreditProof::Order(first, second)));
    }
    let receipts: BTreeMap<u64, OpenedReceipt<'_>> =
        readable(batch, data).map(|opened| (opened.index(), opened)).collect();
    let mut given: BTreeMap<u64, Vec<Credit>> = BTreeMap::new();
    for (index, opened) in &receipts {
        let credits =
            terms(opened.receipt()).and_then(|(table, payees)| credits(opened.receipt(), *index, &table, &payees).ok());
        if let Some(credits) = credits {
            given.insert(*index, credits);
        }
    }
    for (position, credit) in (0u64..).zip(&leaves) {
        let receipt = credit.receipt_index;
        let other = receipts.get(&receipt).is_some_and(|opened| credit.receipt_id != opened.digest());
        let unearned = given.get(&receipt).is_some_and(|given| not_earned(position, credit, given).is_some());
        if other || unearned {
            let (receipt, credit) = (data.open_receipt(receipt)?, data.credits.open(position)?);
            return Ok(Some(CreditProof::NotEarned { receipt, credit }));
        }
    }
    for (index, wanted) in given.iter().flat_map(|(index, given)| given.iter().map(move |wanted| (*index, wanted))) {
        if let Err(position) = leaves.binary_search_by(|leaf| leaf.key().cmp(&wanted.key())) {
            let role = CreditRole::try_from(wanted.role).unwrap_or_default();
            let absence = data.credits.absence_at(position)?;
            let missing = MissingCredit { role, cluster: wanted.cluster, absence };
            return Ok(Some(CreditProof::Missing { receipt: data.open_receipt(index)?, missing }));
        }
    }
    Ok(None)
}

/// A sound credit that another check rests on.
pub(super) fn open(tree: &super::SumTree, credit: &SumOpening) -> Result<Credit, Rejected> {
    // Whether a receipt index lies in its batch does not matter for whom the credit pays.
    sound::<Credit>(u64::MAX, tree, WHAT, credit)
}
