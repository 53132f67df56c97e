//! Every one-step proof about a batch: the forged instance is caught and undone, the honest one cannot be challenged.

use cosmwasm_std::{Uint128, Uint64};
use disputes::{
    msg::{BatchFraud, Culprit, FalseSum, Neighbours, OneReceipt, Role, TwoReceipts},
    ContractError,
};
use openledger_protocol::{credits, fraud::sums::ClaimedTree};
use settlement::msg::BatchStatus;

use crate::scene::Scene;

#[test]
fn an_honest_batch_cannot_be_challenged() {
    let mut scene = Scene::new();
    let made = scene.honest();
    assert_eq!(scene.findings(1, &made), vec![]);
    // Buyers who close their sessions in the second in which they were served gain nothing by it.
    for number in [0, 1] {
        let buyer = scene.chain.buyer(number);
        let session_id = Uint64::from(number) + Uint64::one();
        scene.chain.send(&buyer, &settlement::msg::ExecuteMsg::CloseSession { session_id });
    }
    let batch_id = scene.submit(1, &made, None);
    let anyone = scene.anyone();
    let (data, facts) = (made.data(), scene.facts(batch_id, &made));
    let open = |index| data.open_receipt(index).unwrap();
    let credit = |index| data.credits.open(index).unwrap();
    let credits = data.credits.leaves.len() as u64;
    let mut tried = Vec::new();
    for index in 0..3 {
        tried.push(BatchFraud::Receipt(OneReceipt { receipt: open(index).into() }));
        tried.push(BatchFraud::Adapter(OneReceipt { receipt: open(index).into() }));
        tried.push(BatchFraud::Shares(OneReceipt { receipt: open(index).into() }));
        tried.push(BatchFraud::Charge(OneReceipt { receipt: open(index).into() }));
        for other in 0..3 {
            tried.push(BatchFraud::Overlap(TwoReceipts { first: open(index).into(), second: open(other).into() }));
            let (first, second) = (open(index).into(), open(other).into());
            tried.push(BatchFraud::Duplicate { first, other_batch_id: batch_id.into(), second });
        }
        for position in 0..credits {
            tried.push(BatchFraud::Credit { receipt: open(index).into(), credit: credit(position).into() });
        }
        for gap in 0..=data.credits.leaves.len() {
            let absence = data.credits.absence_at(gap).unwrap();
            let role = Role::Contributor;
            let (receipt, gap) = (open(index).into(), absence.into());
            tried.push(BatchFraud::MissingCredit { receipt, role, cluster: Uint64::zero(), gap });
        }
    }
    for position in 0..credits {
        tried.push(BatchFraud::CreditLeaf { credit: credit(position).into() });
        for other in 0..credits {
            tried.push(BatchFraud::CreditOrder(Neighbours {
                first: credit(position).into(),
                second: credit(other).into(),
            }));
        }
    }
    let claims = |start: usize, end: usize| data.credits.leaves[start..end].iter().map(|leaf| leaf.sum).sum();
    let tree = ClaimedTree::new(&data.credits, claims);
    assert_eq!(tree.tree().unwrap(), facts.credits);
    tried.extend(
        (0..credits as usize).map(|at| BatchFraud::CreditSum(FalseSum { path: tree.path(at).unwrap().into() })),
    );
    assert!(tried.len() > 100);
    for proof in tried {
        let error = scene.refused(&anyone, &Scene::prove(batch_id, proof));
        assert!(matches!(error, ContractError::NotProven(_)), "{error:?}");
    }
    assert_eq!(scene.chain.batch_info(batch_id).batch.status, BatchStatus::Pending);
}

#[test]
fn a_leaf_that_is_no_receipt_is_caught() {
    let mut scene = Scene::new();
    let mut made = scene.honest();
    made.receipts[1] = vec![0xff; 40];
    scene.caught(&made, "broken_receipt");
}

#[test]
fn a_receipt_of_another_contract_is_caught() {
    let mut scene = Scene::new();
    let mut receipts = scene.receipts();
    let credits = scene.credits(&receipts);
    receipts[0].scope.as_mut().unwrap().contract = "wasm1other".into();
    scene.caught(&scene.made(&receipts, &credits), "broken_receipt");
}

#[test]
fn a_receipt_for_an_adapter_that_nobody_registered_is_caught() {
    let mut scene = Scene::new();
    let mut receipts = scene.receipts();
    let credits = scene.credits(&receipts);
    receipts[1].adapter_version = 2;
    scene.caught(&scene.made(&receipts, &credits), "unknown_adapter");
}

#[test]
fn shares_that_do_not_follow_from_measurements_are_caught() {
    let mut scene = Scene::new();
    let mut receipts = scene.receipts();
    let shares = &mut receipts[1].attribution.as_mut().unwrap().shares;
    shares[0] += 1_000_000;
    shares[1] -= 1_000_000;
    let credits = scene.credits(&receipts);
    scene.caught(&scene.made(&receipts, &credits), "wrong_shares");
}

#[test]
fn a_fee_that_is_not_tokens_times_prices_is_caught() {
    let mut scene = Scene::new();
    let mut receipts = scene.receipts();
    let credits = scene.credits(&receipts);
    receipts[2].response_tokens -= 1;
    scene.caught(&scene.made(&receipts, &credits), "wrong_fee");
}

#[test]
fn a_receipt_beyond_its_charge_is_caught() {
    let mut scene = Scene::new();
    let mut receipts = scene.receipts();
    let credits = scene.credits(&receipts);
    receipts[1].cumulative_fee = "301".into();
    scene.caught(&scene.made(&receipts, &credits), "outside_charge");
}

#[test]
fn a_price_above_the_sessions_is_caught() {
    let mut scene = Scene::new();
    let mut receipts = scene.receipts();
    receipts[2].prompt_price = "101".into();
    receipts[2].prompt_tokens = 0;
    receipts[2].response_tokens = 50;
    let credits = scene.credits(&receipts);
    scene.caught(&scene.made(&receipts, &credits), "price_above_session");
}

#[test]
fn two_receipts_for_the_same_part_of_a_session_are_caught() {
    let mut scene = Scene::new();
    let mut receipts = scene.receipts();
    receipts[1].cumulative_fee = "250".into();
    let credits = scene.credits(&receipts);
    scene.caught(&scene.made(&receipts, &credits), "overlap");
}

#[test]
fn one_receipt_twice_is_caught() {
    let mut scene = Scene::new();
    let mut receipts = scene.receipts();
    receipts[1] = receipts[0].clone();
    let credits = scene.credits(&receipts);
    let mut made = scene.made(&receipts, &credits);
    made.charges = vec![scene.chain.charge(0, 1, 200, 2), scene.chain.charge(1, 2, 100, 1)];
    scene.caught(&made, "same_receipt");
}

#[test]
fn a_credit_to_another_payee_is_caught() {
    let mut scene = Scene::new();
    let receipts = scene.receipts();
    let mut credits = scene.credits(&receipts);
    let (alice, thief) = (scene.chain.account("alice").into_string(), scene.chain.account("thief").into_string());
    credits.iter_mut().filter(|credit| credit.payee == alice).for_each(|credit| credit.payee.clone_from(&thief));
    credits::sort(&mut credits);
    scene.caught(&scene.made(&receipts, &credits), "not_earned");
}

#[test]
fn a_missing_credit_is_caught() {
    let mut scene = Scene::new();
    let receipts = scene.receipts();
    let mut credits = scene.credits(&receipts);
    let bob = scene.chain.account("bob").into_string();
    let gone = credits.iter().position(|credit| credit.payee == bob).unwrap();
    let amount: u128 = credits.remove(gone).amount.parse().unwrap();
    let mut made = scene.made(&receipts, &credits);
    // The batch charges what its credits sum to.
    made.charges[1] = scene.chain.charge(1, 2, 100 - amount, 1);
    scene.caught(&made, "missing_credit");
}

#[test]
fn credits_out_of_order_are_caught() {
    let mut scene = Scene::new();
    let receipts = scene.receipts();
    let mut credits = scene.credits(&receipts);
    credits.swap(0, 1);
    scene.caught(&scene.made(&receipts, &credits), "out_of_order");
}

#[test]
fn a_tree_with_a_false_sum_is_caught() {
    let mut scene = Scene::new();
    let made = scene.honest();
    let data = made.data();
    let count = data.credits.leaves.len();
    let exact = |start: usize, end: usize| data.credits.leaves[start..end].iter().map(|leaf| leaf.sum).sum::<u128>();
    // The root counts what the batch charges, some node below counts one more.
    let claims = |start: usize, end: usize| exact(start, end) + u128::from(start == 0 && end < count && end > 1);
    let tree = ClaimedTree::new(&data.credits, claims);
    let batch_id = scene.submit(1, &made, tree.tree());
    let message = Scene::prove(batch_id, BatchFraud::CreditSum(FalseSum { path: tree.prove().unwrap().into() }));
    let anyone = scene.anyone();
    scene.send(&anyone, &message);
    assert_eq!(scene.chain.batch_info(batch_id).batch.status, BatchStatus::Voided);
    assert_eq!(scene.chain.books(), [2_000, 0, 0, 0]);
}

#[test]
fn a_duplicate_is_the_later_batchs_fault() {
    let mut scene = Scene::new();
    let first = scene.honest();
    let mut second = first.clone();
    scene.submit(1, &first, None);
    // The same receipts once more, charged once more.
    second.charges = vec![scene.chain.charge(0, 1, 600, 3), scene.chain.charge(1, 2, 200, 2)];
    let later = scene.submit(2, &second, None);
    let open = || second.data().open_receipt(0).unwrap().into();
    let twice = |batch_id: u64, other: u64| {
        let proof = BatchFraud::Duplicate { first: open(), other_batch_id: Uint64::new(other), second: open() };
        Scene::prove(batch_id, proof)
    };
    let anyone = scene.anyone();
    let other = ContractError::LaterBatch { batch_id: 1, other_batch_id: 2 };
    assert_eq!(scene.refused(&anyone, &twice(1, later)), other);
    scene.send(&anyone, &twice(later, 1));
    assert_eq!(scene.chain.batch_info(1).batch.status, BatchStatus::Pending);
    assert_eq!(scene.chain.batch_info(2).batch.status, BatchStatus::Voided);
}

#[test]
fn what_comes_after_the_epoch_pays_voids_nothing_and_is_owed_to_the_sessions() {
    let mut scene = Scene::new();
    let mut made = scene.honest();
    made.receipts[1] = vec![0xff; 40];
    let batch_id = scene.submit(1, &made, None);
    let leaves = scene.stolen();
    scene.accept(1, &[batch_id], &leaves);
    scene.chain.wait(100);
    let books = scene.chain.books();
    let message = Scene::prove(batch_id, scene.findings(batch_id, &made).remove(0));
    let anyone = scene.anyone();
    scene.send(&anyone, &message);
    assert_eq!(scene.chain.batch_info(batch_id).batch.status, BatchStatus::Accepted);
    assert_eq!(scene.chain.books(), books);
    let case = scene.case(1);
    let node = scene.chain.node();
    assert_eq!(case.culprit, Culprit::Node { node: node.clone(), batch_id: Uint64::one() });
    assert_eq!(case.due, Uint128::new(400));
    // Once is enough.
    assert_eq!(scene.refused(&anyone, &message), ContractError::AlreadyProven { batch_id, case_id: 1 });
    let again = scene.chain.batch(2, 10, vec![scene.chain.charge(0, 1, 310, 3)]);
    assert_eq!(scene.chain.refused(&node, &again), settlement::ContractError::Barred { node });
}

#[test]
fn an_unknown_batch_is_named() {
    let mut scene = Scene::new();
    let made = scene.honest();
    scene.submit(1, &made, None);
    let receipt = made.data().open_receipt(0).unwrap().into();
    let anyone = scene.anyone();
    let unknown = ContractError::UnknownBatch { batch_id: 2 };
    assert_eq!(scene.refused(&anyone, &Scene::prove(2, BatchFraud::Receipt(OneReceipt { receipt }))), unknown);
}
