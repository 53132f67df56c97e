use cosmwasm_std::Uint64;
use models::{
    client::Models,
    msg::{AdapterVersion, AdaptersResponse, BasesResponse, QueryMsg},
};

use crate::suite::{base_msg, digest, register_msg, terms, Suite};

#[test]
fn lists_come_in_pages_of_thirty_at_most() {
    let mut suite = Suite::new();
    for byte in 1..=31 {
        suite.exec("dave", base_msg(digest(byte))).unwrap();
        suite.exec("dave", register_msg(1, 1, terms())).unwrap();
    }
    let bases = |start_after: Option<u64>, limit| -> BasesResponse {
        suite.query(&QueryMsg::Bases { start_after: start_after.map(Uint64::new), limit }).unwrap()
    };
    assert_eq!(bases(None, None).bases.len(), 10);
    assert_eq!(bases(None, Some(99)).bases.len(), 30);
    assert_eq!(bases(Some(30), Some(99)).bases[0].id.u64(), 31);
    let adapters: AdaptersResponse =
        suite.query(&QueryMsg::Adapters { start_after: Some(Uint64::new(29)), limit: Some(30) }).unwrap();
    assert_eq!(adapters.adapters.len(), 2);
    assert_eq!(adapters.adapters[0].latest.adapter_id.u64(), 30);
}

#[test]
fn what_does_not_exist_is_an_error_that_says_so() {
    let mut suite = Suite::new();
    suite.exec("dave", register_msg(1, 1, terms())).unwrap();
    for version in [0, 2] {
        let msg = QueryMsg::AdapterVersion { id: Uint64::one(), version };
        let error = suite.query::<AdapterVersion>(&msg).unwrap_err();
        assert!(error.contains(&format!("no version {version}: its latest is 1")), "{error}");
    }
    let error = suite.query::<AdapterVersion>(&QueryMsg::Adapter { id: Uint64::new(7) }).unwrap_err();
    assert!(error.contains("adapter 7 does not exist"), "{error}");
}

#[test]
fn the_client_reads_what_the_contract_stores() {
    let mut suite = Suite::new();
    suite.exec("dave", register_msg(1, 1, terms())).unwrap();
    let client = Models::new(&suite.contract, suite.app.wrap());
    assert_eq!(client.base(1).unwrap().digest, digest(0xb0));
    assert_eq!(client.adapter(1).unwrap().latest, client.adapter_version(1, 1).unwrap());
    assert!(client.adapter_version(1, 2).is_err());
    assert_eq!(suite.config().datanets, suite.datanets);
}

#[test]
fn adapters_of_a_datanet_come_in_pages() {
    let mut suite = Suite::new();
    suite.create_datanet("CC0-1.0");
    suite.publish_version_of(2, 1);
    for datanet in [1, 2, 1, 1] {
        suite.exec("dave", register_msg(1, datanet, terms())).unwrap();
    }
    let of = |suite: &Suite, datanet_id: u64, start_after: Option<u64>, limit| -> Vec<u64> {
        let (datanet_id, start_after) = (Uint64::new(datanet_id), start_after.map(Uint64::new));
        let found: AdaptersResponse =
            suite.query(&QueryMsg::AdaptersOfDatanet { datanet_id, start_after, limit }).unwrap();
        found.adapters.into_iter().map(|found| found.adapter.id.u64()).collect()
    };
    assert_eq!(of(&suite, 1, None, None), [1, 3, 4]);
    assert_eq!(of(&suite, 1, Some(1), Some(1)), [3]);
    assert_eq!(of(&suite, 2, None, None), [2]);
    assert!(of(&suite, 3, None, None).is_empty());
}
