//! What somebody with bad intentions tries.

use cosmwasm_std::{Uint128, Uint64};
use cw20::Cw20ExecuteMsg;
use cw_multi_test::Executor;
use datanets::{
    client::{income_hook, Datanets},
    msg::{ExecuteMsg, Membership, Reason},
    ContractError,
};
use openledger_contract_kit::Bps;

use crate::{
    deposits::{costly, BOND, DEPOSIT},
    identity,
    shares::issued,
    suite::{contribute_msg, create_msg, digest, is_unauthorized, Suite, RICH},
    votes,
};

fn donate(suite: &mut Suite, from: &str, uopen: u128) {
    let msg = Cw20ExecuteMsg::Transfer { recipient: suite.contract.to_string(), amount: Uint128::new(uopen) };
    suite.app.execute_contract(suite.account(from), suite.token.clone(), &msg, &[]).unwrap();
}

#[test]
fn unexpected_money_is_never_counted_or_paid_out() {
    let mut suite = costly();
    donate(&mut suite, "sponsor", 5_000);
    suite.contribute("bob", 1, digest(1)).unwrap();
    suite.accept("alice", 1, 1).unwrap();
    suite.exec("alice", ExecuteMsg::RetireDatanet { datanet_id: Uint64::one() }).unwrap();
    assert_eq!((suite.open("bob"), suite.open("alice")), (RICH, RICH));
    let books = suite.solvency();
    assert_eq!((books.held.u128(), books.deposits.u128(), books.bonds.u128()), (5_000, 0, 0));
}

#[test]
fn one_datanets_money_never_pays_for_another() {
    let mut suite = costly();
    suite.allow("carol", BOND);
    suite.create("carol", Membership::Open).unwrap();
    suite.contribute("bob", 1, digest(1)).unwrap();
    suite.exec("carol", ExecuteMsg::RetireDatanet { datanet_id: Uint64::new(2) }).unwrap();
    let again = ExecuteMsg::RetireDatanet { datanet_id: Uint64::new(2) };
    assert_eq!(suite.refused("carol", again), ContractError::Retired { datanet_id: 2 });
    let books = suite.solvency();
    assert_eq!((books.held.u128(), books.deposits.u128(), books.bonds.u128()), (BOND + DEPOSIT, DEPOSIT, BOND));
}

#[test]
fn who_lost_an_identity_has_no_hand_on_it_any_more() {
    let mut suite = Suite::new();
    let msg = identity::create(&suite, &["guard"], 1);
    suite.exec("alice", msg).unwrap();
    let (identity_id, controller) = (Uint64::one(), suite.account("fresh").into_string());
    suite.exec("guard", ExecuteMsg::ApproveRecovery { identity_id, controller }).unwrap();
    suite.wait(80);
    suite.exec("guard", ExecuteMsg::FinishRecovery { identity_id }).unwrap();
    let account = suite.account("alice").into_string();
    assert!(is_unauthorized(suite.exec("alice", ExecuteMsg::SetPayout { account: account.clone() })));
    assert!(is_unauthorized(suite.exec("alice", ExecuteMsg::VetoRecovery {})));
    assert!(is_unauthorized(suite.exec("alice", ExecuteMsg::SetGuardians { guardians: vec![account], threshold: 1 })));
}

#[test]
fn a_reviewer_of_one_datanet_has_no_vote_in_another() {
    let mut suite = votes::datanet(3);
    let mut msg = create_msg(suite.account("commons").as_str(), Membership::Open);
    if let ExecuteMsg::Create { review, .. } = &mut msg {
        *review = Some(votes::terms());
    }
    suite.exec("alice", msg).unwrap();
    suite.contribute("bob", 1, digest(1)).unwrap();
    suite.join("bob", 2).unwrap();
    let few = ContractError::FewReviewers { wanted: 3, found: 0 };
    assert_eq!(suite.refused("bob", contribute_msg(2, digest(1))), few);
    let (datanet_id, contribution_id) = (Uint64::new(2), Uint64::one());
    let vote = ExecuteMsg::Vote { datanet_id, contribution_id, ballot: votes::accept() };
    assert!(is_unauthorized(suite.exec("r0", vote)));
}

#[test]
fn a_slash_cannot_leave_its_money_here() {
    let mut suite = issued();
    suite.contribute("bob", 1, digest(1)).unwrap();
    suite.accept("alice", 1, 1).unwrap();
    let msg = ExecuteMsg::ProvePoison {
        datanet_id: Uint64::one(),
        contribution_id: Uint64::one(),
        evidence: digest(9),
        fraction: Bps::new(100).unwrap(),
        recipient: Some(suite.contract.to_string()),
    };
    assert_eq!(suite.refused("admin", msg), ContractError::ToItself);
}

/// Two acceptances in one block, each with its own mint: neither is lost and none is minted twice.
#[test]
fn minting_survives_many_acceptances_in_one_block() {
    let mut suite = issued();
    for number in 1..=3 {
        suite.contribute("bob", 1, digest(number)).unwrap();
    }
    for number in 1..=3 {
        suite.accept("alice", 1, number).unwrap();
    }
    assert_eq!(crate::shares::shares_of(&suite, "bob"), 250, "100 each, the day's cap is 250");
}

#[test]
fn income_of_a_retired_datanet_still_arrives() {
    let mut suite = costly();
    suite.exec("alice", ExecuteMsg::RetireDatanet { datanet_id: Uint64::one() }).unwrap();
    suite.send_open("sponsor", 9, income_hook(1).unwrap()).unwrap();
    assert_eq!(suite.open("commons"), 9);
}

#[test]
fn rejecting_as_spam_twice_or_after_the_fact_pays_nobody() {
    let mut suite = costly();
    suite.contribute("bob", 1, digest(1)).unwrap();
    suite.accept("alice", 1, 1).unwrap();
    let (datanet_id, contribution_id) = (Uint64::one(), Uint64::one());
    let msg = ExecuteMsg::Reject { datanet_id, contribution_id, reason: Reason::Spam };
    assert_eq!(suite.refused("alice", msg), ContractError::Decided { contribution_id: 1 });
    assert_eq!(Datanets::new(&suite.contract, suite.app.wrap()).datanet(1).unwrap().clusters, 1);
}
