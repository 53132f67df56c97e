use cosmwasm_std::Uint64;
use models::{
    msg::{AdapterVersion, ExecuteMsg, QueryMsg},
    ContractError,
};

use crate::suite::{is_unauthorized, publish_msg, register_msg, terms, Suite, Terms};

fn retire(id: u64) -> ExecuteMsg {
    ExecuteMsg::Retire { adapter_id: Uint64::new(id) }
}

#[test]
fn is_final_and_leaves_versions_readable() {
    let mut suite = Suite::new();
    suite.exec("dave", register_msg(1, 1, terms())).unwrap();
    for who in ["carol", "admin"] {
        assert!(is_unauthorized(suite.exec(who, retire(1))), "{who}");
    }
    suite.exec("dave", retire(1)).unwrap();
    assert!(suite.adapter(1).adapter.retired);
    assert_eq!(suite.exec("dave", retire(1)).unwrap_err(), ContractError::Retired { id: 1 });
    let next = Terms { prompt_price: 11, ..terms() };
    assert_eq!(suite.exec("dave", publish_msg(1, next)).unwrap_err(), ContractError::Retired { id: 1 });
    let kept: AdapterVersion = suite.query(&QueryMsg::AdapterVersion { id: Uint64::one(), version: 1 }).unwrap();
    assert_eq!(kept.version, 1);
}

#[test]
fn a_pause_does_not_keep_a_developer_from_retiring() {
    let mut suite = Suite::new();
    suite.exec("dave", register_msg(1, 1, terms())).unwrap();
    let until = Uint64::new(suite.now() + 50);
    suite.exec("admin", ExecuteMsg::Pause { until }).unwrap();
    suite.exec("dave", retire(1)).unwrap();
}
