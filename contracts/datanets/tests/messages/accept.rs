use datanets::{
    msg::{Membership, Status},
    ContractError,
};

use crate::suite::{digest, is_unauthorized, Suite};

#[test]
fn clusters_are_numbered_in_the_order_of_acceptance() {
    let mut suite = Suite::new();
    let id = suite.create("alice", Membership::Open).unwrap();
    suite.join("bob", id).unwrap();
    suite.contribute("alice", id, digest(1)).unwrap();
    suite.contribute("bob", id, digest(2)).unwrap();
    suite.accept("alice", id, 2).unwrap();
    suite.accept("alice", id, 1).unwrap();
    let by = suite.account("alice");
    assert_eq!(suite.contribution(id, 2).status, Status::Accepted { cluster: 0, by: by.clone() });
    assert_eq!(suite.contribution(id, 1).status, Status::Accepted { cluster: 1, by });
    assert_eq!(suite.datanet(id).clusters, 2);
}

#[test]
fn refuses_members_unknown_ids_and_a_second_decision() {
    let mut suite = Suite::new();
    let id = suite.create("alice", Membership::Open).unwrap();
    suite.join("bob", id).unwrap();
    suite.contribute("bob", id, digest(1)).unwrap();
    assert!(is_unauthorized(suite.accept("bob", id, 1)), "contributors do not judge themselves");
    assert!(is_unauthorized(suite.accept("admin", id, 1)), "the contract's owner has no say in a Datanet");
    assert!(matches!(suite.accept("alice", id, 7), Err(ContractError::UnknownContribution { .. })));
    suite.accept("alice", id, 1).unwrap();
    assert_eq!(suite.accept("alice", id, 1).unwrap_err(), ContractError::Decided { contribution_id: 1 });
}

#[test]
fn a_full_datanet_takes_no_more() {
    let mut suite = Suite::new();
    let id = suite.create("alice", Membership::Open).unwrap();
    for byte in 1..=4 {
        suite.contribute("alice", id, digest(byte)).unwrap();
        suite.accept("alice", id, u64::from(byte)).unwrap();
    }
    suite.contribute("alice", id, digest(5)).unwrap();
    assert_eq!(suite.accept("alice", id, 5).unwrap_err(), ContractError::DatanetFull { found: 4, max: 4 });
    assert_eq!(suite.contribution(id, 5).status, Status::Pending {});
}
