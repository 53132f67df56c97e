use cosmwasm_std::Uint64;
use datanets::{
    msg::{ExecuteMsg, Membership},
    ContractError,
};
use openledger_contract_kit::KitError;

use crate::suite::{digest, is_unauthorized, Suite};

fn propose(suite: &mut Suite, who: &str, id: u64, account: &str) -> Result<(), ContractError> {
    let (account, expires_at) = (suite.account(account).into_string(), Uint64::new(suite.now() + 10));
    suite.exec(who, ExecuteMsg::ProposeCurator { datanet_id: Uint64::new(id), account, expires_at }).map(|_| ())
}

fn accept(suite: &mut Suite, who: &str, id: u64) -> Result<(), ContractError> {
    suite.exec(who, ExecuteMsg::AcceptCuratorship { datanet_id: Uint64::new(id) }).map(|_| ())
}

fn remove(suite: &mut Suite, who: &str, id: u64, account: &str) -> Result<(), ContractError> {
    let account = suite.account(account).into_string();
    suite.exec(who, ExecuteMsg::RemoveCurator { datanet_id: Uint64::new(id), account }).map(|_| ())
}

fn setup() -> (Suite, u64) {
    let mut suite = Suite::new();
    let id = suite.create("alice", Membership::Open).unwrap();
    suite.contribute("alice", id, digest(1)).unwrap();
    (suite, id)
}

#[test]
fn reviews_after_accepting_and_not_before_or_after_removal() {
    let (mut suite, id) = setup();
    suite.contribute("alice", id, digest(2)).unwrap();
    propose(&mut suite, "alice", id, "carol").unwrap();
    assert!(is_unauthorized(suite.accept("carol", id, 1)), "proposed is not yet curator");
    accept(&mut suite, "carol", id).unwrap();
    suite.accept("carol", id, 1).unwrap();
    assert!(is_unauthorized(propose(&mut suite, "carol", id, "mallory")), "curators name no curators");
    remove(&mut suite, "alice", id, "carol").unwrap();
    assert!(is_unauthorized(suite.accept("carol", id, 2)));
}

#[test]
fn only_proposed_accounts_accept_and_only_in_time() {
    let (mut suite, id) = setup();
    assert!(is_unauthorized(accept(&mut suite, "carol", id)));
    propose(&mut suite, "alice", id, "carol").unwrap();
    suite.wait(10);
    assert!(matches!(accept(&mut suite, "carol", id), Err(ContractError::Kit(KitError::ProposalExpired { .. }))));
    propose(&mut suite, "alice", id, "carol").unwrap();
    accept(&mut suite, "carol", id).unwrap();
    assert!(is_unauthorized(accept(&mut suite, "carol", id)), "twice");
    assert!(matches!(propose(&mut suite, "alice", id, "carol"), Err(ContractError::AlreadyCurator { .. })));
}

#[test]
fn removal_is_for_the_owner_and_the_curator_itself() {
    let (mut suite, id) = setup();
    for name in ["carol", "dave"] {
        propose(&mut suite, "alice", id, name).unwrap();
        accept(&mut suite, name, id).unwrap();
    }
    assert!(is_unauthorized(remove(&mut suite, "carol", id, "dave")));
    remove(&mut suite, "carol", id, "carol").unwrap();
    assert!(matches!(remove(&mut suite, "alice", id, "carol"), Err(ContractError::NotCurator { .. })));
    assert_eq!(suite.datanet(id).curators.len(), 1);
}

#[test]
fn at_most_eight_and_expired_proposals_make_room() {
    let (mut suite, id) = setup();
    for n in 0..8 {
        propose(&mut suite, "alice", id, &format!("curator{n}")).unwrap();
    }
    assert!(matches!(
        propose(&mut suite, "alice", id, "ninth"),
        Err(ContractError::Kit(KitError::TooMany { max: 8, .. }))
    ));
    accept(&mut suite, "curator0", id).unwrap();
    suite.wait(10);
    propose(&mut suite, "alice", id, "ninth").unwrap();
    assert_eq!(suite.datanet(id).curators.len(), 2);
}
