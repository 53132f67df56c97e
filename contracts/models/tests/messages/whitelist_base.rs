use cosmwasm_std::Uint64;
use models::{
    msg::{Base, ExecuteMsg, QueryMsg},
    ContractError,
};

use crate::suite::{base_msg, digest, is_unauthorized, publish_msg, register_msg, terms, Suite, Terms};

fn list(id: u64) -> ExecuteMsg {
    ExecuteMsg::WhitelistBase { base_id: Uint64::new(id) }
}

fn delist(id: u64) -> ExecuteMsg {
    ExecuteMsg::DelistBase { base_id: Uint64::new(id) }
}

/// Base model 2 belongs to erin and is not on the list.
fn unshared() -> Suite {
    let mut suite = Suite::new();
    suite.exec("erin", base_msg(digest(2))).unwrap();
    suite
}

fn shared(suite: &Suite, id: u64) -> bool {
    suite.query::<Base>(&QueryMsg::Base { id: Uint64::new(id) }).unwrap().shared
}

#[test]
fn others_build_on_shared_base_models_only() {
    let mut suite = unshared();
    assert_eq!(suite.refused("dave", register_msg(2, 1, terms())).unwrap_err(), ContractError::NotShared { id: 2 });
    suite.exec("erin", register_msg(2, 1, terms())).unwrap();
    suite.exec("admin", list(2)).unwrap();
    assert!(shared(&suite, 2));
    suite.exec("dave", register_msg(2, 1, terms())).unwrap();
}

#[test]
fn what_was_built_stays_when_it_leaves_the_list() {
    let mut suite = Suite::new();
    suite.exec("dave", register_msg(1, 1, terms())).unwrap();
    suite.exec("admin", delist(1)).unwrap();
    assert!(!shared(&suite, 1));
    suite.exec("dave", publish_msg(1, Terms { prompt_price: 11, ..terms() })).unwrap();
    assert_eq!(suite.refused("dave", register_msg(1, 1, terms())).unwrap_err(), ContractError::NotShared { id: 1 });
    suite.exec("carol", register_msg(1, 1, terms())).unwrap();
}

#[test]
fn is_for_the_owner_and_for_what_changes_something() {
    let mut suite = unshared();
    for who in ["erin", "dave"] {
        assert!(is_unauthorized(suite.refused(who, list(2))), "{who}");
        assert!(is_unauthorized(suite.refused(who, delist(1))), "{who}");
    }
    assert_eq!(suite.refused("admin", list(1)).unwrap_err(), ContractError::Shared { id: 1 });
    assert_eq!(suite.refused("admin", delist(2)).unwrap_err(), ContractError::NotShared { id: 2 });
    assert_eq!(suite.refused("admin", list(3)).unwrap_err(), ContractError::UnknownBase { id: 3 });
    suite.exec("erin", ExecuteMsg::WithdrawBase { base_id: Uint64::new(2) }).unwrap();
    assert!(matches!(suite.refused("admin", list(2)), Err(ContractError::Withdrawn { id: 2, .. })));
}
