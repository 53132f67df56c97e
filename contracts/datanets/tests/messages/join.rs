use cosmwasm_std::Uint64;
use datanets::{
    msg::{MemberResponse, Membership, QueryMsg, Standing},
    ContractError,
};

use crate::suite::Suite;

pub fn standing(suite: &Suite, id: u64, who: &str) -> Standing {
    let account = suite.account(who).into_string();
    suite.query::<MemberResponse>(&QueryMsg::Member { datanet_id: Uint64::new(id), account }).unwrap().standing
}

#[test]
fn open_makes_members_and_approval_makes_applicants() {
    let mut suite = Suite::new();
    let open = suite.create("alice", Membership::Open).unwrap();
    let closed = suite.create("alice", Membership::Approval).unwrap();
    assert_eq!(standing(&suite, open, "bob"), Standing::None);
    suite.join("bob", open).unwrap();
    suite.join("bob", closed).unwrap();
    assert_eq!(standing(&suite, open, "bob"), Standing::Member);
    assert_eq!(standing(&suite, closed, "bob"), Standing::Applied);
}

#[test]
fn refuses_a_second_time_and_unknown_datanets() {
    let mut suite = Suite::new();
    let id = suite.create("alice", Membership::Open).unwrap();
    suite.join("bob", id).unwrap();
    for who in ["alice", "bob"] {
        assert!(matches!(suite.join(who, id), Err(ContractError::AlreadyJoined { .. })));
    }
    assert_eq!(suite.join("bob", 9).unwrap_err(), ContractError::UnknownDatanet { datanet_id: 9 });
    assert_eq!(suite.join("bob", 0).unwrap_err(), ContractError::UnknownDatanet { datanet_id: 0 });
}
