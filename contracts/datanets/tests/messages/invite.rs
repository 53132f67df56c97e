use cosmwasm_std::Uint64;
use datanets::{
    msg::{ExecuteMsg, Membership, Standing},
    ContractError,
};

use crate::{
    join::standing,
    suite::{digest, is_unauthorized, Suite},
};

fn invite(suite: &Suite, who: &str) -> ExecuteMsg {
    ExecuteMsg::Invite { datanet_id: Uint64::one(), member: suite.account(who).into_string() }
}

#[test]
fn whoever_is_invited_joins_without_approval() {
    for membership in [Membership::Open, Membership::Approval, Membership::Invitation] {
        let mut suite = Suite::new();
        suite.create("alice", membership).unwrap();
        let msg = invite(&suite, "bob");
        suite.exec("alice", msg.clone()).unwrap();
        assert_eq!(standing(&suite, 1, "bob"), Standing::Invited);
        assert!(is_unauthorized(suite.contribute("bob", 1, digest(1))), "an invitation is not a membership");
        assert_eq!(suite.identity_of("bob"), None);
        let account = suite.account("bob");
        assert_eq!(suite.refused("alice", msg), ContractError::AlreadyJoined { account, datanet_id: 1 });
        suite.join("bob", 1).unwrap();
        assert_eq!(standing(&suite, 1, "bob"), Standing::Member);
        suite.contribute("bob", 1, digest(1)).unwrap();
    }
}

#[test]
fn where_it_takes_an_invitation_nobody_else_joins() {
    let mut suite = Suite::new();
    suite.create("alice", Membership::Invitation).unwrap();
    let account = suite.account("bob");
    let join = ExecuteMsg::Join { datanet_id: Uint64::one() };
    assert_eq!(suite.refused("bob", join), ContractError::NotInvited { account, datanet_id: 1 });
    let msg = invite(&suite, "bob");
    assert!(is_unauthorized(suite.exec("bob", msg)));
}
