//! Two statements for one round: who signed both answers, and nobody else.

use cosmwasm_std::{Addr, Uint128, Uint64};
use disputes::{
    msg::{Culprit, Digest, ExecuteMsg, SignedStatement},
    ContractError,
};
use openledger_protocol::{fraud::Rejected, EpochStatement};
use staking::quorum::QuorumError;

use crate::{chain::validator_name, scene::Scene, signing::attest};

fn statement(scene: &Scene, root: u8, round: u32) -> EpochStatement {
    EpochStatement {
        scope: Some(scene.chain.scope()),
        epoch: 1,
        set_id: 1,
        batch_ids: vec![1],
        payout_root: vec![root; 32],
        payout_total: "400".into(),
        payout_count: 3,
        round,
    }
}

/// The statement with the signature of these validators alone.
fn signed(scene: &Scene, statement: &EpochStatement, signers: &[u8]) -> SignedStatement {
    let absent: Vec<u8> = (0..4).filter(|number| !signers.contains(number)).collect();
    let root: [u8; 32] = statement.payout_root.as_slice().try_into().unwrap();
    SignedStatement {
        epoch: Uint64::new(statement.epoch),
        round: statement.round,
        set_id: Uint64::new(statement.set_id),
        batch_ids: statement.batch_ids.iter().map(|id| Uint64::new(*id)).collect(),
        payout_root: Digest::new(root),
        payout_total: Uint128::new(statement.payout_total.parse().unwrap()),
        payout_count: Uint64::new(statement.payout_count),
        absentees: scene.chain.indexes(&absent),
        signature: attest(statement, signers),
    }
}

fn validators(scene: &Scene, numbers: &[u8]) -> Vec<Addr> {
    let mut all: Vec<Addr> = numbers.iter().map(|number| scene.chain.account(&validator_name(*number))).collect();
    all.sort_unstable();
    all
}

#[test]
fn who_signed_both_is_judged_once() {
    let mut scene = Scene::new();
    let (one, other) = (statement(&scene, 1, 0), statement(&scene, 2, 0));
    let anyone = scene.anyone();
    // Each of them alone, as a node collects signatures.
    let message =
        ExecuteMsg::ProveEquivocation { first: signed(&scene, &one, &[2]), second: signed(&scene, &other, &[2]) };
    scene.send(&anyone, &message);
    let case = scene.case(1);
    assert_eq!(case.culprit, Culprit::Validators { set_id: Uint64::one(), validators: validators(&scene, &[2]) });
    assert_eq!(case.fraud, "equivocation");
    assert_eq!(scene.refused(&anyone, &message), ContractError::NobodySignedBoth);
    // Two sets of signers: those in both, without the one judged before.
    let message = ExecuteMsg::ProveEquivocation {
        first: signed(&scene, &one, &[0, 1, 2]),
        second: signed(&scene, &other, &[1, 2, 3]),
    };
    scene.send(&anyone, &message);
    let expected = Culprit::Validators { set_id: Uint64::one(), validators: validators(&scene, &[1]) };
    assert_eq!(scene.case(2).culprit, expected);
}

#[test]
fn statements_that_do_not_exclude_each_other_are_nobodys_fault() {
    let mut scene = Scene::new();
    let anyone = scene.anyone();
    let one = signed(&scene, &statement(&scene, 1, 0), &[1]);
    let next_round = signed(&scene, &statement(&scene, 2, 1), &[1]);
    let mut refuse = |first: &SignedStatement, second: SignedStatement| {
        scene.refused(&anyone, &ExecuteMsg::ProveEquivocation { first: first.clone(), second })
    };
    assert_eq!(refuse(&one, one.clone()), ContractError::NotProven(Rejected::Honest));
    assert_eq!(refuse(&one, next_round), ContractError::NotProven(Rejected::UnrelatedStatements));
}

#[test]
fn a_signature_counts_for_its_signers_and_its_bytes_only() {
    let mut scene = Scene::new();
    let anyone = scene.anyone();
    let (one, other) = (statement(&scene, 1, 0), statement(&scene, 2, 0));
    let first = signed(&scene, &one, &[1]);
    let good = signed(&scene, &other, &[1]);
    let others = signed(&scene, &other, &[0]);
    let mismatch = ContractError::Quorum(QuorumError::SignatureMismatch { set_id: 1 });
    let mut refuse = |second: SignedStatement| {
        scene.refused(&anyone, &ExecuteMsg::ProveEquivocation { first: first.clone(), second })
    };
    // Another's signature, a changed statement, the point at infinity, and nobody at all.
    assert_eq!(refuse(SignedStatement { signature: others.signature, ..good.clone() }), mismatch);
    assert_eq!(refuse(SignedStatement { payout_count: Uint64::new(4), ..good.clone() }), mismatch);
    let mut identity = [0; 96];
    identity[0] = 0xc0;
    let nobody = SignedStatement { signature: identity.into(), absentees: vec![0, 1, 2, 3], ..good.clone() };
    assert_eq!(refuse(nobody), ContractError::Quorum(QuorumError::IdentitySignature));
    assert!(matches!(
        refuse(SignedStatement { absentees: vec![0, 1, 9], ..good.clone() }),
        ContractError::Quorum(QuorumError::AbsenteeOutOfRange { index: 9, .. })
    ));
    assert!(matches!(
        refuse(SignedStatement { set_id: Uint64::new(7), ..good }),
        ContractError::UnknownSet { set_id: 7, .. }
    ));
    // Different people signed.
    assert_eq!(refuse(others), ContractError::NobodySignedBoth);
}
