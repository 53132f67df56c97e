//! Bonded disputes: what validators find decides where the bond goes; silence gives it back.

use cosmwasm_std::{Addr, Uint64};
use disputes::{
    msg::{Culprit, DisputeStatus, ExecuteMsg, Verdict},
    ContractError,
};
use openledger_forgeries::{stolen, Batch, FORGERIES};
use openledger_protocol::{DisputeVerdict, Scope, Signed as _, Verdict as Found};
use settlement::msg::BatchStatus;
use staking::quorum::QuorumError;

use crate::{scene::Scene, signing::sign_all};

const BOND: u128 = 101;

/// A batch on chain, and a challenger with the bond ready.
fn disputable() -> (Scene, Batch, Addr) {
    let mut scene = Scene::new();
    let ground = scene.ground();
    let batch = ground.honest();
    scene.submit(&ground, 1, &batch);
    let challenger = scene.chain.buyer(2);
    let disputes = scene.disputes.clone();
    scene.chain.allow(&challenger, &disputes, 1_000_000);
    (scene, batch, challenger)
}

fn open(batch: &Batch, index: u64) -> ExecuteMsg {
    ExecuteMsg::OpenDispute { batch_id: Uint64::one(), receipt: batch.data().open_receipt(index).unwrap().into() }
}

fn verdict(scene: &Scene, dispute_id: u64, set_id: u64, verdict: Verdict, signers: &[u8]) -> ExecuteMsg {
    let found = if verdict == Verdict::Fraud { Found::Fraud } else { Found::Honest };
    let statement = DisputeVerdict {
        scope: Some(scope(scene)),
        dispute_id,
        set_id,
        receipt_id: scene.dispute(dispute_id).receipt_id.as_ref().to_vec(),
        verdict: found.into(),
    };
    let absent: Vec<u8> = (0..4).filter(|number| !signers.contains(number)).collect();
    ExecuteMsg::ResolveDispute {
        dispute_id: Uint64::new(dispute_id),
        set_id: Uint64::new(set_id),
        verdict,
        absentees: scene.chain.indexes(&absent),
        signature: sign_all(&statement.digest(), signers),
    }
}

/// Verdicts are bound to this contract, not to settlement.
fn scope(scene: &Scene) -> Scope {
    Scope { contract: scene.disputes.to_string(), ..scene.chain.scope() }
}

#[test]
fn a_guilty_verdict_voids_the_batch_and_returns_the_bond() {
    let (mut scene, batch, challenger) = disputable();
    let before = scene.chain.balance(&challenger);
    scene.send(&challenger, &open(&batch, 1));
    assert_eq!((scene.bonds(), scene.chain.balance(&challenger)), (BOND, before - BOND));
    let message = verdict(&scene, 1, 1, Verdict::Fraud, &[0, 1, 2]);
    let anyone = scene.anyone();
    scene.send(&anyone, &message);
    assert_eq!((scene.bonds(), scene.chain.balance(&challenger)), (0, before));
    assert_eq!(scene.chain.batch_info(1).batch.status, BatchStatus::Voided);
    assert_eq!(scene.chain.books(), [2_000, 0, 0, 0]);
    let case = scene.case(1);
    assert_eq!((case.fraud.as_str(), case.challenger, case.due.u128()), ("false_execution", challenger.clone(), 0));
    assert_eq!(case.culprit, Culprit::Node { node: scene.chain.node(), batch_id: Uint64::one() });
    let status =
        DisputeStatus::Resolved { verdict: Verdict::Fraud, set_id: Uint64::one(), case_id: Some(Uint64::one()) };
    assert_eq!(scene.dispute(1).status, status);
    assert_eq!(scene.refused(&anyone, &message), ContractError::DisputeEnded { dispute_id: 1 });
    assert_eq!(scene.refused(&challenger, &open(&batch, 0)), ContractError::AlreadyProven { batch_id: 1, case_id: 1 });
}

#[test]
fn an_honest_verdict_costs_the_bond_and_settles_the_receipt_for_ever() {
    let (mut scene, batch, challenger) = disputable();
    let (node, staking) = (scene.chain.node(), scene.chain.staking.clone());
    let before = [&challenger, &node, &staking].map(|account| scene.chain.balance(account));
    scene.send(&challenger, &open(&batch, 1));
    let message = verdict(&scene, 1, 1, Verdict::Honest, &[0, 1, 3]);
    let anyone = scene.anyone();
    scene.send(&anyone, &message);
    let after = [&challenger, &node, &staking].map(|account| scene.chain.balance(account));
    assert_eq!(after, [before[0] - BOND, before[1] + 50, before[2] + 51]);
    assert_eq!(scene.bonds(), 0);
    assert_eq!(scene.chain.batch_info(1).batch.status, BatchStatus::Pending);
    assert_eq!(scene.refused(&challenger, &open(&batch, 1)), ContractError::AlreadyDisputed { dispute_id: 1 });
}

#[test]
fn silence_gives_the_bond_back_and_the_receipt_can_be_disputed_again() {
    let (mut scene, batch, challenger) = disputable();
    let before = scene.chain.balance(&challenger);
    scene.send(&challenger, &open(&batch, 1));
    assert_eq!(scene.refused(&challenger, &open(&batch, 1)), ContractError::AlreadyDisputed { dispute_id: 1 });
    let deadline = scene.chain.now() + 60;
    let expire = ExecuteMsg::ExpireDispute { dispute_id: Uint64::one() };
    let anyone = scene.anyone();
    scene.chain.wait(59);
    assert_eq!(scene.refused(&anyone, &expire), ContractError::DeadlineAhead { dispute_id: 1, deadline });
    scene.chain.wait(1);
    let late = verdict(&scene, 1, 1, Verdict::Fraud, &[0, 1, 2, 3]);
    assert_eq!(scene.refused(&anyone, &late), ContractError::DeadlinePassed { dispute_id: 1, deadline });
    scene.send(&anyone, &expire);
    assert_eq!((scene.bonds(), scene.chain.balance(&challenger)), (0, before));
    assert_eq!(scene.refused(&anyone, &expire), ContractError::DisputeEnded { dispute_id: 1 });
    scene.send(&challenger, &open(&batch, 1));
    assert_eq!(scene.dispute(2).status, DisputeStatus::Open);
}

#[test]
fn a_verdict_needs_more_than_two_thirds_of_the_newest_set_over_exactly_this() {
    let (mut scene, batch, challenger) = disputable();
    scene.send(&challenger, &open(&batch, 1));
    scene.send(&challenger, &open(&batch, 2));
    let anyone = scene.anyone();
    let two = verdict(&scene, 1, 1, Verdict::Fraud, &[0, 1]);
    assert!(matches!(scene.refused(&anyone, &two), ContractError::Quorum(QuorumError::NotEnoughPower { .. })));
    let mismatch = ContractError::Quorum(QuorumError::SignatureMismatch { set_id: 1 });
    // The other verdict, the other dispute.
    let good = verdict(&scene, 1, 1, Verdict::Honest, &[0, 1, 2]);
    let ExecuteMsg::ResolveDispute { dispute_id, set_id, absentees, signature, .. } = good else { unreachable!() };
    let flipped = ExecuteMsg::ResolveDispute {
        dispute_id,
        set_id,
        verdict: Verdict::Fraud,
        absentees: absentees.clone(),
        signature,
    };
    assert_eq!(scene.refused(&anyone, &flipped), mismatch);
    let moved = ExecuteMsg::ResolveDispute {
        dispute_id: Uint64::new(2),
        set_id,
        verdict: Verdict::Honest,
        absentees,
        signature,
    };
    assert_eq!(scene.refused(&anyone, &moved), mismatch);
    scene.chain.unbond(3, 1);
    scene.chain.snapshot();
    let old = verdict(&scene, 1, 1, Verdict::Fraud, &[0, 1, 2]);
    assert_eq!(scene.refused(&anyone, &old), ContractError::OtherSet { set_id: 1, newest: 2 });
    let new = verdict(&scene, 1, 2, Verdict::Fraud, &[0, 1, 2]);
    scene.send(&anyone, &new);
    let unknown = ExecuteMsg::ExpireDispute { dispute_id: Uint64::new(9) };
    assert_eq!(scene.refused(&anyone, &unknown), ContractError::UnknownDispute { dispute_id: 9 });
}

#[test]
fn what_can_no_longer_be_voided_cannot_be_disputed_and_what_can_only_be_shown_needs_no_dispute() {
    let (mut scene, batch, challenger) = disputable();
    scene.accept(1, &[1], &stolen(&batch, scene.chain.account("thief").as_str()));
    scene.send(&challenger, &open(&batch, 0));
    let claimable_at = scene.chain.now() + 100;
    scene.chain.wait(100);
    let late = ContractError::TooLate { epoch: 1, claimable_at };
    assert_eq!(scene.refused(&challenger, &open(&batch, 1)), late);

    let ground = scene.ground();
    let batch = (FORGERIES[0].make)(&ground);
    let batch_id = Uint64::new(scene.submit(&ground, 2, &batch));
    let receipt = batch.data().open_receipt(1).unwrap().into();
    let error = scene.refused(&challenger, &ExecuteMsg::OpenDispute { batch_id, receipt });
    assert_eq!(error, ContractError::NeedsNoDispute);
}

#[test]
fn a_guilty_verdict_after_the_epoch_pays_owes_the_sessions_their_money() {
    let (mut scene, batch, challenger) = disputable();
    scene.accept(1, &[1], &stolen(&batch, scene.chain.account("thief").as_str()));
    scene.chain.wait(50);
    scene.send(&challenger, &open(&batch, 0));
    scene.chain.wait(55);
    let message = verdict(&scene, 1, 1, Verdict::Fraud, &[0, 1, 2, 3]);
    let anyone = scene.anyone();
    scene.send(&anyone, &message);
    assert_eq!(scene.chain.batch_info(1).batch.status, BatchStatus::Accepted);
    assert_eq!(scene.case(1).due.u128(), 400);
}

#[test]
fn a_bond_is_needed() {
    let (mut scene, batch, _) = disputable();
    let poor = scene.chain.account("poor");
    scene.refused_raw(&poor, &open(&batch, 0));
    assert_eq!(scene.bonds(), 0);
}
