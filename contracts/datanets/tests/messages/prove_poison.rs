use cosmwasm_std::{Uint128, Uint64};
use datanets::{
    client::Datanets,
    msg::{Cluster, ExecuteMsg, Membership, Removal, Status},
    ContractError,
};
use openledger_contract_kit::{Bps, Digest};
use openledger_protocol::merkle;

use crate::{
    shares::{back, issued},
    suite::{contribute_msg, digest, is_unauthorized, Suite, RICH},
};

fn poison(contribution: u64, fraction: u16, recipient: Option<String>) -> ExecuteMsg {
    ExecuteMsg::ProvePoison {
        datanet_id: Uint64::one(),
        contribution_id: Uint64::new(contribution),
        evidence: digest(0xbd),
        fraction: Bps::new(fraction).unwrap(),
        recipient,
    }
}

/// Contributions 1 and 2 of `alice` are accepted, in version 1.
fn two(suite: &mut Suite) {
    for number in 1..=2 {
        suite.contribute("alice", 1, digest(number)).unwrap();
        suite.accept("alice", 1, u64::from(number)).unwrap();
    }
    suite.publish("alice", 1, suite.draft(1).content_root).unwrap();
}

fn clusters(suite: &Suite, version: u32) -> Vec<Cluster> {
    Datanets::new(&suite.contract, suite.app.wrap()).clusters(1, version).unwrap()
}

#[test]
fn later_versions_are_without_the_rows_and_no_index_moves() {
    let mut suite = Suite::new();
    suite.create("alice", Membership::Open).unwrap();
    two(&mut suite);
    let before = clusters(&suite, 1);
    assert!(is_unauthorized(suite.exec("alice", poison(1, 0, None))));
    suite.exec("admin", poison(1, 0, None)).unwrap();
    assert_eq!(suite.contribution(1, 1).status, Status::Removed { cluster: 0, cause: Removal::Poison });
    assert_eq!(clusters(&suite, 1), before, "what was published stays");

    suite.contribute("alice", 1, digest(3)).unwrap();
    suite.accept("alice", 1, 3).unwrap();
    let root = Digest::new(merkle::root(&[digest(0), digest(2), digest(3)]));
    suite.publish("alice", 1, root).unwrap();
    let after = clusters(&suite, 2);
    assert_eq!(after.iter().map(|c| c.cluster).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(after.iter().map(|c| c.removed).collect::<Vec<_>>(), [true, false, false]);
    assert_eq!((after[0].rows_root, &after[1]), (digest(0), &before[1]));
    let client = Datanets::new(&suite.contract, suite.app.wrap());
    assert_eq!(client.version(1, 2).unwrap().rows.u64(), 20);
}

#[test]
fn a_removal_alone_is_something_to_publish() {
    let mut suite = Suite::new();
    suite.create("alice", Membership::Open).unwrap();
    two(&mut suite);
    suite.exec("admin", poison(2, 0, None)).unwrap();
    suite.publish("alice", 1, suite.draft(1).content_root).unwrap();
    let root = suite.draft(1).content_root;
    assert_eq!(suite.publish("alice", 1, root).unwrap_err(), ContractError::NothingNew { latest: 2 });
}

#[test]
fn the_rows_stay_out_and_their_power_is_gone() {
    let mut suite = Suite::new();
    suite.create("alice", Membership::Open).unwrap();
    two(&mut suite);
    suite.next_block();
    suite.exec("admin", poison(1, 0, None)).unwrap();
    let again = contribute_msg(1, digest(1));
    let known = ContractError::RowsKnown { rows_root: digest(1), contribution_id: 1 };
    assert_eq!(suite.refused("alice", again), known);
    let total = |suite: &Suite| {
        Datanets::new(&suite.contract, suite.app.wrap()).power_at(1, &suite.account("alice"), None).unwrap().total
    };
    assert_eq!(total(&suite), Uint128::new(20));
    suite.next_block();
    assert_eq!(total(&suite), Uint128::new(10));
}

#[test]
fn only_accepted_contributions_and_only_once() {
    let mut suite = Suite::new();
    suite.create("alice", Membership::Open).unwrap();
    two(&mut suite);
    suite.contribute("alice", 1, digest(3)).unwrap();
    assert_eq!(suite.refused("admin", poison(3, 0, None)), ContractError::NotAccepted { contribution_id: 3 });
    suite.exec("admin", poison(1, 0, None)).unwrap();
    assert_eq!(suite.refused("admin", poison(1, 0, None)), ContractError::NotAccepted { contribution_id: 1 });
    let mut msg = poison(2, 0, None);
    if let ExecuteMsg::ProvePoison { evidence, .. } = &mut msg {
        *evidence = digest(0);
    }
    assert_eq!(suite.refused("admin", msg), ContractError::ZeroDigest { field: "evidence" });
}

#[test]
fn those_who_back_the_datanet_answer_for_it() {
    let mut suite = issued();
    two(&mut suite);
    back(&mut suite, "carol", 1_000);
    let victim = suite.account("victim").into_string();
    suite.exec("admin", poison(1, 2_000, Some(victim))).unwrap();
    assert_eq!(suite.open("victim"), 200);
    suite.exec("admin", poison(2, 5_000, None)).unwrap();
    let shares = suite.datanet(1).shares.unwrap().address;
    assert_eq!((suite.open_at(&shares), suite.open("carol")), (400, RICH - 1_000), "the second slash burned");
}

#[test]
fn a_slash_beyond_the_terms_changes_nothing() {
    use cw_multi_test::Executor;
    let mut suite = issued();
    two(&mut suite);
    back(&mut suite, "carol", 1_000);
    let before = suite.app.dump_wasm_raw(&suite.contract);
    let admin = suite.account("admin");
    assert!(suite.app.execute_contract(admin, suite.contract.clone(), &poison(1, 5_001, None), &[]).is_err());
    assert_eq!(suite.app.dump_wasm_raw(&suite.contract), before);
}
