use cosmwasm_std::Uint64;
use datanets::{
    msg::{ExecuteMsg, Membership, Reason, Status},
    ContractError,
};

use crate::suite::{digest, is_unauthorized, Suite};

fn reject(suite: &mut Suite, who: &str, id: u64, contribution: u64) -> Result<(), ContractError> {
    let (datanet_id, contribution_id) = (Uint64::new(id), Uint64::new(contribution));
    suite.exec(who, ExecuteMsg::Reject { datanet_id, contribution_id, reason: Reason::OffTopic }).map(|_| ())
}

#[test]
fn keeps_the_reason_and_frees_the_rows() {
    let mut suite = Suite::new();
    let id = suite.create("alice", Membership::Open).unwrap();
    suite.join("bob", id).unwrap();
    suite.contribute("bob", id, digest(1)).unwrap();
    reject(&mut suite, "alice", id, 1).unwrap();
    let by = suite.account("alice");
    assert_eq!(suite.contribution(id, 1).status, Status::Rejected { reason: Reason::OffTopic, by });
    suite.contribute("alice", id, digest(1)).unwrap();
    assert_eq!(suite.contribution(id, 2).contributor, suite.account("alice"));
    assert_eq!(suite.datanet(id).clusters, 0);
}

#[test]
fn refuses_members_and_decided_contributions() {
    let mut suite = Suite::new();
    let id = suite.create("alice", Membership::Open).unwrap();
    suite.join("bob", id).unwrap();
    suite.contribute("bob", id, digest(1)).unwrap();
    assert!(is_unauthorized(reject(&mut suite, "bob", id, 1)));
    suite.accept("alice", id, 1).unwrap();
    assert_eq!(reject(&mut suite, "alice", id, 1).unwrap_err(), ContractError::Decided { contribution_id: 1 });
}
