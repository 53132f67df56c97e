use cosmwasm_std::Uint64;
use datanets::{
    client::Datanets,
    msg::{ContributionsResponse, DatanetsResponse, MembersResponse, Membership, QueryMsg, StatusFilter, Version},
};

use crate::suite::{digest, Suite};

fn with_status(suite: &Suite, status: Option<StatusFilter>, after: Option<u64>, limit: Option<u32>) -> Vec<u64> {
    let msg = QueryMsg::Contributions { datanet_id: Uint64::one(), status, start_after: after.map(Uint64::new), limit };
    let found: ContributionsResponse = suite.query(&msg).unwrap();
    found.contributions.iter().map(|c| c.contribution_id.u64()).collect()
}

#[test]
fn contributions_by_status_in_pages() {
    let mut suite = Suite::new();
    let id = suite.create("alice", Membership::Open).unwrap();
    for byte in 1..=5 {
        let name = format!("member{byte}");
        suite.join(&name, id).unwrap();
        suite.contribute(&name, id, digest(byte)).unwrap();
    }
    suite.accept("alice", id, 4).unwrap();
    suite.accept("alice", id, 2).unwrap();
    assert_eq!(with_status(&suite, None, None, None), [1, 2, 3, 4, 5]);
    assert_eq!(with_status(&suite, None, Some(2), Some(2)), [3, 4]);
    assert_eq!(with_status(&suite, Some(StatusFilter::Accepted), None, None), [2, 4]);
    assert_eq!(with_status(&suite, Some(StatusFilter::Pending), Some(1), None), [3, 5]);
    assert!(with_status(&suite, Some(StatusFilter::Rejected), None, None).is_empty());
}

#[test]
fn lists_stop_at_thirty() {
    let mut suite = Suite::new();
    let id = suite.create("alice", Membership::Open).unwrap();
    for n in 0..31 {
        suite.exec("alice", crate::suite::create_msg(suite.account("c").as_str(), Membership::Open)).unwrap();
        suite.join(&format!("m{n}"), id).unwrap();
    }
    let all: DatanetsResponse = suite.query(&QueryMsg::Datanets { start_after: None, limit: Some(1000) }).unwrap();
    assert_eq!(all.datanets.len(), 30);
    let ten: DatanetsResponse = suite.query(&QueryMsg::Datanets { start_after: None, limit: None }).unwrap();
    assert_eq!(ten.datanets.len(), 10);

    let page = |after: Option<String>| -> MembersResponse {
        suite.query(&QueryMsg::Members { datanet_id: Uint64::new(id), start_after: after, limit: Some(30) }).unwrap()
    };
    let first = page(None).members;
    let rest = page(first.last().map(|m| m.account.to_string())).members;
    assert_eq!(first.len() + rest.len(), 32);
}

#[test]
fn what_does_not_exist_is_an_error_that_says_so() {
    let mut suite = Suite::new();
    let error = suite.query::<Version>(&QueryMsg::Version { datanet_id: Uint64::one(), version: 1 }).unwrap_err();
    assert!(error.contains("Datanet 1 does not exist"), "{error}");
    suite.create("alice", Membership::Open).unwrap();
    for version in [0, 1] {
        let msg = QueryMsg::Clusters { datanet_id: Uint64::one(), version };
        let error = suite.query::<Version>(&msg).unwrap_err();
        assert!(error.contains(&format!("no version {version}")), "{error}");
    }
}

#[test]
fn the_client_reads_what_the_contract_stores() {
    let mut suite = Suite::new();
    let id = suite.create("alice", Membership::Open).unwrap();
    suite.contribute("alice", id, digest(1)).unwrap();
    suite.accept("alice", id, 1).unwrap();
    suite.publish("alice", id, suite.draft(id).content_root).unwrap();
    let client = Datanets::new(&suite.contract, suite.app.wrap());
    assert_eq!(client.datanet(id).unwrap().latest_version, 1);
    assert_eq!(client.version(id, 1).unwrap().clusters, 1);
    assert_eq!(client.clusters(id, 1).unwrap()[0].contributor, suite.account("alice"));
    assert!(client.version(id, 2).is_err());
}
