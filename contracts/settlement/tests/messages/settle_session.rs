use cosmwasm_std::{Uint128, Uint64};
use openledger_contract_kit::KitError;
use settlement::{
    msg::{ExecuteMsg, Params},
    ContractError,
};

use crate::chain::{params, Chain, RICH};

fn settle(session_id: u64) -> ExecuteMsg {
    ExecuteMsg::SettleSession { session_id: Uint64::new(session_id) }
}

fn close(session_id: u64) -> ExecuteMsg {
    ExecuteMsg::CloseSession { session_id: Uint64::new(session_id) }
}

#[test]
fn anyone_returns_what_is_left_after_the_grace() {
    let mut chain = Chain::new();
    chain.with_batch();
    let (buyer, anyone) = (chain.buyer(0), chain.account("anyone"));
    let settles_at = chain.session(1).settles_at.u64();
    chain.wait(5_499);
    let early = ContractError::NotYetSettleable { session_id: 1, settles_at };
    assert_eq!(chain.refused(&anyone, &settle(1)), early);
    assert_eq!(chain.refused(&buyer, &settle(1)), early);
    chain.wait(1);
    chain.send(&anyone, &settle(1));
    assert_eq!(chain.balance(&buyer), RICH - 600);
    assert_eq!(chain.books(), [0, 600, 0, 0]);
    let session = chain.session(1);
    assert!(session.settled && session.available.is_zero());
    assert_eq!(session.paid_back, Uint128::new(400));
    assert_eq!(chain.refused(&anyone, &settle(1)), ContractError::AlreadySettled { session_id: 1 });
    assert_eq!(chain.refused(&anyone, &settle(9)), ContractError::UnknownSession { session_id: 9 });
}

#[test]
fn a_session_without_money_settles_without_a_payment() {
    let mut chain = Chain::new();
    chain.open(0, 100);
    let charge = chain.charge(0, 1, 100, 1);
    chain.submit(1, 100, charge);
    chain.wait(5_500);
    let anyone = chain.account("anyone");
    chain.send(&anyone, &settle(1));
    assert!(chain.session(1).settled);
}

#[test]
fn the_owner_closes_early_and_nodes_keep_the_grace() {
    let mut chain = Chain::new();
    chain.open(0, 1_000);
    let (buyer, node) = (chain.buyer(0), chain.node());
    chain.wait(10);
    chain.send(&buyer, &close(1));
    let session = chain.session(1);
    assert_eq!((session.expires_at.u64(), session.settles_at.u64()), (chain.now(), chain.now() + 500));
    chain.wait(499);
    let message = chain.batch(1, 100, vec![chain.charge(0, 1, 100, 1)]);
    chain.send(&node, &message);
    chain.wait(1);
    let late = chain.batch(2, 100, vec![chain.charge(0, 1, 200, 2)]);
    assert!(matches!(chain.refused(&node, &late), ContractError::SessionOver { session_id: 1, .. }));
    chain.send(&buyer, &settle(1));
    assert_eq!(chain.balance(&buyer), RICH - 100);
}

#[test]
fn only_the_owner_closes_and_only_before_expiry() {
    let mut chain = Chain::new();
    chain.open(0, 1_000);
    let (buyer, other) = (chain.buyer(0), chain.buyer(1));
    let error = chain.refused(&other, &close(1));
    assert!(matches!(error, ContractError::Kit(KitError::Unauthorized { .. })), "{error:?}");
    assert_eq!(chain.refused(&buyer, &close(9)), ContractError::UnknownSession { session_id: 9 });
    let expires_at = chain.session(1).expires_at.u64();
    chain.wait(5_000);
    // Closing late must not push settlement back.
    assert_eq!(chain.refused(&buyer, &close(1)), ContractError::SessionExpired { session_id: 1, expires_at });
}

#[test]
fn a_settled_session_takes_no_charges() {
    let mut chain = Chain::new();
    chain.open(0, 1_000);
    chain.wait(5_500);
    let anyone = chain.account("anyone");
    chain.send(&anyone, &settle(1));
    let message = chain.batch(1, 100, vec![chain.charge(0, 1, 100, 1)]);
    assert!(matches!(chain.refused(&chain.node(), &message), ContractError::SessionOver { session_id: 1, .. }));
}

#[test]
fn new_parameters_leave_open_sessions_alone() {
    let mut chain = Chain::new();
    chain.open(0, 1_000);
    let before = chain.session(1);
    let longer = Params { settle_grace_seconds: Uint64::new(50_000), ..params() };
    chain.send(&chain.owner.clone(), &ExecuteMsg::UpdateParams { params: longer });
    assert_eq!(chain.session(1), before);
    chain.wait(10);
    chain.send(&chain.buyer(0), &close(1));
    assert_eq!(chain.session(1).settles_at.u64(), chain.now() + 500);
}
