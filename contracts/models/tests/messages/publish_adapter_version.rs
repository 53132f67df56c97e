use cosmwasm_std::Uint64;
use models::{
    msg::{AdapterVersion, QueryMsg},
    ContractError,
};

use crate::suite::{digest, is_unauthorized, publish_msg, register_msg, split, terms, Suite, Terms};

fn registered() -> Suite {
    let mut suite = Suite::new();
    suite.exec("dave", register_msg(1, 1, terms())).unwrap();
    suite
}

fn version(suite: &Suite, version: u32) -> AdapterVersion {
    suite.query(&QueryMsg::AdapterVersion { id: Uint64::one(), version }).unwrap()
}

#[test]
fn a_new_version_leaves_the_old_one_as_it_was() {
    let mut suite = registered();
    let first = version(&suite, 1);
    suite.wait(60);
    suite.publish_datanet_version(2);
    let next = Terms {
        datanet_version: 2,
        weights_digest: digest(0xa1),
        response_price: 40,
        split: split([6_000, 1_000, 2_000, 500, 500]),
        ..terms()
    };
    suite.exec("dave", publish_msg(1, next)).unwrap();
    assert_eq!(version(&suite, 1), first);
    let second = suite.adapter(1).latest;
    assert_eq!((second.version, second.datanet_version), (2, 2));
    assert_eq!(second.response_price.u128(), 40);
    assert_eq!(second.published_at.u64(), first.published_at.u64() + 60);
}

#[test]
fn is_for_the_developer_only() {
    let mut suite = registered();
    let next = Terms { prompt_price: 11, ..terms() };
    for who in ["carol", "curator", "admin"] {
        assert!(is_unauthorized(suite.exec(who, publish_msg(1, next.clone()))), "{who}");
    }
    assert_eq!(suite.exec("dave", publish_msg(2, next)).unwrap_err(), ContractError::UnknownAdapter { id: 2 });
}

#[test]
fn something_must_change_and_the_datanet_only_moves_forward() {
    let mut suite = registered();
    assert_eq!(suite.exec("dave", publish_msg(1, terms())).unwrap_err(), ContractError::NothingNew { latest: 1 });
    suite.publish_datanet_version(2);
    suite.exec("dave", publish_msg(1, Terms { datanet_version: 2, ..terms() })).unwrap();
    let back = Terms { prompt_price: 11, ..terms() };
    assert_eq!(
        suite.exec("dave", publish_msg(1, back)).unwrap_err(),
        ContractError::DatanetVersionOlder { given: 1, latest: 2 }
    );
    let future = Terms { datanet_version: 3, ..terms() };
    assert!(matches!(suite.exec("dave", publish_msg(1, future)), Err(ContractError::DatanetVersion { .. })));
}

#[test]
fn the_same_checks_hold_as_at_registration() {
    let mut suite = registered();
    let bad = Terms { split: split([900, 9_100, 0, 0, 0]), ..terms() };
    assert!(matches!(suite.exec("dave", publish_msg(1, bad)), Err(ContractError::Split(_))));
    let bad = Terms { prompt_price: 1_000_001, ..terms() };
    assert!(matches!(suite.exec("dave", publish_msg(1, bad)), Err(ContractError::Price { .. })));
    assert_eq!(suite.adapter(1).adapter.latest_version, 1);
}
