use openledger_protocol::{
    Credit, CreditRole, Message, Signed, amount,
    credits::{key, sort},
    fraud::{
        Absence, Fraud, LeafProblem, Rejected, Tree,
        credit::{self, CreditProof, MissingCredit},
        data::{BatchData, SumLeaf},
    },
};
use proptest::prelude::*;

use crate::world::{Batch, TABLE, World, payees, terms, world};

/// What the challenger finds, and what the chain says to it.
fn shown(batch: &Batch) -> Option<Fraud> {
    let facts = &batch.facts;
    Some(match credit::prove(facts, &batch.data, terms).unwrap()? {
        CreditProof::Leaf(leaf) => credit::check_leaf(facts, &leaf).unwrap(),
        CreditProof::Order(first, second) => credit::check_order(facts, &first, &second).unwrap(),
        CreditProof::NotEarned { receipt, credit } => {
            let opened = batch.open(&receipt);
            let payees = payees(opened.receipt().adapter_id, &facts.node);
            credit::check(&opened, &TABLE, &payees, &credit).unwrap()
        }
        CreditProof::Missing { receipt, missing } => {
            let opened = batch.open(&receipt);
            let payees = payees(opened.receipt().adapter_id, &facts.node);
            credit::check_missing(&opened, &TABLE, &payees, &missing).unwrap()
        }
    })
}

/// The first batch with some credits changed, sorted again or not.
fn forge(world: &World, again: bool, change: impl FnOnce(&mut Vec<Credit>)) -> Batch {
    let batch = &world.batches[0];
    let mut credits = batch.credits.clone();
    change(&mut credits);
    if again {
        sort(&mut credits);
    }
    batch.with_credits(credits)
}

/// The first batch with one leaf of its credits replaced.
fn with_leaf(batch: &Batch, index: usize, leaf: SumLeaf) -> Batch {
    let mut data: BatchData = batch.data.clone();
    data.credits.leaves[index] = leaf;
    batch.commit(data)
}

proptest! {
    #![proptest_config(crate::world::cases(64))]

    #[test]
    fn a_credit_that_its_receipt_does_not_give_is_shown(world in world(), pick: prop::sample::Index, by in 1u128..5) {
        let batch = &world.batches[0];
        let at = pick.index(batch.credits.len());
        let honest = batch.credits[at].clone();
        let earned = amount::parse(&honest.amount).unwrap();

        let more = forge(&world, false, |credits| credits[at].amount = amount::format(earned + by));
        let expected = Fraud::NotEarned { credit: at as u64, receipt: honest.receipt_index, expected: Some(earned) };
        prop_assert_eq!(shown(&more), Some(expected));

        let other = forge(&world, true, |credits| credits[at].payee = "wasm1thief".into());
        let nobody = |fraud| matches!(fraud, Some(Fraud::NotEarned { expected: None, .. }));
        prop_assert!(nobody(shown(&other)));
        let far = forge(&world, true, |credits| credits[at].cluster += 100);
        prop_assert!(nobody(shown(&far)));
        let role = forge(&world, true, |credits| {
            credits[at].role = i32::from(if honest.role == 4 { CreditRole::Stakers } else { CreditRole::Node });
            credits[at].cluster = 77;
        });
        prop_assert!(nobody(shown(&role)));
        // One more credit for a receipt that gives none.
        let extra = forge(&world, true, |credits| credits.push(Credit { payee: "wasm1thief".into(), ..honest.clone() }));
        prop_assert!(nobody(shown(&extra)));
    }

    #[test]
    fn a_credit_of_another_receipt_is_shown(world in world(), pick: prop::sample::Index) {
        let batch = &world.batches[0];
        let at = pick.index(batch.credits.len());
        let count = batch.receipts.len() as u64;
        let moved = forge(&world, false, |credits| credits[at].receipt_index = (credits[at].receipt_index + 1) % count);
        shape!(shown(&moved), Some(Fraud::OtherReceipt { credit, .. }) if credit == at as u64);
        let invented = forge(&world, true, |credits| credits[at].receipt_id = vec![7; 32]);
        shape!(shown(&invented), Some(Fraud::OtherReceipt { .. }));
    }

    #[test]
    fn a_missing_credit_is_shown(world in world(), pick: prop::sample::Index) {
        let batch = &world.batches[0];
        let at = pick.index(batch.credits.len());
        let missing = forge(&world, true, |credits| drop(credits.remove(at)));
        let honest = &batch.credits[at];
        let amount = amount::parse(&honest.amount).unwrap();
        let expected = Fraud::MissingCredit { receipt: honest.receipt_index, payee: honest.payee.clone(), amount };
        prop_assert_eq!(shown(&missing), Some(expected));
        // All but one are gone.
        let lonely = forge(&world, true, |credits| *credits = vec![honest.clone()]);
        shape!(shown(&lonely), Some(Fraud::MissingCredit { .. }));
        let none = forge(&world, true, Vec::clear);
        shape!(shown(&none), Some(Fraud::MissingCredit { .. }));
    }

    #[test]
    fn credits_out_of_order_are_shown(world in world(), pick: prop::sample::Index) {
        let batch = &world.batches[0];
        let at = pick.index(batch.credits.len() - 1);
        let swapped = forge(&world, false, |credits| credits.swap(at, at + 1));
        let found = |fraud: &Fraud| matches!(fraud, Fraud::OutOfOrder { tree: Tree::Credits, .. });
        prop_assert!(found(&shown(&swapped).unwrap()));
        let twice = forge(&world, true, |credits| credits.push(credits[at].clone()));
        prop_assert_eq!(shown(&twice), Some(Fraud::OutOfOrder { tree: Tree::Credits, index: at as u64 }));
        // The same key with another amount is the same credit twice.
        let split = forge(&world, true, |credits| credits.push(Credit { amount: "1".into(), ..credits[at].clone() }));
        prop_assert!(found(&shown(&split).unwrap()));
    }

    #[test]
    fn a_leaf_that_is_no_credit_is_shown(world in world(), pick: prop::sample::Index) {
        let batch = &world.batches[0];
        let at = pick.index(batch.credits.len());
        let SumLeaf { sum, data } = batch.data.credits.leaves[at].clone();
        let shown = |leaf: SumLeaf| match shown(&with_leaf(batch, at, leaf)) {
            Some(Fraud::BrokenCredit { index, problem }) if index == at as u64 => problem,
            other => panic!("{other:?}"),
        };
        let of = |sum: u128, change: &dyn Fn(&mut Credit)| {
            let mut credit = batch.credits[at].clone();
            change(&mut credit);
            SumLeaf { sum, data: credit.encode_to_vec() }
        };
        let cut = data[..data.len() - 1].to_vec();
        let problem = shown(SumLeaf { sum, data: cut });
        // What is cut may be a default at the end, or the end of a number.
        shape!(problem, LeafProblem::Undecodable | LeafProblem::NotCanonical);
        let longer = [&data[..], &[0x78, 1]].concat();
        prop_assert_eq!(shown(SumLeaf { sum, data: longer }), LeafProblem::NotCanonical);
        let false_sum = SumLeaf { sum: sum + 1, data: data.clone() };
        prop_assert_eq!(shown(false_sum), LeafProblem::OtherSum { sum: sum + 1, amount: sum });
        prop_assert_eq!(shown(of(0, &|credit| credit.amount = "0".into())), LeafProblem::Zero);
        let misspelt = shown(of(sum, &|credit| credit.amount.insert(0, '0')));
        shape!(misspelt, LeafProblem::Amount(_));
        prop_assert_eq!(shown(of(sum, &|credit| credit.role = 0)), LeafProblem::Role(0));
        prop_assert_eq!(shown(of(sum, &|credit| credit.role = 7)), LeafProblem::Role(7));
        prop_assert_eq!(shown(of(sum, &|credit| credit.receipt_id = vec![1; 31])), LeafProblem::ReceiptId(31));
        prop_assert_eq!(shown(of(sum, &|credit| credit.payee.clear())), LeafProblem::Payee(0));
        prop_assert_eq!(shown(of(sum, &|credit| credit.payee = "p".repeat(91))), LeafProblem::Payee(91));
        let count = batch.receipts.len() as u64;
        let beyond = shown(of(sum, &|credit| credit.receipt_index = count));
        prop_assert_eq!(beyond, LeafProblem::ReceiptIndex { index: count, count });
    }

    #[test]
    fn what_is_there_is_never_missing(world in world(), pick: prop::sample::Index, gap: prop::sample::Index) {
        let batch = &world.batches[0];
        let wanted = &batch.credits[pick.index(batch.credits.len())];
        let opened = batch.open_at(wanted.receipt_index as usize);
        let payees = payees(opened.receipt().adapter_id, &batch.facts.node);
        let leaves = &batch.data.credits;
        let size = leaves.leaves.len();
        let check = |absence: Absence| {
            let role = CreditRole::try_from(wanted.role).unwrap();
            let missing = MissingCredit { role, cluster: wanted.cluster, absence };
            credit::check_missing(&opened, &TABLE, &payees, &missing)
        };
        // Any two neighbours, and either edge.
        let around = Err(Rejected::NotAround { what: "credit" });
        prop_assert_eq!(check(leaves.absence_at(gap.index(size + 1)).unwrap()), around);
        // Leaves that are not side by side, or one that is not at the edge.
        let gapped = Err(Rejected::NotAdjacent { what: "credit" });
        let at = batch.credits.iter().position(|credit| key(credit) == key(wanted)).unwrap();
        let before = at.checked_sub(1).map(|index| leaves.open(index as u64).unwrap());
        let after = (at + 1 < size).then(|| leaves.open(at as u64 + 1).unwrap());
        prop_assert_eq!(check(Absence { before: before.clone(), after: after.clone() }), gapped.clone());
        prop_assert_eq!(check(Absence { before, after: None }), gapped.clone());
        prop_assert_eq!(check(Absence { before: None, after }), gapped.clone());
        prop_assert_eq!(check(Absence::default()), gapped);
    }

    #[test]
    fn challenges_that_do_not_fit_are_refused(world in world(), pick: prop::sample::Index) {
        let batch = &world.batches[0];
        let at = pick.index(batch.credits.len());
        let opening = batch.data.credits.open(at as u64).unwrap();
        let own = batch.credits[at].receipt_index;
        for index in 0..batch.receipts.len() {
            let opened = batch.open_at(index);
            let payees = payees(opened.receipt().adapter_id, &batch.facts.node);
            let expected = if index as u64 == own {
                Rejected::Honest
            } else {
                Rejected::UnrelatedReceipt { named: own, opened: index as u64 }
            };
            prop_assert_eq!(credit::check(&opened, &TABLE, &payees, &opening), Err(expected));
            let nothing = MissingCredit { role: CreditRole::Commons, cluster: 9, absence: Absence::default() };
            let refused = credit::check_missing(&opened, &TABLE, &payees, &nothing);
            prop_assert_eq!(refused, Err(Rejected::NoSuchCredit));
        }
        let forged = batch.change(0, |receipt| receipt.fee.push('0'));
        let opened = forged.open_at(0);
        let payees = payees(opened.receipt().adapter_id, &batch.facts.node);
        let id = opened.digest().to_vec();
        let claimed = Credit { receipt_id: id, receipt_index: 0, ..batch.credits[at].clone() };
        let claiming = forged.with_credits(vec![claimed]);
        let refused = credit::check(&claiming.open_at(0), &TABLE, &payees, &claiming.data.credits.open(0).unwrap());
        shape!(refused, Err(Rejected::NoCredits(_)));
        prop_assert_eq!(opened.receipt().digest(), opened.digest());
    }
}
