//! Proofs about payouts: false ones fall with everything signed after them, true ones cannot be challenged.

use cosmwasm_std::{Addr, Uint64};
use disputes::{
    msg::{Culprit, EpochFraud, ExecuteMsg},
    ContractError,
};
use openledger_protocol::{
    credits,
    fraud::{
        self,
        data::{EpochData, SumLeaves},
        payout,
    },
    payouts::Payouts,
    Credit,
};
use settlement::msg::{BatchStatus, EpochResponse, QueryMsg, RoundResponse};

use crate::{chain::validator_name, scene::Scene};

#[test]
fn honest_payouts_cannot_be_challenged() {
    let mut scene = Scene::new();
    let made = scene.honest();
    let batch_id = scene.submit(1, &made, None);
    let payouts = scene.payouts_of(&[&made]);
    let leaves = SumLeaves::of_payouts(&scene.chain.scope(), &payouts);
    scene.accept(1, &[batch_id], &leaves);
    assert_eq!(scene.epoch_proof(&leaves, &made), None);
    let (facts, anyone) = (scene.epoch_facts(&leaves, &made), scene.anyone());
    let data = EpochData { payouts: &leaves, previous: None, batches: vec![&made.credits] };
    let nobody = scene.chain.account("nobody").into_string();
    for payee in payouts.iter().map(|(payee, _)| payee.to_owned()).chain([nobody]) {
        let proof = payout::show(&facts, &data, &payee).unwrap().into();
        let message = ExecuteMsg::ProveEpochFraud { epoch: Uint64::one(), proof };
        assert_eq!(scene.refused(&anyone, &message), ContractError::NotProven(fraud::Rejected::Honest));
    }
    // A proof of nothing is nothing, and an unknown epoch is named.
    let payout = leaves.open(0).unwrap().into();
    let message = ExecuteMsg::ProveEpochFraud { epoch: Uint64::new(2), proof: EpochFraud::PayoutLeaf { payout } };
    assert_eq!(scene.refused(&anyone, &message), ContractError::UnknownEpoch { epoch: 2 });
}

#[test]
fn a_false_payout_voids_the_epoch_and_its_signatures_for_ever() {
    let mut scene = Scene::new();
    let made = scene.honest();
    let batch_id = scene.submit(1, &made, None);
    // More than two thirds sign everything away to a thief.
    let leaves = scene.stolen();
    scene.accept(1, &[batch_id], &leaves);
    assert_eq!(scene.chain.books(), [1_600, 0, 400, 0]);
    let accepted: EpochResponse = scene.chain.query(&QueryMsg::Epoch { epoch: Uint64::one() });

    let proof = scene.epoch_proof(&leaves, &made).unwrap();
    let message = ExecuteMsg::ProveEpochFraud { epoch: Uint64::one(), proof };
    let anyone = scene.anyone();
    let done = scene.send(&anyone, &message);
    let kinds: Vec<&str> = done.events.iter().map(|event| event.ty.as_str()).collect();
    assert!(kinds.contains(&"wasm-disputes/fraud_proven") && kinds.contains(&"wasm-settlement/epoch_voided"));
    assert_eq!(scene.chain.books(), [1_600, 400, 0, 0]);
    let batch = scene.chain.batch_info(batch_id).batch;
    assert_eq!((batch.status, batch.epoch), (BatchStatus::Pending, None));
    assert_eq!(batch.deadline.u64(), scene.chain.now() + 1_000);

    // The same statement cannot come back; an honest one of the next round can.
    let mut replayed = scene.chain.statement(1, 1, &[batch_id]);
    replayed.payout_root = accepted.payout_root.as_ref().to_vec();
    replayed.payout_total = "400".into();
    replayed.payout_count = 1;
    let replay = scene.chain.epoch_msg(&replayed, &[0, 1, 2, 3], vec![]);
    let other = settlement::ContractError::OtherRound { epoch: 1, given: 0, present: 1 };
    assert_eq!(scene.chain.refused(&anyone, &replay), other);
    let honest = SumLeaves::of_payouts(&scene.chain.scope(), &scene.payouts_of(&[&made]));
    scene.accept(1, &[batch_id], &honest);
    assert_eq!(scene.chain.books(), [1_600, 0, 400, 0]);
}

#[test]
fn a_false_batch_voids_the_epoch_that_accepted_it_and_only_it_is_refunded() {
    let mut scene = Scene::new();
    let receipts = scene.receipts();
    let mut credits = scene.credits(&receipts);
    let (alice, thief) = (scene.chain.account("alice").into_string(), scene.chain.account("thief").into_string());
    credits.iter_mut().filter(|credit| credit.payee == alice).for_each(|credit| credit.payee.clone_from(&thief));
    credits::sort(&mut credits);
    let made = scene.made(&receipts, &credits);
    let false_id = scene.submit(1, &made, None);
    let other = scene.chain.batch(2, 50, vec![scene.chain.charge(0, 1, 350, 3)]);
    let node = scene.chain.node();
    scene.chain.send(&node, &other);

    let mut payouts = Payouts::default();
    payouts.add(&credits).unwrap();
    let first = SumLeaves::of_payouts(&scene.chain.scope(), &payouts);
    scene.accept(1, &[false_id], &first);
    payouts.add([&Credit { payee: alice, amount: "50".into(), ..Credit::default() }]).unwrap();
    let second = SumLeaves::of_payouts(&scene.chain.scope(), &payouts);
    scene.accept(2, &[2], &second);
    assert_eq!(scene.chain.books(), [1_550, 0, 450, 0]);

    let proof = scene.findings(false_id, &made).pop().unwrap();
    let anyone = scene.anyone();
    scene.send(&anyone, &Scene::prove(false_id, proof));
    assert_eq!(scene.chain.books(), [1_950, 50, 0, 0]);
    assert_eq!(scene.chain.batch_info(false_id).batch.status, BatchStatus::Voided);
    assert_eq!(scene.chain.batch_info(2).batch.status, BatchStatus::Pending);
    let round: RoundResponse = scene.chain.query(&QueryMsg::Round {});
    assert_eq!((round.epoch.u64(), round.round), (1, 1));
    // Epoch 2 was signed once, too: when its number comes again, it begins after the round in which it was.
    let mut payouts = Payouts::default();
    payouts
        .add([&Credit { payee: scene.chain.account("bob").into_string(), amount: "50".into(), ..Credit::default() }])
        .unwrap();
    let leaves = SumLeaves::of_payouts(&scene.chain.scope(), &payouts);
    scene.accept(1, &[2], &leaves);
    let round: RoundResponse = scene.chain.query(&QueryMsg::Round {});
    assert_eq!((round.epoch.u64(), round.round), (2, 1));
}

#[test]
fn a_proof_comes_too_late_once_the_epoch_pays() {
    let mut scene = Scene::new();
    let made = scene.honest();
    let batch_id = scene.submit(1, &made, None);
    let leaves = scene.stolen();
    scene.accept(1, &[batch_id], &leaves);
    let claimable_at = scene.chain.now() + 100;
    scene.chain.wait(100);
    let proof = scene.epoch_proof(&leaves, &made).unwrap();
    let message = ExecuteMsg::ProveEpochFraud { epoch: Uint64::one(), proof };
    let anyone = scene.anyone();
    assert_eq!(scene.refused(&anyone, &message), ContractError::TooLate { epoch: 1, claimable_at });
}

#[test]
fn those_who_signed_answer_and_nobody_else() {
    let mut scene = Scene::new();
    let made = scene.honest();
    let batch_id = scene.submit(1, &made, None);
    let leaves = scene.stolen();
    scene.accept(1, &[batch_id], &leaves);
    let proof = scene.epoch_proof(&leaves, &made).unwrap();
    let anyone = scene.anyone();
    scene.send(&anyone, &ExecuteMsg::ProveEpochFraud { epoch: Uint64::one(), proof });
    let case = scene.case(1);
    let mut validators: Vec<Addr> = [0, 1, 2].map(|number| scene.chain.account(&validator_name(number))).to_vec();
    validators.sort_unstable();
    assert_eq!(case.culprit, Culprit::Validators { set_id: Uint64::one(), validators });
    assert_eq!((case.fraud.as_str(), case.challenger, case.due.u128()), ("wrong_payout", anyone, 0));
}
