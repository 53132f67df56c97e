use cosmwasm_std::Uint64;
use datanets::{
    msg::{ExecuteMsg, Membership, Standing},
    ContractError,
};

use crate::{
    join::standing,
    suite::{digest, is_unauthorized, Suite},
};

fn approve(suite: &mut Suite, who: &str, id: u64, member: &str) -> Result<(), ContractError> {
    let member = suite.account(member).into_string();
    suite.exec(who, ExecuteMsg::ApproveMember { datanet_id: Uint64::new(id), member }).map(|_| ())
}

#[test]
fn an_applicant_contributes_only_after_approval() {
    let mut suite = Suite::new();
    let id = suite.create("alice", Membership::Approval).unwrap();
    suite.join("bob", id).unwrap();
    assert!(is_unauthorized(suite.contribute("bob", id, digest(1))));
    approve(&mut suite, "alice", id, "bob").unwrap();
    assert_eq!(standing(&suite, id, "bob"), Standing::Member);
    suite.contribute("bob", id, digest(1)).unwrap();
}

#[test]
fn only_owner_and_curators_approve_and_only_applicants() {
    let mut suite = Suite::new();
    let id = suite.create("alice", Membership::Approval).unwrap();
    suite.join("bob", id).unwrap();
    for who in ["bob", "admin", "mallory"] {
        assert!(is_unauthorized(approve(&mut suite, who, id, "bob")), "{who}");
    }
    assert!(matches!(approve(&mut suite, "alice", id, "carol"), Err(ContractError::NotApplied { .. })));
    approve(&mut suite, "alice", id, "bob").unwrap();
    assert!(matches!(approve(&mut suite, "alice", id, "bob"), Err(ContractError::NotApplied { .. })));
}

#[test]
fn an_owner_of_another_datanet_has_no_say() {
    let mut suite = Suite::new();
    let id = suite.create("alice", Membership::Approval).unwrap();
    suite.create("mallory", Membership::Approval).unwrap();
    suite.join("bob", id).unwrap();
    assert!(is_unauthorized(approve(&mut suite, "mallory", id, "bob")));
}
