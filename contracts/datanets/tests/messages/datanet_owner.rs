use cosmwasm_std::Uint64;
use datanets::{
    msg::{ExecuteMsg, Membership},
    ContractError,
};
use openledger_contract_kit::KitError;

use crate::suite::{digest, is_unauthorized, Suite};

fn propose(suite: &mut Suite, who: &str, id: u64, account: &str, seconds: u64) -> Result<(), ContractError> {
    let (account, expires_at) = (suite.account(account).into_string(), Uint64::new(suite.now() + seconds));
    suite.exec(who, ExecuteMsg::ProposeDatanetOwner { datanet_id: Uint64::new(id), account, expires_at }).map(|_| ())
}

fn accept(suite: &mut Suite, who: &str, id: u64) -> Result<(), ContractError> {
    suite.exec(who, ExecuteMsg::AcceptDatanetOwnership { datanet_id: Uint64::new(id) }).map(|_| ())
}

#[test]
fn rights_move_only_when_the_proposed_account_accepts() {
    let mut suite = Suite::new();
    let id = suite.create("alice", Membership::Open).unwrap();
    suite.contribute("alice", id, digest(1)).unwrap();
    assert!(is_unauthorized(propose(&mut suite, "bob", id, "bob", 10)));
    assert!(is_unauthorized(accept(&mut suite, "bob", id)));
    propose(&mut suite, "alice", id, "bob", 10).unwrap();
    assert!(is_unauthorized(accept(&mut suite, "mallory", id)));
    assert!(is_unauthorized(suite.accept("bob", id, 1)), "proposed is not yet owner");
    accept(&mut suite, "bob", id).unwrap();
    assert!(is_unauthorized(suite.accept("alice", id, 1)));
    suite.accept("bob", id, 1).unwrap();
}

#[test]
fn proposals_expire_and_are_bounded() {
    let mut suite = Suite::new();
    let id = suite.create("alice", Membership::Open).unwrap();
    assert!(matches!(
        propose(&mut suite, "alice", id, "bob", 31 * 24 * 3600),
        Err(ContractError::Kit(KitError::ProposalLength { .. }))
    ));
    propose(&mut suite, "alice", id, "bob", 10).unwrap();
    suite.wait(10);
    assert!(matches!(accept(&mut suite, "bob", id), Err(ContractError::Kit(KitError::ProposalExpired { .. }))));
    assert_eq!(suite.datanet(id).ownership.owner, suite.account("alice"));
}
