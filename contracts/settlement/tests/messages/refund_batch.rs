use cosmwasm_std::{Uint128, Uint64};
use settlement::{
    msg::{BatchStatus, ExecuteMsg},
    ContractError,
};

use crate::chain::{Chain, RICH};

fn refund(batch_id: u64) -> ExecuteMsg {
    ExecuteMsg::RefundBatch { batch_id: Uint64::new(batch_id) }
}

fn settle(session_id: u64) -> ExecuteMsg {
    ExecuteMsg::SettleSession { session_id: Uint64::new(session_id) }
}

#[test]
fn silence_gives_the_money_back_to_the_sessions() {
    let mut chain = Chain::new();
    chain.open(0, 1_000);
    chain.open(1, 300);
    let message = chain.batch(1, 250, vec![chain.charge(0, 1, 200, 1), chain.charge(1, 2, 50, 1)]);
    let (node, anyone) = (chain.node(), chain.account("anyone"));
    chain.send(&node, &message);
    chain.wait(1_000);
    chain.send(&anyone, &refund(1));
    assert_eq!(chain.books(), [1_300, 0, 0, 0]);
    assert_eq!(chain.batch_info(1).batch.status, BatchStatus::Refunded);
    let session = chain.session(1);
    assert_eq!((session.charged, session.refunded), (Uint128::new(200), Uint128::new(200)));
    assert_eq!(session.available, Uint128::new(1_000));
    // The money can be charged again, above what was charged before.
    let charge = chain.charge(0, 1, 1_200, 2);
    chain.submit(2, 1_000, charge);
    assert_eq!(chain.books(), [300, 1_000, 0, 0]);
}

#[test]
fn a_refund_waits_for_the_deadline_and_comes_once() {
    let mut chain = Chain::new();
    chain.with_batch();
    let anyone = chain.account("anyone");
    let deadline = chain.batch_info(1).batch.deadline.u64();
    chain.wait(999);
    assert_eq!(chain.refused(&anyone, &refund(1)), ContractError::DeadlineAhead { batch_id: 1, deadline });
    chain.wait(1);
    chain.send(&anyone, &refund(1));
    let again = ContractError::BatchNotPending { batch_id: 1, status: BatchStatus::Refunded };
    assert_eq!(chain.refused(&anyone, &refund(1)), again);
    assert_eq!(chain.refused(&anyone, &refund(2)), ContractError::UnknownBatch { batch_id: 2 });
}

#[test]
fn an_accepted_batch_is_never_refunded_and_a_refunded_one_never_accepted() {
    let mut chain = Chain::new();
    chain.with_batch();
    chain.accept(1, &[1]);
    chain.wait(1_000);
    let anyone = chain.account("anyone");
    let accepted = ContractError::BatchNotPending { batch_id: 1, status: BatchStatus::Accepted };
    assert_eq!(chain.refused(&anyone, &refund(1)), accepted);

    let mut chain = Chain::new();
    chain.with_batch();
    chain.wait(1_000);
    chain.send(&anyone, &refund(1));
    let statement = chain.statement(1, 1, &[1]);
    let message = chain.epoch_msg(&statement, &[0, 1, 2, 3], vec![]);
    let refunded = ContractError::BatchNotPending { batch_id: 1, status: BatchStatus::Refunded };
    assert_eq!(chain.refused(&anyone, &message), refunded);
}

#[test]
fn a_settled_session_passes_its_refund_on_to_the_owner() {
    let mut chain = Chain::new();
    chain.open(0, 1_000);
    let (buyer, anyone) = (chain.buyer(0), chain.account("anyone"));
    chain.wait(5_000);
    let charge = chain.charge(0, 1, 600, 1);
    chain.submit(1, 600, charge);
    chain.wait(500);
    chain.send(&anyone, &settle(1));
    assert_eq!(chain.balance(&buyer), RICH - 600);
    assert_eq!(chain.books(), [0, 600, 0, 0]);
    chain.wait(500);
    chain.send(&anyone, &refund(1));
    assert_eq!(chain.books(), [0, 0, 0, 600]);
    chain.send(&anyone, &settle(1));
    assert_eq!(chain.balance(&buyer), RICH);
    assert_eq!(chain.books(), [0, 0, 0, 0]);
    assert_eq!(chain.refused(&anyone, &settle(1)), ContractError::AlreadySettled { session_id: 1 });
}
