use cosmwasm_std::Uint64;
use models::{msg::ExecuteMsg, ContractError};

use crate::{
    promote::{serving, waiting},
    suite::{is_unauthorized, promote},
};

fn rollback() -> ExecuteMsg {
    ExecuteMsg::Rollback { adapter_id: Uint64::one() }
}

#[test]
fn goes_back_one_step() {
    let mut suite = waiting();
    suite.exec("dave", promote(1, 2)).unwrap();
    suite.exec("dave", rollback()).unwrap();
    assert_eq!(serving(&suite), (1, None));
    assert_eq!(suite.refused("dave", rollback()).unwrap_err(), ContractError::NoPrevious { id: 1 });
    suite.exec("dave", promote(1, 2)).unwrap();
    assert_eq!(serving(&suite), (2, Some(1)));
}

#[test]
fn is_for_the_developer_of_a_live_adapter() {
    let mut suite = waiting();
    assert_eq!(suite.refused("dave", rollback()).unwrap_err(), ContractError::NoPrevious { id: 1 });
    suite.exec("dave", promote(1, 2)).unwrap();
    for who in ["carol", "admin"] {
        assert!(is_unauthorized(suite.refused(who, rollback())), "{who}");
    }
    suite.exec("dave", ExecuteMsg::Retire { adapter_id: Uint64::one() }).unwrap();
    assert_eq!(suite.refused("dave", rollback()).unwrap_err(), ContractError::Retired { id: 1 });
}
