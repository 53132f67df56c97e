use cosmwasm_std::Uint64;
use models::{msg::ExecuteMsg, ContractError};

use crate::suite::{base_msg, digest, is_unauthorized, promote, publish_msg, register_msg, terms, Suite, Terms};

fn withdraw() -> ExecuteMsg {
    ExecuteMsg::WithdrawBase { base_id: Uint64::one() }
}

#[test]
fn gives_notice_to_those_who_built_on_it() {
    let mut suite = Suite::new();
    suite.exec("dave", register_msg(1, 1, terms())).unwrap();
    suite.exec("carol", withdraw()).unwrap();
    let leaves_at = Uint64::new(suite.now() + 200);
    let gone = ContractError::Withdrawn { id: 1, leaves_at };
    for who in ["dave", "carol"] {
        assert_eq!(suite.refused(who, register_msg(1, 1, terms())).unwrap_err(), gone);
    }
    suite.wait(199);
    suite.exec("dave", publish_msg(1, Terms { prompt_price: 11, ..terms() })).unwrap();
    suite.wait(1);
    assert_eq!(suite.refused("dave", publish_msg(1, Terms { prompt_price: 12, ..terms() })).unwrap_err(), gone);
    // What exists stays in service.
    suite.exec("dave", promote(1, 1)).unwrap();
}

#[test]
fn is_for_the_registrant_once() {
    let mut suite = Suite::new();
    for who in ["dave", "admin"] {
        assert!(is_unauthorized(suite.refused(who, withdraw())), "{who}");
    }
    let unknown = ExecuteMsg::WithdrawBase { base_id: Uint64::new(9) };
    assert_eq!(suite.refused("carol", unknown).unwrap_err(), ContractError::UnknownBase { id: 9 });
    suite.exec("carol", withdraw()).unwrap();
    assert!(matches!(suite.refused("carol", withdraw()), Err(ContractError::Withdrawn { id: 1, .. })));
}

#[test]
fn the_same_files_may_be_registered_again() {
    let mut suite = Suite::new();
    assert!(matches!(suite.refused("carol", base_msg(digest(0xb0))), Err(ContractError::BaseKnown { id: 1, .. })));
    suite.exec("carol", withdraw()).unwrap();
    suite.exec("carol", base_msg(digest(0xb0))).unwrap();
    assert!(matches!(suite.refused("carol", base_msg(digest(0xb0))), Err(ContractError::BaseKnown { id: 2, .. })));
}
