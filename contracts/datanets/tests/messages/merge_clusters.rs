use cosmwasm_std::Uint64;
use datanets::{
    client::Datanets,
    cluster,
    msg::{ExecuteMsg, Membership},
    ContractError,
};

use crate::{
    request_withdrawal::withdrawal,
    suite::{digest, is_unauthorized, Suite},
    votes,
};

fn merge(first: u32, second: u32) -> ExecuteMsg {
    ExecuteMsg::MergeClusters { datanet_id: Uint64::one(), first, second }
}

/// Cluster 0 is of `carol`, who offered second, cluster 1 of `bob`, who offered first, cluster 2 of `bob`.
fn accepted() -> Suite {
    let mut suite = Suite::new();
    suite.create("alice", Membership::Open).unwrap();
    suite.join("bob", 1).unwrap();
    suite.join("carol", 1).unwrap();
    for (who, byte) in [("bob", 1), ("carol", 2), ("bob", 3)] {
        suite.contribute(who, 1, digest(byte)).unwrap();
    }
    for contribution in [2, 1, 3] {
        suite.accept("alice", 1, contribution).unwrap();
    }
    suite
}

fn power(suite: &Suite, who: &str) -> u128 {
    let client = Datanets::new(&suite.contract, suite.app.wrap());
    client.power_at(1, &suite.account(who), None).unwrap().total.u128()
}

#[test]
fn whoever_was_first_is_credited_for_both() {
    let mut suite = accepted();
    assert!(is_unauthorized(suite.exec("bob", merge(0, 1))));
    suite.exec("alice", merge(0, 1)).unwrap();
    suite.publish("alice", 1, suite.draft(1).content_root).unwrap();
    let client = Datanets::new(&suite.contract, suite.app.wrap());
    let clusters = client.clusters(1, 1).unwrap();
    let bob = suite.identity_of("bob").unwrap().identity_id;
    assert!(clusters.iter().all(|cluster| cluster.identity_id == bob));
    assert_eq!((clusters[0].merged_into, &clusters[0].contributor), (Some(1), &suite.account("bob")));
    assert_eq!((clusters[1].merged_into, clusters[0].rows_root), (None, digest(2)));
    let version = client.version(1, 1).unwrap();
    assert_eq!(version.cluster_table_root, cluster::table_root(1, &clusters));
    assert_eq!(version.cluster_root, cluster::cluster_root(1, &clusters));
}

/// Three times the same rows, merged in any order, are of whoever was first of the three.
#[test]
fn what_was_merged_before_goes_along() {
    let mut suite = Suite::new();
    suite.create("alice", Membership::Open).unwrap();
    for (who, byte) in [("bob", 1), ("carol", 2), ("ann", 3)] {
        suite.join(who, 1).unwrap();
        suite.contribute(who, 1, digest(byte)).unwrap();
        suite.accept("alice", 1, byte.into()).unwrap();
    }
    suite.exec("alice", merge(1, 2)).unwrap();
    suite.exec("alice", merge(0, 1)).unwrap();
    suite.publish("alice", 1, suite.draft(1).content_root).unwrap();
    let clusters = Datanets::new(&suite.contract, suite.app.wrap()).clusters(1, 1).unwrap();
    let bob = suite.identity_of("bob").unwrap().identity_id;
    assert!(clusters.iter().all(|cluster| (cluster.identity_id, &cluster.contributor) == (bob, &suite.account("bob"))));
    assert_eq!([0, 1, 2].map(|at: usize| clusters[at].merged_into), [None, Some(0), Some(0)]);
    suite.next_block();
    assert_eq!(power(&suite, "bob"), 10, "the rows count once");
}

#[test]
fn only_two_different_clusters_that_are_not_published_removed_or_merged() {
    let mut suite = accepted();
    assert_eq!(suite.refused("alice", merge(1, 1)), ContractError::CannotMerge { cluster: 1 });
    assert_eq!(suite.refused("alice", merge(1, 3)), ContractError::CannotMerge { cluster: 3 });
    suite.exec("alice", merge(0, 1)).unwrap();
    assert_eq!(suite.refused("alice", merge(0, 2)), ContractError::CannotMerge { cluster: 0 });
    suite.exec("bob", withdrawal(3)).unwrap();
    assert_eq!(suite.refused("alice", merge(1, 2)), ContractError::CannotMerge { cluster: 2 });
    suite.publish("alice", 1, suite.draft(1).content_root).unwrap();
    assert_eq!(suite.refused("alice", merge(1, 2)), ContractError::CannotMerge { cluster: 1 });
}

#[test]
fn duplicate_rows_count_for_nobody_and_only_once() {
    let mut suite = accepted();
    suite.next_block();
    assert_eq!(power(&suite, "bob"), 30);
    suite.exec("alice", merge(0, 1)).unwrap();
    suite.next_block();
    assert_eq!(power(&suite, "bob"), 20);
    suite.exec("carol", withdrawal(2)).unwrap();
    suite.next_block();
    assert_eq!(power(&suite, "bob"), 20);
}

#[test]
fn owners_take_no_credits_where_drawn_reviewers_decide() {
    let mut suite = votes::datanet(3);
    assert_eq!(suite.refused("alice", merge(0, 1)), ContractError::Reviewed { datanet_id: 1 });
}
