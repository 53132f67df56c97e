use cosmwasm_std::Uint64;
use datanets::{msg::ExecuteMsg, ContractError};

use crate::{
    deposits::{costly, BOND},
    suite::{contribute_msg, digest, is_unauthorized, RICH},
};

fn retire() -> ExecuteMsg {
    ExecuteMsg::RetireDatanet { datanet_id: Uint64::one() }
}

#[test]
fn gives_the_bond_back_and_takes_nothing_in_any_more() {
    let mut suite = costly();
    suite.contribute("bob", 1, digest(1)).unwrap();
    suite.accept("alice", 1, 1).unwrap();
    assert!(is_unauthorized(suite.exec("bob", retire())));
    suite.exec("alice", retire()).unwrap();
    assert_eq!((suite.open("alice"), suite.solvency().bonds.u128()), (RICH, 0));
    assert!(suite.datanet(1).retired);

    let datanet_id = Uint64::one();
    let gone = ContractError::Retired { datanet_id: 1 };
    assert_eq!(suite.refused("bob", contribute_msg(1, digest(2))), gone);
    assert_eq!(suite.refused("bob", ExecuteMsg::Commit { datanet_id, commitment: digest(2) }), gone);
    assert_eq!(suite.refused("carol", ExecuteMsg::Join { datanet_id }), gone);
    assert_eq!(suite.refused("alice", retire()), gone);
    suite.publish("alice", 1, suite.draft(1).content_root).unwrap();
    assert_eq!(suite.datanet(1).latest_version, 1, "what was accepted can still be published");
}

#[test]
fn waits_for_the_review() {
    let mut suite = costly();
    for byte in 1..=2 {
        suite.contribute("bob", 1, digest(byte)).unwrap();
    }
    suite.accept("alice", 1, 1).unwrap();
    assert_eq!(suite.refused("alice", retire()), ContractError::Undecided { contribution_id: 2 });
    suite.accept("alice", 1, 2).unwrap();
    suite.exec("alice", retire()).unwrap();
}

#[test]
fn pays_the_owner_of_that_time() {
    let mut suite = costly();
    let (datanet_id, account) = (Uint64::one(), suite.account("carol").into_string());
    let expires_at = Uint64::new(suite.now() + 10);
    suite.exec("alice", ExecuteMsg::ProposeDatanetOwner { datanet_id, account, expires_at }).unwrap();
    suite.exec("carol", ExecuteMsg::AcceptDatanetOwnership { datanet_id }).unwrap();
    suite.exec("carol", retire()).unwrap();
    assert_eq!((suite.open("carol"), suite.open("alice")), (RICH + BOND, RICH - BOND));
}
