//! Cumulative payouts: everything each payee has earned since the first epoch.

use alloc::{collections::BTreeMap, string::String, vec::Vec};

use prost::Message;

use crate::{
    Credit, Payout, Scope,
    amount::{self, AmountError},
    credits::RootError,
    merkle_sum::{self, Node, Proof},
};

/// Cumulative earnings by payee.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Payouts {
    earned: BTreeMap<String, u128>,
}

impl Payouts {
    /// Adds credits; nothing changes when one of them is bad.
    pub fn add<'a>(&mut self, credits: impl IntoIterator<Item = &'a Credit>) -> Result<(), AmountError> {
        let mut earned = self.earned.clone();
        for credit in credits {
            let entry = earned.entry(credit.payee.clone()).or_default();
            *entry = entry.checked_add(amount::parse(&credit.amount)?).ok_or(AmountError::Overflow)?;
        }
        self.earned = earned;
        Ok(())
    }

    /// Payees and what they earned, sorted by payee.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u128)> {
        self.earned.iter().map(|(payee, earned)| (payee.as_str(), *earned))
    }

    /// Number of payees: leaves of the payout tree.
    pub fn count(&self) -> u64 {
        crate::merkle::length(self.earned.len())
    }

    /// What `payee` earned so far.
    pub fn earned(&self, payee: &str) -> u128 {
        self.earned.get(payee).copied().unwrap_or(0)
    }

    /// Root of the payout tree: its sum is the total.
    pub fn root(&self, scope: &Scope) -> Result<Node, RootError> {
        Ok(merkle_sum::root(&self.leaves(scope))?)
    }

    /// What `payee` shows to claim; `None` for somebody who never earned.
    pub fn proof(&self, scope: &Scope, payee: &str) -> Result<Option<(u128, Proof)>, RootError> {
        let Some(position) = self.earned.keys().position(|key| key == payee) else { return Ok(None) };
        let proof = merkle_sum::proof(&self.leaves(scope), crate::merkle::length(position))?;
        Ok(Some((self.earned(payee), proof)))
    }

    fn leaves(&self, scope: &Scope) -> Vec<Node> {
        self.earned.iter().map(|(payee, earned)| leaf(scope, payee, *earned)).collect()
    }
}

/// Leaf of the payout tree.
pub fn leaf(scope: &Scope, payee: &str, cumulative: u128) -> Node {
    let payout =
        Payout { scope: Some(scope.clone()), payee: payee.into(), cumulative_amount: amount::format(cumulative) };
    merkle_sum::leaf(cumulative, &payout.encode_to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scope() -> Scope {
        Scope { chain_id: "chain-1".into(), contract: "wasm1settlement".into() }
    }

    fn credit(payee: &str, amount: u128) -> Credit {
        Credit { payee: payee.into(), amount: amount::format(amount), ..Credit::default() }
    }

    #[test]
    fn a_bad_credit_changes_nothing() {
        let mut payouts = Payouts::default();
        payouts.add(&[credit("a", 5)]).unwrap();
        let before = payouts.clone();
        let bad = Credit { amount: "07".into(), ..credit("b", 0) };
        assert!(payouts.add([&credit("a", 1), &bad]).is_err());
        assert!(payouts.add([&credit("a", u128::MAX)]).is_err());
        assert_eq!(payouts, before);
    }

    proptest! {
        #[test]
        fn every_payee_can_prove_its_total(amounts in prop::collection::vec((0u8..20, 1u128..1_000_000), 1..60)) {
            let mut payouts = Payouts::default();
            let credits: Vec<Credit> = amounts.iter().map(|(who, amount)| credit(&format!("p{who}"), *amount)).collect();
            payouts.add(&credits).unwrap();
            let root = payouts.root(&scope()).unwrap();
            prop_assert_eq!(root.sum, amounts.iter().map(|(_, amount)| amount).sum::<u128>());
            for (payee, earned) in payouts.iter() {
                let (cumulative, proof) = payouts.proof(&scope(), payee).unwrap().unwrap();
                prop_assert_eq!(cumulative, earned);
                prop_assert_eq!(merkle_sum::verify(&root, &leaf(&scope(), payee, cumulative), &proof), Ok(()));
                prop_assert!(merkle_sum::verify(&root, &leaf(&scope(), payee, cumulative + 1), &proof).is_err());
            }
            prop_assert_eq!(payouts.proof(&scope(), "nobody").unwrap(), None);
        }
    }
}
