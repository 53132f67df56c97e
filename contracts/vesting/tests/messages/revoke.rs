use openledger_contract_kit::KitError;
use vesting::{msg::ExecuteMsg, ContractError};

use crate::chain::{id, schedule, Chain};

fn revoke() -> ExecuteMsg {
    ExecuteMsg::Revoke { grant_id: id(1) }
}

#[test]
fn pays_what_has_vested_and_returns_the_rest() {
    let mut chain = Chain::granted();
    chain.at(30);
    chain.release(1);
    chain.at(40);
    chain.send("founder", &revoke());
    assert_eq!((chain.gained("alice"), chain.gained("founder"), chain.solvency()), (400, -400, 0));
    let grant = chain.shown(1);
    assert_eq!((grant.vested.u128(), grant.released.u128(), grant.returned.u128()), (400, 400, 600));
    assert_eq!((grant.revoker, grant.revoked_at.unwrap().u64()), (None, chain.now()));
}

#[test]
fn before_the_cliff_everything_returns() {
    let mut chain = Chain::granted();
    chain.at(24);
    chain.send("founder", &revoke());
    assert_eq!((chain.gained("alice"), chain.gained("founder"), chain.solvency()), (0, 0, 0));
}

#[test]
fn right_after_a_release_only_the_rest_moves() {
    let mut chain = Chain::granted();
    chain.at(50);
    chain.release(1);
    chain.send("founder", &revoke());
    assert_eq!((chain.gained("alice"), chain.gained("founder")), (500, -500));
}

#[test]
fn once_and_then_time_changes_nothing_more() {
    let mut chain = Chain::granted();
    chain.at(50);
    chain.send("founder", &revoke());
    chain.at(500);
    assert!(matches!(chain.refused("founder", &revoke()), ContractError::Kit(KitError::Unauthorized { .. })));
    let release = ExecuteMsg::Release { grant_id: id(1) };
    assert_eq!(chain.refused("alice", &release), ContractError::NothingToRelease { grant_id: 1, from: None });
    let grant = chain.shown(1);
    assert_eq!((grant.vested.u128(), grant.releasable.u128()), (500, 0));
    let proposal = chain.proposal(1, "bob", chain.now() + 10);
    assert_eq!(chain.refused("alice", &proposal), ContractError::Over { grant_id: 1 });
}

#[test]
fn what_has_vested_cannot_be_taken_back() {
    let mut chain = Chain::granted();
    chain.at(100);
    assert_eq!(chain.refused("founder", &revoke()), ContractError::FullyVested { grant_id: 1 });
    chain.release(1);
    assert_eq!(chain.gained("alice"), 1_000);
}

#[test]
fn only_by_the_revoker_and_never_without_one() {
    let mut chain = Chain::granted();
    let terms = chain.terms("bob", schedule(), None);
    chain.grant("founder", 500, &terms).unwrap();
    chain.at(30);
    for who in ["alice", "stranger", "admin"] {
        assert!(matches!(chain.refused(who, &revoke()), ContractError::Kit(KitError::Unauthorized { .. })));
    }
    let irrevocable = ExecuteMsg::Revoke { grant_id: id(2) };
    assert!(matches!(chain.refused("founder", &irrevocable), ContractError::Kit(KitError::Unauthorized { .. })));
}

#[test]
fn ends_an_open_hand_over_and_pays_the_present_recipient() {
    let mut chain = Chain::granted();
    chain.propose("alice", 1, "bob", chain.now() + 1_000);
    chain.at(50);
    chain.send("founder", &revoke());
    assert_eq!((chain.gained("alice"), chain.gained("bob")), (500, 0));
    let accept = ExecuteMsg::AcceptRecipient { grant_id: id(1) };
    assert_eq!(chain.refused("bob", &accept), ContractError::Kit(KitError::NoProposal));
}
