//! Proofs about payouts: false ones fall with everything signed after them, true ones cannot be challenged.

use cosmwasm_std::{Addr, Uint64};
use disputes::{
    msg::{Culprit, EpochFraud, ExecuteMsg},
    ContractError,
};
use openledger_forgeries::{findings, payout_proof, payouts_of, stolen, Batch, Ground, FORGERIES};
use openledger_protocol::{
    fraud::{
        data::{EpochData, SumLeaves},
        payout, EpochFacts, Rejected,
    },
    Credit,
};
use settlement::msg::{BatchStatus, EpochResponse, QueryMsg, RoundResponse};

use crate::{chain::validator_name, scene::Scene};

fn prove(proof: EpochFraud) -> ExecuteMsg {
    ExecuteMsg::ProveEpochFraud { epoch: Uint64::one(), proof }
}

/// An honest batch in an epoch whose payouts give everything to a thief.
fn robbed() -> (Scene, Ground, Batch) {
    let mut scene = Scene::new();
    let ground = scene.ground();
    let batch = ground.honest();
    scene.submit(&ground, 1, &batch);
    scene.accept(1, &[1], &stolen(&batch, scene.chain.account("thief").as_str()));
    (scene, ground, batch)
}

fn proof_of_theft(scene: &Scene, batch: &Batch) -> ExecuteMsg {
    let payouts = stolen(batch, scene.chain.account("thief").as_str());
    prove(payout_proof(&scene.chain.scope(), None, &payouts, batch).unwrap())
}

#[test]
fn honest_payouts_cannot_be_challenged() {
    let mut scene = Scene::new();
    let ground = scene.ground();
    let batch = ground.honest();
    scene.submit(&ground, 1, &batch);
    let payouts = payouts_of(&batch);
    scene.accept(1, &[1], &payouts);
    assert_eq!(payout_proof(&ground.scope, None, &payouts, &batch), None);
    let leaves = SumLeaves::of_payouts(&ground.scope, &payouts);
    let facts = EpochFacts {
        scope: ground.scope.clone(),
        payouts: leaves.tree().unwrap(),
        previous: None,
        batches: vec![batch.tree()],
    };
    let data = EpochData { payouts: &leaves, previous: None, batches: vec![&batch.credits] };
    let (anyone, nobody) = (scene.anyone(), scene.chain.account("nobody").into_string());
    for payee in payouts.iter().map(|(payee, _)| payee.to_owned()).chain([nobody]) {
        let proof = payout::show(&facts, &data, &payee).unwrap().into();
        assert_eq!(scene.refused(&anyone, &prove(proof)), ContractError::NotProven(Rejected::Honest));
    }
    // A proof of nothing is nothing, and an unknown epoch is named.
    let payout = leaves.open(0).unwrap().into();
    let message = ExecuteMsg::ProveEpochFraud { epoch: Uint64::new(2), proof: EpochFraud::PayoutLeaf { payout } };
    assert_eq!(scene.refused(&anyone, &message), ContractError::UnknownEpoch { epoch: 2 });
}

#[test]
fn a_false_payout_voids_the_epoch_and_its_signatures_for_ever() {
    let (mut scene, _, batch) = robbed();
    assert_eq!(scene.chain.books(), [1_600, 0, 400, 0]);
    let accepted: EpochResponse = scene.chain.query(&QueryMsg::Epoch { epoch: Uint64::one() });
    let anyone = scene.anyone();
    let message = proof_of_theft(&scene, &batch);
    let done = scene.send(&anyone, &message);
    let kinds: Vec<&str> = done.events.iter().map(|event| event.ty.as_str()).collect();
    assert!(kinds.contains(&"wasm-disputes/fraud_proven") && kinds.contains(&"wasm-settlement/epoch_voided"));
    assert_eq!(scene.chain.books(), [1_600, 400, 0, 0]);
    let waits = scene.chain.batch_info(1).batch;
    assert_eq!((waits.status, waits.epoch), (BatchStatus::Pending, None));
    assert_eq!(waits.deadline.u64(), scene.chain.now() + 1_000);

    // The same statement cannot come back; an honest one of the next round can.
    let mut replayed = scene.chain.statement(1, 1, &[1]);
    replayed.payout_root = accepted.payout_root.as_ref().to_vec();
    replayed.payout_total = "400".into();
    replayed.payout_count = 1;
    let replay = scene.chain.epoch_msg(&replayed, &[0, 1, 2, 3], vec![]);
    let other = settlement::ContractError::OtherRound { epoch: 1, given: 0, present: 1 };
    assert_eq!(scene.chain.refused(&anyone, &replay), other);
    scene.accept(1, &[1], &payouts_of(&batch));
    assert_eq!(scene.chain.books(), [1_600, 0, 400, 0]);
}

#[test]
fn a_false_batch_voids_the_epoch_that_accepted_it_and_only_it_is_refunded() {
    let mut scene = Scene::new();
    let ground = scene.ground();
    let forged = FORGERIES.iter().find(|forgery| forgery.fraud == "not_earned").unwrap();
    let batch = (forged.make)(&ground);
    let false_id = scene.submit(&ground, 1, &batch);
    let other = scene.chain.batch(2, 50, vec![scene.chain.charge(0, 1, 350, 3)]);
    let node = scene.chain.node();
    scene.chain.send(&node, &other);

    let bob = Credit { payee: scene.chain.account("bob").into_string(), amount: "50".into(), ..Credit::default() };
    let mut payouts = payouts_of(&batch);
    scene.accept(1, &[false_id], &payouts);
    payouts.add([&bob]).unwrap();
    scene.accept(2, &[2], &payouts);
    assert_eq!(scene.chain.books(), [1_550, 0, 450, 0]);

    let proof = findings(&ground, &batch, false_id).pop().unwrap();
    let anyone = scene.anyone();
    scene.send(&anyone, &Scene::prove(false_id, proof));
    assert_eq!(scene.chain.books(), [1_950, 50, 0, 0]);
    assert_eq!(scene.chain.batch_info(false_id).batch.status, BatchStatus::Voided);
    assert_eq!(scene.chain.batch_info(2).batch.status, BatchStatus::Pending);
    let round: RoundResponse = scene.chain.query(&QueryMsg::Round {});
    assert_eq!((round.epoch.u64(), round.round), (1, 1));
    // Epoch 2 was signed once, too: when its number comes again, it begins after the round in which it was.
    let mut payouts = openledger_protocol::payouts::Payouts::default();
    payouts.add([&bob]).unwrap();
    scene.accept(1, &[2], &payouts);
    let round: RoundResponse = scene.chain.query(&QueryMsg::Round {});
    assert_eq!((round.epoch.u64(), round.round), (2, 1));
}

#[test]
fn a_proof_comes_too_late_once_the_epoch_pays() {
    let (mut scene, _, batch) = robbed();
    let claimable_at = scene.chain.now() + 100;
    scene.chain.wait(100);
    let message = proof_of_theft(&scene, &batch);
    let anyone = scene.anyone();
    assert_eq!(scene.refused(&anyone, &message), ContractError::TooLate { epoch: 1, claimable_at });
}

#[test]
fn those_who_signed_answer_and_nobody_else() {
    let (mut scene, _, batch) = robbed();
    let message = proof_of_theft(&scene, &batch);
    let anyone = scene.anyone();
    scene.send(&anyone, &message);
    let case = scene.case(1);
    let mut validators: Vec<Addr> = [0, 1, 2].map(|number| scene.chain.account(&validator_name(number))).to_vec();
    validators.sort_unstable();
    assert_eq!(case.culprit, Culprit::Validators { set_id: Uint64::one(), validators });
    assert_eq!((case.fraud.as_str(), case.challenger, case.due.u128()), ("wrong_payout", anyone, 0));
}
