use cosmwasm_std::Uint64;
use models::{msg::ExecuteMsg, ContractError};

use crate::suite::{is_unauthorized, promote, publish_msg, register_msg, terms, Suite, Terms};

/// Adapter 1 with versions 1 and 2; the second waits for its promotion.
pub fn waiting() -> Suite {
    let mut suite = Suite::new();
    suite.exec("dave", register_msg(1, 1, terms())).unwrap();
    let mut msg = publish_msg(1, Terms { prompt_price: 11, ..terms() });
    if let ExecuteMsg::PublishAdapterVersion { promote, .. } = &mut msg {
        *promote = Some(false);
    }
    suite.exec("dave", msg).unwrap();
    suite
}

pub fn serving(suite: &Suite) -> (u32, Option<u32>) {
    let found = suite.adapter(1);
    assert_eq!(found.serving.version, found.adapter.serving_version);
    (found.serving.version, found.adapter.previous_version)
}

#[test]
fn a_version_is_served_when_it_is_promoted() {
    let mut suite = waiting();
    assert_eq!((suite.adapter(1).latest.version, serving(&suite)), (2, (1, None)));
    suite.exec("dave", promote(1, 2)).unwrap();
    assert_eq!(serving(&suite), (2, Some(1)));
    suite.exec("dave", promote(1, 1)).unwrap();
    assert_eq!((suite.adapter(1).latest.version, serving(&suite)), (2, (1, Some(2))));
}

#[test]
fn publishing_promotes_unless_told_otherwise() {
    let mut suite = Suite::new();
    suite.exec("dave", register_msg(1, 1, terms())).unwrap();
    suite.exec("dave", publish_msg(1, Terms { prompt_price: 11, ..terms() })).unwrap();
    assert_eq!(serving(&suite), (2, Some(1)));
}

#[test]
fn refuses_strangers_and_versions_that_change_nothing() {
    let mut suite = waiting();
    for who in ["carol", "admin"] {
        assert!(is_unauthorized(suite.refused(who, promote(1, 2))), "{who}");
    }
    assert_eq!(suite.refused("dave", promote(1, 1)).unwrap_err(), ContractError::Serving { id: 1, version: 1 });
    for version in [0, 3] {
        let unknown = ContractError::UnknownAdapterVersion { id: 1, version, latest: 2 };
        assert_eq!(suite.refused("dave", promote(1, version)).unwrap_err(), unknown);
    }
    suite.exec("dave", ExecuteMsg::Retire { adapter_id: Uint64::one() }).unwrap();
    assert_eq!(suite.refused("dave", promote(1, 2)).unwrap_err(), ContractError::Retired { id: 1 });
}

#[test]
fn a_pause_keeps_no_bad_version_in_service() {
    let mut suite = waiting();
    suite.exec("dave", promote(1, 2)).unwrap();
    let until = Uint64::new(suite.now() + 50);
    suite.exec("admin", ExecuteMsg::Pause { until }).unwrap();
    suite.exec("dave", promote(1, 1)).unwrap();
    suite.exec("dave", ExecuteMsg::Rollback { adapter_id: Uint64::one() }).unwrap();
}
