//! Sending transactions: recovery, fallbacks and every failure's type.

mod node;

use std::{sync::atomic::Ordering, time::Duration};

use cosmwasm_std::Coin;
use openledger_chain::{ChainConfig, ChainError, Key, Signer, TxOutcome};
use openledger_cosmos_api::cosmos::{base::v1beta1 as base, tx::v1beta1 as tx};
use prost::Message;
use sha2::{Digest, Sha256};

use self::node::{Manners, node, node_with};

async fn send(signer: &Signer) -> Result<TxOutcome, ChainError> {
    let to = signer.address().to_owned();
    signer.send(&to, vec![Coin::new(1u128, "ustake")]).await
}

#[tokio::test]
async fn gas_is_the_estimate_with_a_margin_and_the_sequence_is_remembered() {
    let (node, signer) = node(Manners { gas: 100_001, ..Manners::default() }).await;
    let outcome = send(&signer).await.expect("included");
    assert_eq!(outcome.fee, Coin::new(3_501u128, "ustake"), "140002 gas at 0.025, rounded up");
    send(&signer).await.expect("included");
    assert_eq!(*node.last.lock().expect("whole"), (140_002, 1));
    assert_eq!(node.asked.load(Ordering::SeqCst), 1, "the account is asked for once");
}

#[tokio::test]
async fn a_node_without_estimates_gets_the_fixed_gas() {
    let (node, signer) = node(Manners { no_simulation: true, ..Manners::default() }).await;
    send(&signer).await.expect("included");
    assert_eq!(node.last.lock().expect("whole").0, ChainConfig::default().fixed_gas);
}

#[tokio::test]
async fn a_sequence_mismatch_is_survived_once() {
    let (node, signer) = node(Manners { gas: 1, hidden_sequences: 3, ..Manners::default() }).await;
    send(&signer).await.expect("included");
    send(&signer).await.expect("asks again and is included");
    assert_eq!(node.last.lock().expect("whole").1, 4);
    assert_eq!(node.asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn estimates_that_fail_for_the_sequence_are_survived_too_and_others_are_not_repeated() {
    let text = "account sequence mismatch, expected 9, got 0: incorrect account sequence";
    let (node_, signer) = node(Manners { simulation_fails: Some(text), ..Manners::default() }).await;
    let error = send(&signer).await.expect_err("always fails");
    assert!(error.is_sequence_mismatch(), "{error}");
    assert_eq!(node_.asked.load(Ordering::SeqCst), 1, "fresh numbers are not asked for twice");
    let (_, signer) = node(Manners { simulation_fails: Some("contract: no"), ..Manners::default() }).await;
    let error = send(&signer).await.expect_err("fails");
    assert_eq!(error.code(), "CHAIN_SIMULATION_FAILED");
}

#[tokio::test]
async fn failures_keep_their_types() {
    let (_, signer) = node(Manners { gas: u64::MAX, ..Manners::default() }).await;
    assert_eq!(send(&signer).await.expect_err("too much gas").code(), "CHAIN_GAS_LIMIT");
    let (node_, signer) = node(Manners { gas: 1, forgets: true, ..Manners::default() }).await;
    assert_eq!(send(&signer).await.expect_err("never included").code(), "CHAIN_TX_NOT_INCLUDED");
    assert_eq!(send(&signer).await.expect_err("never included").code(), "CHAIN_TX_NOT_INCLUDED");
    assert_eq!(node_.asked.load(Ordering::SeqCst), 2, "a lost transaction makes the numbers uncertain");
    let (_, signer) = node(Manners { gas: 1, delivered: 5, ..Manners::default() }).await;
    let error = send(&signer).await.expect_err("fails in its block");
    assert!(
        matches!(&error, ChainError::Failed { code: 5, codespace, height: 9, .. } if codespace == "wasm"),
        "{error}"
    );
    let (_, signer) = node(Manners { odd_account: true, ..Manners::default() }).await;
    assert_eq!(send(&signer).await.expect_err("no key").code(), "CHAIN_BAD_ANSWER");
    assert_eq!(signer.client().latest_block().await.expect_err("empty").code(), "CHAIN_BAD_ANSWER");
    let error = signer.send("cosmos1x", vec![]).await.expect_err("no address");
    assert_eq!(error.code(), "CHAIN_INVALID_VALUE");
    let error = signer.send(signer.address(), vec![Coin::new(1u128, "!")]).await.expect_err("no denomination");
    assert_eq!(error.code(), "CHAIN_INVALID_VALUE");
}

#[tokio::test]
async fn a_lost_answer_is_settled_by_the_hash_and_nothing_is_signed_twice() {
    for late in [false, true] {
        let (lost_answers, late_answers) = if late { (0, 1) } else { (1, 0) };
        let manners = Manners { gas: 1, lost_answers, late_answers, ..Manners::default() };
        let (node, signer) = node_with(manners, |config| {
            config.call_timeout = Duration::from_millis(400);
            config.inclusion_deadline = Duration::from_secs(5);
        })
        .await;
        let outcome = send(&signer).await.expect("it was taken");
        assert_eq!(node.received().len(), 1, "the hash was looked up before anything else was sent");
        assert!(node.accepted.lock().expect("whole").contains(&outcome.hash));
        send(&signer).await.expect("included");
        assert_eq!(node.last.lock().expect("whole").1, 1, "the sequence went on");
        assert_eq!(node.asked.load(Ordering::SeqCst), 1, "without asking again");
    }
}

#[tokio::test]
async fn a_lost_request_is_sent_again_as_the_same_bytes() {
    let manners = Manners { gas: 1, lost_requests: 2, ..Manners::default() };
    let (node, signer) = node_with(manners, |config| config.inclusion_deadline = Duration::from_secs(5)).await;
    send(&signer).await.expect("the third arrived");
    assert_eq!((node.received().len(), node.different()), (3, 1));
    send(&signer).await.expect("included");
    assert_eq!(node.accepted.lock().expect("whole").len(), 2);
}

#[tokio::test]
async fn a_copy_that_the_node_has_already_is_no_failure() {
    for keeps_copies in [true, false] {
        // The index is slow, so that the copy is sent although the first was taken.
        let manners = Manners { gas: 1, lost_answers: 1, slow_index: 3, keeps_copies, ..Manners::default() };
        let (node, signer) = node_with(manners, |config| config.inclusion_deadline = Duration::from_secs(5)).await;
        send(&signer).await.expect("it was taken");
        assert_eq!((node.received().len(), node.different()), (2, 1));
        assert_eq!(node.accepted.lock().expect("whole").len(), 1);
    }
}

#[tokio::test]
async fn a_transaction_of_unknown_fate_is_reported_and_never_signed_anew() {
    let (node, signer) = node(Manners { gas: 1, lost_requests: u32::MAX, ..Manners::default() }).await;
    let error = send(&signer).await.expect_err("nothing gets through");
    let hash = hex::encode_upper(Sha256::digest(node.received()[0].as_slice()));
    assert!(matches!(&error, ChainError::NotIncluded { hash: named, .. } if *named == hash), "{error}");
    assert_eq!(node.different(), 1);
    assert_eq!(node.asked.load(Ordering::SeqCst), 1);
    send(&signer).await.expect_err("nothing gets through");
    assert_eq!(node.asked.load(Ordering::SeqCst), 2, "the sequence is asked for again");
}

#[tokio::test]
async fn the_sequence_in_a_refusal_wins_over_an_account_that_lags() {
    let (node, signer) = node(Manners { gas: 1, waiting: 2, ..Manners::default() }).await;
    for _ in 0..3 {
        send(&signer).await.expect("included");
    }
    // Another process with the same key asks for the account, and is told of the last block only.
    let twin = signer.client().signer(Key::from_mnemonic("twin", signer.key().mnemonic()).expect("words"));
    send(&twin).await.expect("signs with what the refusal asks for");
    assert_eq!(node.last.lock().expect("whole").1, 3);
    assert_eq!(node.asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn concurrent_broadcasts_use_the_sequences_in_order() {
    let (node, signer) = node(Manners { gas: 1, ..Manners::default() }).await;
    let sends: Vec<_> = (0..12)
        .map(|_| {
            let signer = signer.clone();
            tokio::spawn(async move { send(&signer).await })
        })
        .collect();
    for task in sends {
        task.await.expect("no panic").expect("included");
    }
    assert_eq!((node.received().len(), node.different()), (12, 12), "none was refused");
    assert_eq!(node.last.lock().expect("whole").1, 11);
    assert_eq!(node.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn with_a_last_height_a_lost_transaction_is_known_to_be_lost() {
    let manners = Manners { gas: 1, forgets: true, height: 40, ..Manners::default() };
    let (node, signer) = node_with(manners, |config| {
        config.timeout_blocks = Some(10);
        config.inclusion_deadline = Duration::from_secs(10);
    })
    .await;
    let sending = tokio::spawn(async move { send(&signer).await });
    while node.received().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let (raw, _) = node.last_tx();
    let body = tx::TxBody::decode(raw.body_bytes.as_slice()).expect("decodes");
    assert_eq!(body.timeout_height, 50);
    node.height.store(51, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!sending.is_finished(), "the index may be behind the last height");
    node.height.store(52, Ordering::SeqCst);
    let error = sending.await.expect("no panic").expect_err("expired");
    assert!(matches!(error, ChainError::Expired { height: 50, .. }), "{error}");
}

#[tokio::test]
async fn an_estimate_is_never_a_transaction_that_a_node_could_keep() {
    let (node, signer) = node(Manners { gas: 1, ..Manners::default() }).await;
    send(&signer).await.expect("included");
    let simulated = node.simulated.lock().expect("whole").clone();
    let raw = tx::TxRaw::decode(simulated.as_slice()).expect("a transaction");
    assert_eq!(raw.signatures, vec![vec![0; 64]], "as long as a signature, and none");
}

#[tokio::test]
async fn fees_come_from_an_allowance_or_from_a_payer_who_signs_too() {
    let (node, signer) = node(Manners { gas: 100_000, ..Manners::default() }).await;
    let other = signer.client().signer(Key::generate("other").expect("randomness"));
    let granted = signer.with_fee_granter(other.address()).expect("an address");
    send(&granted).await.expect("included");
    let (_, auth) = node.last_tx();
    let fee = auth.fee.expect("a fee");
    assert_eq!((fee.granter.as_str(), fee.payer.as_str()), (other.address(), ""));
    assert_eq!(fee.amount, vec![base::Coin { denom: "ustake".to_owned(), amount: "3500".to_owned() }]);
    assert_eq!(signer.with_fee_granter("nobody").expect_err("no address").code(), "CHAIN_INVALID_VALUE");

    let paid = signer.with_fee_payer(&other);
    send(&paid).await.expect("both signatures fit");
    let (raw, auth) = node.last_tx();
    assert_eq!((raw.signatures.len(), auth.signer_infos[0].sequence, auth.signer_infos[1].sequence), (2, 1, 0));
    assert_eq!(auth.fee.expect("a fee").payer, other.address());
    // Both sequences went on, also for those who do not know of the payment.
    send(&other).await.expect("included");
    send(&signer).await.expect("included");
    let own = signer.with_fee_payer(&signer);
    send(&own).await.expect("included");
    assert_eq!(node.last_tx().0.signatures.len(), 1, "who pays for itself signs once");
    // Two that pay for each other do not wait for each other.
    let back = other.with_fee_payer(&signer);
    let crossed = (0..6).map(|index| {
        let signer = if index % 2 == 0 { paid.clone() } else { back.clone() };
        tokio::spawn(async move { send(&signer).await })
    });
    for task in crossed.collect::<Vec<_>>() {
        tokio::time::timeout(Duration::from_secs(20), task).await.expect("no deadlock").expect("no panic").expect("ok");
    }
    assert_eq!(node.received().len(), node.accepted.lock().expect("whole").len(), "none was refused");
}
