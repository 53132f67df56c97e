use cosmwasm_std::Uint64;
use datanets::{
    cluster,
    msg::{ClustersResponse, ExecuteMsg, Membership, Params, QueryMsg, Version},
    ContractError,
};
use openledger_contract_kit::Digest;
use openledger_protocol::merkle;

use crate::suite::{contribute_msg, digest, is_unauthorized, params, Suite};

fn version(suite: &Suite, id: u64, version: u32) -> Version {
    suite.query(&QueryMsg::Version { datanet_id: Uint64::new(id), version }).unwrap()
}

fn clusters(suite: &Suite, id: u64, version: u32) -> ClustersResponse {
    suite.query(&QueryMsg::Clusters { datanet_id: Uint64::new(id), version }).unwrap()
}

fn two_accepted() -> (Suite, u64) {
    let mut suite = Suite::new();
    let id = suite.create("alice", Membership::Open).unwrap();
    suite.join("bob", id).unwrap();
    suite.contribute("alice", id, digest(1)).unwrap();
    suite.contribute("bob", id, digest(2)).unwrap();
    suite.accept("alice", id, 2).unwrap();
    suite.accept("alice", id, 1).unwrap();
    (suite, id)
}

#[test]
fn fixes_clusters_in_order_under_a_root_that_the_contract_computes() {
    let (mut suite, id) = two_accepted();
    let root = Digest::new(merkle::root(&[digest(2), digest(1)]));
    suite.publish("alice", id, root).unwrap();

    let first = version(&suite, id, 1);
    assert_eq!((first.content_root, first.clusters, first.rows.u64()), (root, 2, 20));
    let list = clusters(&suite, id, 1).clusters;
    assert_eq!(list[0].contributor, suite.account("bob"));
    assert_eq!(list[1].contribution_id.u64(), 1);
    assert_eq!(first.cluster_root, cluster::cluster_root(id, &list));
}

#[test]
fn refuses_another_root_or_another_order() {
    let (mut suite, id) = two_accepted();
    for wrong in [digest(9), Digest::new(merkle::root(&[digest(1), digest(2)]))] {
        assert!(matches!(suite.publish("alice", id, wrong), Err(ContractError::ContentRoot { clusters: 2, .. })));
    }
    assert_eq!(suite.datanet(id).latest_version, 0);
}

#[test]
fn a_later_version_extends_and_never_changes_the_earlier() {
    let (mut suite, id) = two_accepted();
    suite.publish("alice", id, suite.draft(id).content_root).unwrap();
    let (before, list) = (version(&suite, id, 1), clusters(&suite, id, 1));

    suite.contribute("bob", id, digest(3)).unwrap();
    suite.accept("alice", id, 3).unwrap();
    let draft = suite.draft(id);
    assert_eq!((draft.version, draft.clusters), (2, 3));
    suite.publish("alice", id, draft.content_root).unwrap();

    assert_eq!(version(&suite, id, 1), before);
    assert_eq!(clusters(&suite, id, 1), list);
    assert_eq!(clusters(&suite, id, 2).clusters[..2], list.clusters[..]);
    assert_eq!(version(&suite, id, 2).cluster_root, draft.cluster_root);
}

#[test]
fn refuses_strangers_empty_datanets_and_repetition() {
    let mut suite = Suite::new();
    let id = suite.create("alice", Membership::Open).unwrap();
    let empty = suite.draft(id).content_root;
    assert_eq!(suite.publish("alice", id, empty).unwrap_err(), ContractError::NothingNew { latest: 0 });
    suite.contribute("alice", id, digest(1)).unwrap();
    assert_eq!(suite.publish("alice", id, empty).unwrap_err(), ContractError::NothingNew { latest: 0 });
    suite.accept("alice", id, 1).unwrap();
    let root = suite.draft(id).content_root;
    assert!(is_unauthorized(suite.publish("bob", id, root)));
    suite.publish("alice", id, root).unwrap();
    assert_eq!(suite.publish("alice", id, root).unwrap_err(), ContractError::NothingNew { latest: 1 });
}

/// The largest version: it fits one storage item (128 KiB on chain) and one answer.
#[test]
fn two_hundred_and_fifty_six_clusters_fit_one_item() {
    let mut suite = Suite::with(Params { max_clusters: 256, ..params() }).unwrap();
    let id = suite.create("alice", Membership::Open).unwrap();
    for n in 1..=256u16 {
        let mut bytes = [0xff; 32];
        bytes[..2].copy_from_slice(&n.to_be_bytes());
        let mut msg = contribute_msg(id, Digest::new(bytes));
        if let ExecuteMsg::Contribute { rows, .. } = &mut msg {
            *rows = 1_000;
        }
        suite.exec("alice", msg).unwrap();
        suite.accept("alice", id, u64::from(n)).unwrap();
    }
    suite.publish("alice", id, suite.draft(id).content_root).unwrap();
    let list = clusters(&suite, id, 1);
    assert_eq!(list.clusters.len(), 256);
    assert_eq!(version(&suite, id, 1).rows.u64(), 256_000);
    assert!(cosmwasm_std::to_json_vec(&list).unwrap().len() < 64 * 1024);
}
