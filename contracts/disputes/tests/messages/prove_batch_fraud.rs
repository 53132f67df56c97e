//! Every one-step proof about a batch: the forged instance is caught and undone, the honest one cannot be challenged.

use cosmwasm_std::{Uint128, Uint64};
use disputes::{
    msg::{BatchFraud, Culprit, OneReceipt},
    ContractError,
};
use openledger_forgeries::{findings, honest_attempts, stolen, FORGERIES};
use settlement::msg::BatchStatus;

use crate::scene::{proven, Scene};

#[test]
fn an_honest_batch_cannot_be_challenged() {
    let mut scene = Scene::new();
    let ground = scene.ground();
    let batch = ground.honest();
    assert_eq!(findings(&ground, &batch, 1), vec![]);
    // Buyers who close their sessions in the second in which they were served gain nothing by it.
    for number in [0, 1] {
        let buyer = scene.chain.buyer(number);
        let session_id = Uint64::from(number) + Uint64::one();
        scene.chain.send(&buyer, &settlement::msg::ExecuteMsg::CloseSession { session_id });
    }
    let batch_id = scene.submit(&ground, 1, &batch);
    let anyone = scene.anyone();
    let attempts = honest_attempts(&ground, &batch, batch_id);
    assert!(attempts.len() > 100);
    for proof in attempts {
        let error = scene.refused(&anyone, &Scene::prove(batch_id, proof));
        assert!(matches!(error, ContractError::NotProven(_)), "{error:?}");
    }
    assert_eq!(scene.chain.batch_info(batch_id).batch.status, BatchStatus::Pending);
}

#[test]
fn every_forged_batch_is_caught_and_undone() {
    for forgery in FORGERIES {
        let mut scene = Scene::new();
        let books = scene.chain.books();
        let ground = scene.ground();
        let batch = (forgery.make)(&ground);
        let batch_id = scene.submit(&ground, 1, &batch);
        let anyone = scene.anyone();
        let message = Scene::prove(batch_id, forgery.proof(&ground, &batch, batch_id));
        let done = scene.send(&anyone, &message);
        assert_eq!(proven(&done), forgery.fraud, "{}", forgery.name);
        assert_eq!(scene.chain.batch_info(batch_id).batch.status, BatchStatus::Voided);
        assert_eq!(scene.chain.books(), books, "{}: every unit is back", forgery.name);
        let voided = ContractError::NothingAtStake { batch_id, status: BatchStatus::Voided };
        assert_eq!(scene.refused(&anyone, &message), voided);
        // The node submits no more.
        let again = scene.chain.batch(2, 10, vec![scene.chain.charge(0, 1, 999, 9)]);
        let node = scene.chain.node();
        assert_eq!(scene.chain.refused(&node, &again), settlement::ContractError::Barred { node });
    }
}

#[test]
fn a_duplicate_is_the_later_batchs_fault() {
    let mut scene = Scene::new();
    let ground = scene.ground();
    let batch = ground.honest();
    scene.submit(&ground, 1, &batch);
    // The same receipts once more, charged once more.
    let later = scene.submit(&ground.after(&batch), 2, &batch);
    let open = || batch.data().open_receipt(0).unwrap().into();
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
    let ground = scene.ground();
    let batch = (FORGERIES[0].make)(&ground);
    let batch_id = scene.submit(&ground, 1, &batch);
    scene.accept(1, &[batch_id], &stolen(&batch, scene.chain.account("thief").as_str()));
    scene.chain.wait(100);
    let books = scene.chain.books();
    let message = Scene::prove(batch_id, findings(&ground, &batch, batch_id).remove(0));
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
    let receipt = scene.ground().honest().data().open_receipt(0).unwrap().into();
    let anyone = scene.anyone();
    let unknown = ContractError::UnknownBatch { batch_id: 2 };
    assert_eq!(scene.refused(&anyone, &Scene::prove(2, BatchFraud::Receipt(OneReceipt { receipt }))), unknown);
}
