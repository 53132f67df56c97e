use cosmwasm_std::{Uint128, Uint64};
use openledger_contract_kit::KitError;
use settlement::{
    msg::{BatchStatus, BlsSignature, EpochResponse, ExecuteMsg, Params, QueryMsg},
    ContractError,
};
use staking::quorum::QuorumError;

use crate::{
    chain::{params, Chain, POWERS},
    signing::{validator_key, EPOCH_DST},
};

/// A chain with batch 1 of 600 pending and its payouts credited.
fn with_batch() -> Chain {
    let mut chain = Chain::new();
    chain.with_batch();
    chain
}

fn anyone(chain: &Chain) -> cosmwasm_std::Addr {
    chain.account("anyone")
}

fn changed(message: &ExecuteMsg, change: impl FnOnce(&mut ExecuteMsg)) -> ExecuteMsg {
    let mut message = message.clone();
    change(&mut message);
    message
}

fn with_signature(message: &ExecuteMsg, new: BlsSignature) -> ExecuteMsg {
    changed(message, |message| {
        if let ExecuteMsg::AcceptEpoch { signature, .. } = message {
            *signature = new;
        }
    })
}

const MISMATCH: ContractError = ContractError::Quorum(QuorumError::SignatureMismatch { set_id: 1 });

#[test]
fn all_or_three_of_four_accept() {
    for (signers, absent) in [(vec![0, 1, 2, 3], vec![]), (vec![0, 1, 2], vec![3]), (vec![1, 2, 3], vec![0])] {
        let mut chain = with_batch();
        let statement = chain.statement(1, 1, &[1]);
        let message = chain.epoch_msg(&statement, &signers, chain.indexes(&absent));
        let sender = anyone(&chain);
        let response = chain.send(&sender, &message);
        assert_eq!(chain.books(), [400, 0, 600, 0]);
        let batch = chain.batch_info(1).batch;
        assert_eq!((batch.status, batch.epoch), (BatchStatus::Accepted, Some(Uint64::new(1))));
        let epoch: EpochResponse = chain.query(&QueryMsg::Epoch { epoch: Uint64::new(1) });
        let power: u128 = signers.iter().map(|number| POWERS[*number as usize]).sum();
        assert_eq!((epoch.signed_power.u128(), epoch.total_power.u128()), (power, POWERS.iter().sum()));
        assert_eq!(epoch.claimable_at.u64(), chain.now() + 100);
        assert!(response.events.iter().any(|event| event.ty == "wasm-settlement/batch_accepted"));
    }
}

#[test]
fn two_thirds_exactly_or_less_are_not_enough() {
    let mut chain = with_batch();
    let statement = chain.statement(1, 1, &[1]);
    for (signers, absent) in [(vec![0, 1], vec![2, 3]), (vec![0], vec![1, 2, 3]), (vec![0], vec![0, 1, 2, 3])] {
        let message = chain.epoch_msg(&statement, &signers, chain.indexes(&absent));
        let sender = anyone(&chain);
        assert!(matches!(chain.refused(&sender, &message), ContractError::Quorum(QuorumError::NotEnoughPower { .. })));
    }
    // Powers 200, 100: the larger holds exactly two thirds.
    let mut chain = with_batch();
    for (number, power) in [(0, 60), (1, 150), (2, 250), (3, 240)] {
        chain.unbond(number, power);
    }
    chain.wait(1);
    let set = chain.snapshot();
    assert_eq!((set.members.len(), set.total_power), (2, Uint128::new(300)));
    let statement = chain.statement(1, 2, &[1]);
    let message = chain.epoch_msg(&statement, &[0], chain.indexes(&[1]));
    let expected =
        ContractError::Quorum(QuorumError::NotEnoughPower { signed: Uint128::new(200), total: Uint128::new(300) });
    assert_eq!(chain.refused(&anyone(&chain), &message), expected);
}

#[test]
fn the_signature_of_an_absent_validator_is_refused() {
    let mut chain = with_batch();
    let statement = chain.statement(1, 1, &[1]);
    let sender = anyone(&chain);
    // Named absent, yet its signature is in the aggregate.
    let message = chain.epoch_msg(&statement, &[0, 1, 2, 3], chain.indexes(&[3]));
    assert_eq!(chain.refused(&sender, &message), MISMATCH);
    // Missing from the aggregate, yet not named absent.
    let message = chain.epoch_msg(&statement, &[0, 1, 2], vec![]);
    assert_eq!(chain.refused(&sender, &message), MISMATCH);
    // Another one absent than named.
    let message = chain.epoch_msg(&statement, &[0, 1, 2], chain.indexes(&[2]));
    assert_eq!(chain.refused(&sender, &message), MISMATCH);
    // One signature counted twice.
    let message = chain.epoch_msg(&statement, &[0, 1, 2, 2], vec![]);
    assert_eq!(chain.refused(&sender, &message), MISMATCH);
}

#[test]
fn the_signature_of_an_unbonded_validator_is_refused() {
    let mut chain = with_batch();
    chain.unbond(3, POWERS[3]);
    chain.wait(1);
    chain.snapshot();
    let statement = chain.statement(1, 2, &[1]);
    let sender = anyone(&chain);
    let message = chain.epoch_msg(&statement, &[0, 1, 2, 3], vec![]);
    assert_eq!(chain.refused(&sender, &message), ContractError::Quorum(QuorumError::SignatureMismatch { set_id: 2 }));
    // In place of a bonded one.
    let message = chain.epoch_msg(&statement, &[0, 1, 3], vec![]);
    assert_eq!(chain.refused(&sender, &message), ContractError::Quorum(QuorumError::SignatureMismatch { set_id: 2 }));
    // Nor by an account that never bonded.
    let message = chain.epoch_msg(&statement, &[0, 1, 2, 9], vec![]);
    assert_eq!(chain.refused(&sender, &message), ContractError::Quorum(QuorumError::SignatureMismatch { set_id: 2 }));
    let message = chain.epoch_msg(&statement, &[0, 1, 2], vec![]);
    chain.send(&sender, &message);
}

#[test]
fn signatures_over_other_bytes_are_refused() {
    let mut chain = with_batch();
    let sender = anyone(&chain);
    let statement = chain.statement(1, 1, &[1]);
    let good = chain.epoch_msg(&statement, &[0, 1, 2], chain.indexes(&[3]));
    let mut others = vec![statement.clone(); 7];
    others[0].epoch = 2;
    others[1].set_id = 2;
    others[2].batch_ids = vec![1, 2];
    others[3].payout_root = vec![9; 32];
    others[4].payout_total = "601".into();
    others[6].payout_count += 1;
    others[5].scope.as_mut().unwrap().chain_id = "another-1".into();
    for other in others {
        let forged = with_signature(&good, crate::signing::attest(&other, &[0, 1, 2]));
        assert_eq!(chain.refused(&sender, &forged), MISMATCH, "{other:?}");
    }
    // Under the domain of proofs of possession.
    use openledger_protocol::Signed;
    let proof = validator_key(0).sign(&statement.digest(), crate::signing::POP_DST, &[]);
    assert_eq!(chain.refused(&sender, &with_signature(&good, proof.to_bytes().into())), MISMATCH);
    let one = validator_key(0).sign(&statement.digest(), EPOCH_DST, &[]);
    assert_eq!(chain.refused(&sender, &with_signature(&good, one.to_bytes().into())), MISMATCH);
    // The root may not change under the signature either.
    let other_root = changed(&good, |message| {
        if let ExecuteMsg::AcceptEpoch { payout_root, .. } = message {
            *payout_root = [3; 32].into();
        }
    });
    assert_eq!(chain.refused(&sender, &other_root), MISMATCH);
    chain.send(&sender, &good);
}

#[test]
fn identity_and_garbage_are_refused() {
    let mut chain = with_batch();
    let statement = chain.statement(1, 1, &[1]);
    let good = chain.epoch_msg(&statement, &[0, 1, 2], chain.indexes(&[3]));
    let sender = anyone(&chain);
    // Every spelling of the point at infinity that the host accepts.
    for (first, last) in [(0xc0, 0), (0xe0, 0), (0xc0, 1), (0xff, 0xff)] {
        let mut identity = [0u8; 96];
        (identity[0], identity[95]) = (first, last);
        let message = with_signature(&good, identity.into());
        assert_eq!(chain.refused(&sender, &message), ContractError::Quorum(QuorumError::IdentitySignature));
    }
    for byte in [0x00, 0x11, 0x80, 0x9f, 0xbf] {
        assert_eq!(chain.refused(&sender, &with_signature(&good, [byte; 96].into())), MISMATCH, "{byte:02x}");
    }
}

#[test]
fn absentees_ascend_within_the_set() {
    let mut chain = with_batch();
    let statement = chain.statement(1, 1, &[1]);
    let sender = anyone(&chain);
    for (absentees, index) in [(vec![3, 3], 3), (vec![2, 1], 1)] {
        let message = chain.epoch_msg(&statement, &[0, 1, 2], absentees);
        assert_eq!(
            chain.refused(&sender, &message),
            ContractError::Quorum(QuorumError::AbsenteesNotAscending { index })
        );
    }
    for index in [4, u32::MAX] {
        let message = chain.epoch_msg(&statement, &[0, 1, 2], vec![index]);
        let expected = ContractError::Quorum(QuorumError::AbsenteeOutOfRange { index, set_id: 1, members: 4 });
        assert_eq!(chain.refused(&sender, &message), expected);
    }
}

#[test]
fn epochs_have_no_gaps_and_no_replays() {
    let mut chain = with_batch();
    let sender = anyone(&chain);
    for epoch in [0, 2, u64::MAX] {
        let statement = chain.statement(epoch, 1, &[1]);
        let message = chain.epoch_msg(&statement, &[0, 1, 2, 3], vec![]);
        assert_eq!(chain.refused(&sender, &message), ContractError::EpochNotNext { given: epoch, expected: 1 });
    }
    let statement = chain.statement(1, 1, &[1]);
    let message = chain.epoch_msg(&statement, &[0, 1, 2, 3], vec![]);
    chain.send(&sender, &message);
    assert_eq!(chain.refused(&sender, &message), ContractError::EpochNotNext { given: 1, expected: 2 });
}

#[test]
fn the_total_is_the_old_one_plus_the_batches() {
    let mut chain = with_batch();
    let mallory = chain.account("mallory");
    chain.credit(&mallory, 1);
    let statement = chain.statement(1, 1, &[1]);
    let message = chain.epoch_msg(&statement, &[0, 1, 2, 3], vec![]);
    let expected = ContractError::WrongPayoutTotal {
        given: Uint128::new(601),
        previous: Uint128::zero(),
        batches: Uint128::new(600),
        expected: Uint128::new(600),
    };
    assert_eq!(chain.refused(&anyone(&chain), &message), expected);
}

#[test]
fn batches_are_named_once_ascending_and_bounded() {
    let mut chain = with_batch();
    for sequence in 2..=4u64 {
        let charge = chain.charge(0, 1, 600 + u128::from(sequence), sequence);
        let amount = if sequence == 2 { 2 } else { 1 };
        chain.submit(sequence, amount, charge);
    }
    let sender = anyone(&chain);
    let cases = [
        (vec![], ContractError::NoBatches),
        (vec![2, 1], ContractError::BatchesNotAscending { batch_id: 1 }),
        (vec![1, 1], ContractError::BatchesNotAscending { batch_id: 1 }),
        (vec![1, 9], ContractError::UnknownBatch { batch_id: 9 }),
        (
            vec![1, 2, 3, 4],
            ContractError::Kit(KitError::TooMany {
                what: "batch_ids",
                found: 4,
                max: params().max_batches_per_epoch.into(),
            }),
        ),
    ];
    for (batch_ids, expected) in cases {
        let statement = chain.statement(1, 1, &batch_ids);
        let message = chain.epoch_msg(&statement, &[0, 1, 2, 3], vec![]);
        assert_eq!(chain.refused(&sender, &message), expected);
    }
}

#[test]
fn a_batch_counts_once() {
    let mut chain = with_batch();
    chain.accept(1, &[1]);
    let statement = chain.statement(2, 1, &[1]);
    let message = chain.epoch_msg(&statement, &[0, 1, 2, 3], vec![]);
    let expected = ContractError::BatchNotPending { batch_id: 1, status: BatchStatus::Accepted };
    assert_eq!(chain.refused(&anyone(&chain), &message), expected);
}

#[test]
fn attestation_ends_at_the_deadline() {
    let mut chain = with_batch();
    let deadline = chain.batch_info(1).batch.deadline.u64();
    let statement = chain.statement(1, 1, &[1]);
    let message = chain.epoch_msg(&statement, &[0, 1, 2, 3], vec![]);
    let sender = anyone(&chain);
    chain.wait(1_000);
    assert_eq!(chain.refused(&sender, &message), ContractError::DeadlinePassed { batch_id: 1, deadline });
    chain.app.update_block(|block| block.time = block.time.minus_seconds(1));
    chain.send(&sender, &message);
}

#[test]
fn the_set_before_the_newest_signs_for_a_while() {
    let mut chain = with_batch();
    let message = {
        let statement = chain.statement(1, 1, &[1]);
        chain.epoch_msg(&statement, &[0, 1, 2, 3], vec![])
    };
    chain.register(4, 50);
    chain.snapshot();
    let sender = anyone(&chain);
    let too_old = ContractError::SetTooOld { set_id: 1, latest: 2 };
    chain.wait(300);
    assert_eq!(chain.refused(&sender, &message), too_old);
    chain.app.update_block(|block| block.time = block.time.minus_seconds(1));
    chain.send(&sender, &message);
}

#[test]
fn sets_further_back_and_ahead_are_refused() {
    let mut chain = with_batch();
    chain.register(4, 50);
    chain.snapshot();
    chain.register(5, 50);
    chain.snapshot();
    let sender = anyone(&chain);
    let statement = chain.statement(1, 1, &[1]);
    let message = chain.epoch_msg(&statement, &[0, 1, 2, 3], vec![]);
    assert_eq!(chain.refused(&sender, &message), ContractError::SetTooOld { set_id: 1, latest: 3 });
    for set_id in [4, u64::MAX] {
        let statement = chain.statement(1, set_id, &[1]);
        let message = chain.epoch_msg(&statement, &[0, 1, 2, 3, 4, 5], vec![]);
        assert!(matches!(chain.refused(&sender, &message), ContractError::UnknownSet { .. }));
    }
    let statement = chain.statement(1, 0, &[1]);
    let message = chain.epoch_msg(&statement, &[0, 1, 2, 3], vec![]);
    assert!(matches!(chain.refused(&sender, &message), ContractError::SetTooOld { set_id: 0, latest: 3 }));
}

#[test]
fn an_empty_set_attests_nothing() {
    let mut chain = with_batch();
    for (number, power) in POWERS.into_iter().enumerate() {
        chain.unbond(number as u8, power);
    }
    chain.wait(1);
    chain.snapshot();
    let statement = chain.statement(1, 2, &[1]);
    let message = chain.epoch_msg(&statement, &[0, 1, 2, 3], vec![]);
    let expected =
        ContractError::Quorum(QuorumError::NotEnoughPower { signed: Uint128::zero(), total: Uint128::zero() });
    assert_eq!(chain.refused(&anyone(&chain), &message), expected);
}

#[test]
fn a_tree_without_payouts_is_refused() {
    let mut chain = with_batch();
    let sender = anyone(&chain);
    let mut statement = chain.statement(1, 1, &[1]);
    statement.payout_count = 0;
    let message = chain.epoch_msg(&statement, &[0, 1, 2], chain.indexes(&[3]));
    assert_eq!(chain.refused(&sender, &message), ContractError::NoPayouts);
}

#[test]
fn only_so_many_epochs_are_open_at_a_time() {
    let mut chain = Chain::new();
    let owner = chain.owner.clone();
    let few = Params { max_open_epochs: 4, ..params() };
    chain.send(&owner, &ExecuteMsg::UpdateParams { params: few });
    let session_id = chain.open(0, 1_000);
    let alice = chain.account("alice");
    for number in 1..=5u64 {
        let charge = chain.charge(0, session_id, u128::from(number) * 10, number);
        chain.submit(number, 10, charge);
        chain.credit(&alice, 10);
        let statement = chain.statement(number, 1, &[number]);
        let message = chain.epoch_msg(&statement, &[0, 1, 2, 3], vec![]);
        let anyone = chain.account("anyone");
        if number <= 4 {
            chain.send(&anyone, &message);
        } else {
            let next_at = chain.now() + 100;
            assert_eq!(chain.refused(&anyone, &message), ContractError::TooManyOpenEpochs { max: 4, next_at });
            chain.wait(100);
            chain.send(&anyone, &message);
        }
    }
}
