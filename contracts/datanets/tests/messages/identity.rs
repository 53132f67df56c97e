use cosmwasm_std::Uint64;
use datanets::{
    client::Datanets,
    msg::{Change, ExecuteMsg, IdentityResponse, Membership, QueryMsg},
    ContractError,
};
use openledger_contract_kit::KitError;

use crate::suite::{digest, is_unauthorized, Suite};

pub fn create(suite: &Suite, guardians: &[&str], threshold: u32) -> ExecuteMsg {
    let guardians = guardians.iter().map(|name| suite.account(name).into_string()).collect();
    ExecuteMsg::CreateIdentity { payout: None, guardians, threshold }
}

fn set_payout(suite: &Suite, to: &str) -> ExecuteMsg {
    ExecuteMsg::SetPayout { account: suite.account(to).into_string() }
}

#[test]
fn an_account_makes_one_and_says_where_its_income_goes() {
    let mut suite = Suite::new();
    let payout = Some(suite.account("cold").into_string());
    suite.exec("alice", ExecuteMsg::CreateIdentity { payout, guardians: vec![], threshold: 0 }).unwrap();
    let identity = suite.identity(1);
    assert_eq!((&identity.controller, &identity.payout), (&suite.account("alice"), &suite.account("cold")));
    assert_eq!(suite.identity_of("alice"), Some(identity));
    assert_eq!(suite.identity_of("bob"), None);

    let again = create(&suite, &[], 0);
    let account = suite.account("alice");
    assert_eq!(suite.refused("alice", again), ContractError::IdentityKnown { account, identity_id: 1 });
    suite.exec("bob", create(&suite, &[], 0)).unwrap();
    assert_eq!(suite.identity_of("bob").unwrap().identity_id.u64(), 2, "refusals use no id");
}

#[test]
fn who_acts_without_one_gets_one_and_clusters_name_it() {
    let mut suite = Suite::new();
    let id = suite.create("alice", Membership::Open).unwrap();
    suite.create("alice", Membership::Open).unwrap();
    suite.join("bob", id).unwrap();
    suite.contribute("bob", id, digest(1)).unwrap();
    suite.accept("alice", id, 1).unwrap();
    suite.publish("alice", id, suite.draft(id).content_root).unwrap();

    let bob = suite.identity_of("bob").unwrap();
    assert_eq!((bob.identity_id.u64(), bob.payout, bob.threshold), (2, suite.account("bob"), 0));
    assert_eq!(suite.identity_of("alice").unwrap().identity_id.u64(), 1);
    assert_eq!(suite.contribution(id, 1).identity_id.u64(), 2);
    let client = Datanets::new(&suite.contract, suite.app.wrap());
    let cluster = &client.clusters(id, 1).unwrap()[0];
    assert_eq!((cluster.identity_id.u64(), &cluster.contributor), (2, &suite.account("bob")));
    assert_eq!(client.identity(2).unwrap().payout, suite.account("bob"));
    assert_eq!(client.identity_of(&suite.account("carol")).unwrap(), None);
    assert!(suite.query::<IdentityResponse>(&QueryMsg::Identity { identity_id: Uint64::new(3) }).is_err());
}

#[test]
fn a_change_of_payout_waits_and_then_holds_by_itself() {
    let mut suite = Suite::new();
    suite.exec("alice", create(&suite, &[], 0)).unwrap();
    assert!(is_unauthorized(suite.exec("bob", set_payout(&suite, "bob"))));
    suite.exec("alice", set_payout(&suite, "cold")).unwrap();
    let from = Uint64::new(suite.now() + 50);
    assert_eq!(suite.identity(1).next_payout, Some(Change { account: suite.account("cold"), at: from }));
    suite.wait(49);
    assert_eq!(suite.identity(1).payout, suite.account("alice"));
    suite.wait(1);
    let identity = suite.identity(1);
    assert_eq!((identity.payout, identity.next_payout), (suite.account("cold"), None));
    assert_eq!(
        suite.refused("alice", ExecuteMsg::CancelPayout {}),
        ContractError::NoPayoutOrdered { identity_id: 1 },
        "what has come true cannot be cancelled"
    );

    // A second order keeps the first one's result meanwhile, and replaces an open one.
    suite.exec("alice", set_payout(&suite, "second")).unwrap();
    suite.wait(30);
    suite.exec("alice", set_payout(&suite, "third")).unwrap();
    suite.wait(30);
    assert_eq!(suite.identity(1).payout, suite.account("cold"));
    suite.wait(20);
    assert_eq!(suite.identity(1).payout, suite.account("third"));
}

#[test]
fn an_order_can_be_cancelled_in_time() {
    let mut suite = Suite::new();
    suite.exec("alice", create(&suite, &[], 0)).unwrap();
    suite.exec("alice", set_payout(&suite, "thief")).unwrap();
    suite.wait(49);
    suite.exec("alice", ExecuteMsg::CancelPayout {}).unwrap();
    suite.wait(100);
    assert_eq!(suite.identity(1).payout, suite.account("alice"));
}

#[test]
fn income_never_goes_to_this_contract() {
    let mut suite = Suite::new();
    let account = suite.contract.to_string();
    let msg = ExecuteMsg::CreateIdentity { payout: Some(account.clone()), guardians: vec![], threshold: 0 };
    assert_eq!(suite.refused("alice", msg), ContractError::ToItself);
    suite.exec("alice", create(&suite, &[], 0)).unwrap();
    assert_eq!(suite.refused("alice", ExecuteMsg::SetPayout { account }), ContractError::ToItself);
}

#[test]
fn guardians_are_few_different_and_not_oneself() {
    let mut suite = Suite::new();
    for (guardians, threshold) in [(vec!["a", "b"], 3), (vec!["a", "b"], 0), (vec![], 1)] {
        let msg = create(&suite, &guardians, threshold);
        let count = guardians.len() as u32;
        assert_eq!(suite.refused("alice", msg), ContractError::Threshold { threshold, guardians: count });
    }
    for bad in ["alice", "a"] {
        let msg = create(&suite, &["a", bad], 1);
        let guardian = suite.account(bad);
        assert_eq!(suite.refused("alice", msg), ContractError::Guardian { guardian });
    }
    let six = create(&suite, &["a", "b", "c", "d", "e", "f"], 1);
    assert!(matches!(suite.refused("alice", six), ContractError::Kit(KitError::TooMany { max: 5, .. })));
    suite.exec("alice", create(&suite, &["a", "b", "c", "d", "e"], 5)).unwrap();
}
