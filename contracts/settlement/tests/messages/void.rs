//! What the arbiter may do: undo what has not paid yet, and bar a node. Who judges whether it should is `disputes`.

use cosmwasm_std::Uint64;
use openledger_contract_kit::KitError;
use settlement::{
    msg::{BatchStatus, ExecuteMsg, QueryMsg, RoundResponse},
    ContractError,
};

use crate::chain::Chain;

/// A chain with an arbiter, and batch 1 of 600 pending.
fn with_arbiter() -> Chain {
    let mut chain = Chain::new();
    let owner = chain.owner.clone();
    let arbiter = chain.account("arbiter").to_string();
    chain.send(&owner, &ExecuteMsg::SetArbiter { arbiter });
    chain.with_batch();
    chain
}

fn void_batch(batch_id: u64) -> ExecuteMsg {
    ExecuteMsg::VoidBatch { batch_id: Uint64::new(batch_id) }
}

fn void_epochs(epoch: u64) -> ExecuteMsg {
    ExecuteMsg::VoidEpochs { epoch: Uint64::new(epoch) }
}

#[test]
fn the_arbiter_is_named_once_and_by_the_owner() {
    let mut chain = Chain::new();
    let (owner, anyone) = (chain.owner.clone(), chain.account("anyone"));
    let name = |account: &str| ExecuteMsg::SetArbiter { arbiter: account.to_owned() };
    let arbiter = chain.account("arbiter");
    let unauthorized = chain.refused(&anyone, &name(arbiter.as_str()));
    assert!(matches!(unauthorized, ContractError::Kit(KitError::Unauthorized { .. })));
    chain.send(&owner, &name(arbiter.as_str()));
    assert_eq!(chain.refused(&owner, &name(anyone.as_str())), ContractError::ArbiterIsSet { arbiter });
}

#[test]
fn nobody_but_the_arbiter_voids_or_bars() {
    let mut chain = Chain::new();
    chain.with_batch();
    let node = chain.node().into_string();
    let messages = [void_batch(1), void_epochs(1), ExecuteMsg::BarNode { node }];
    // Nobody before there is one, not even the owner.
    for sender in [chain.owner.clone(), chain.account("anyone"), chain.node()] {
        for message in &messages {
            let error = chain.refused(&sender, message);
            assert!(matches!(error, ContractError::Kit(KitError::Unauthorized { .. })), "{error}");
        }
    }
}

#[test]
fn a_pending_batch_goes_back_to_its_sessions_for_good() {
    let mut chain = with_arbiter();
    let arbiter = chain.account("arbiter");
    assert_eq!(chain.books(), [400, 600, 0, 0]);
    chain.send(&arbiter, &void_batch(1));
    assert_eq!(chain.books(), [1_000, 0, 0, 0]);
    assert_eq!(chain.batch_info(1).batch.status, BatchStatus::Voided);
    let again = ContractError::NothingToVoid { batch_id: 1, status: BatchStatus::Voided };
    assert_eq!(chain.refused(&arbiter, &void_batch(1)), again);
    assert_eq!(chain.refused(&arbiter, &void_batch(2)), ContractError::UnknownBatch { batch_id: 2 });
}

#[test]
fn an_accepted_batch_takes_its_epoch_and_the_later_ones_with_it() {
    let mut chain = with_arbiter();
    let arbiter = chain.account("arbiter");
    chain.accept(1, &[1]);
    let charge = chain.charge(0, 1, 700, 2);
    chain.submit(2, 100, charge);
    let bob = chain.account("bob");
    chain.credit(&bob, 100);
    chain.accept(2, &[2]);
    chain.send(&arbiter, &void_batch(1));
    assert_eq!(chain.books(), [900, 100, 0, 0]);
    let waits = chain.batch_info(2).batch;
    assert_eq!((waits.status, waits.epoch, waits.deadline.u64()), (BatchStatus::Pending, None, chain.now() + 1_000));
    let round: RoundResponse = chain.query(&QueryMsg::Round {});
    assert_eq!((round.epoch.u64(), round.round), (1, 1));
}

/// What honest validators signed for the epoch in work stands on a root that is no more. They will sign that epoch once more,
/// over another root, and two statements for one round are an offence.
#[test]
fn the_epoch_in_work_gets_another_round_too() {
    let mut chain = with_arbiter();
    let arbiter = chain.account("arbiter");
    chain.accept(1, &[1]);
    let charge = chain.charge(0, 1, 700, 2);
    chain.submit(2, 100, charge);
    chain.wait(50);
    chain.send(&chain.account("anyone"), &ExecuteMsg::AdvanceRound {});
    let in_work: RoundResponse = chain.query(&QueryMsg::Round {});
    assert_eq!((in_work.epoch.u64(), in_work.round), (2, 1));
    chain.send(&arbiter, &void_epochs(1));

    // Epoch 1 again, in its second round, and then epoch 2 in a round that nobody has signed.
    let mut statement = chain.statement(1, 1, &[1]);
    statement.round = 1;
    let again = chain.epoch_msg(&statement, &[0, 1, 2], chain.indexes(&[3]));
    chain.send(&chain.account("anyone"), &again);
    let round: RoundResponse = chain.query(&QueryMsg::Round {});
    assert_eq!((round.epoch.u64(), round.round), (2, 2));
}

#[test]
fn an_epoch_that_pays_stays() {
    let mut chain = with_arbiter();
    let arbiter = chain.account("arbiter");
    chain.accept(1, &[1]);
    let claimable_at = chain.now() + 100;
    assert_eq!(chain.refused(&arbiter, &void_epochs(2)), ContractError::UnknownEpoch { epoch: 2, latest: 1 });
    chain.wait(100);
    let late = ContractError::ChallengeTooLate { epoch: 1, claimable_at };
    assert_eq!(chain.refused(&arbiter, &void_batch(1)), late);
    assert_eq!(chain.refused(&arbiter, &void_epochs(1)), late);
}

#[test]
fn a_voided_epoch_gives_its_batches_another_chance() {
    let mut chain = with_arbiter();
    let arbiter = chain.account("arbiter");
    chain.accept(1, &[1]);
    chain.wait(99);
    chain.send(&arbiter, &void_epochs(1));
    assert_eq!(chain.books(), [400, 600, 0, 0]);
    let batch = chain.batch_info(1).batch;
    assert_eq!((batch.status, batch.deadline.u64()), (BatchStatus::Pending, chain.now() + 1_000));
}

#[test]
fn a_barred_node_submits_no_more_even_if_it_never_did() {
    let mut chain = with_arbiter();
    let arbiter = chain.account("arbiter");
    let newcomer = chain.account("newcomer");
    for node in [chain.node(), newcomer] {
        chain.send(&arbiter, &ExecuteMsg::BarNode { node: node.to_string() });
        let batch = chain.batch(2, 10, vec![chain.charge(0, 1, 610, 2)]);
        assert_eq!(chain.refused(&node, &batch), ContractError::Barred { node });
    }
}
