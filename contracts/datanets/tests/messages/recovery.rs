//! What guardians can do when a controller lost its key, and what they cannot.

use cosmwasm_std::Uint64;
use cw_multi_test::AppResponse;
use datanets::{
    msg::{Change, ExecuteMsg, Membership},
    ContractError,
};

use crate::{
    identity::create,
    suite::{digest, is_unauthorized, Suite},
};

/// Identity 1 of `alice` with three guardians, two of whom are enough.
fn guarded() -> Suite {
    let mut suite = Suite::new();
    suite.exec("alice", create(&suite, &["g1", "g2", "g3"], 2)).unwrap();
    suite
}

fn approval(suite: &Suite, controller: &str) -> ExecuteMsg {
    ExecuteMsg::ApproveRecovery { identity_id: Uint64::one(), controller: suite.account(controller).into_string() }
}

fn approve(suite: &mut Suite, guardian: &str, controller: &str) -> AppResponse {
    suite.exec(guardian, approval(suite, controller)).unwrap()
}

fn finish() -> ExecuteMsg {
    ExecuteMsg::FinishRecovery { identity_id: Uint64::one() }
}

#[test]
fn income_follows_the_identity_to_its_new_controller() {
    let mut suite = Suite::new();
    let id = suite.create("alice", Membership::Open).unwrap();
    suite.contribute("alice", id, digest(1)).unwrap();
    suite.accept("alice", id, 1).unwrap();
    let guardians = ["g1", "g2"].map(|name| suite.account(name).into_string()).to_vec();
    suite.exec("alice", ExecuteMsg::SetGuardians { guardians, threshold: 2 }).unwrap();

    approve(&mut suite, "g1", "fresh");
    assert_eq!(suite.identity(1).recovery, None);
    approve(&mut suite, "g2", "fresh");
    let ready_at = suite.now() + 80;
    let recovery = Change { account: suite.account("fresh"), at: Uint64::new(ready_at) };
    assert_eq!(suite.identity(1).recovery, Some(recovery));
    suite.wait(79);
    let now = suite.now();
    assert_eq!(suite.refused("fresh", finish()), ContractError::RecoveryEarly { now, ready_at });
    suite.wait(1);
    suite.exec("anybody", finish()).unwrap();

    let identity = suite.identity(1);
    assert_eq!((&identity.controller, &identity.payout), (&suite.account("fresh"), &suite.account("fresh")));
    assert_eq!((identity.recovery, identity.approvals), (None, vec![]));
    assert_eq!(suite.identity_of("alice"), None);
    assert_eq!(suite.contribution(id, 1).identity_id.u64(), 1, "the past names the identity, not the account");
    // The former account starts anew.
    suite.contribute("alice", id, digest(2)).unwrap();
    assert_eq!(suite.contribution(id, 2).identity_id.u64(), 2);
}

#[test]
fn payouts_that_go_elsewhere_stay_and_ordered_changes_are_dropped() {
    let mut suite = guarded();
    suite.exec("alice", ExecuteMsg::SetPayout { account: suite.account("cold").into_string() }).unwrap();
    suite.wait(50);
    approve(&mut suite, "g1", "fresh");
    approve(&mut suite, "g3", "fresh");
    suite.wait(79);
    suite.exec("alice", ExecuteMsg::SetPayout { account: suite.account("thief").into_string() }).unwrap();
    suite.wait(1);
    suite.exec("g2", finish()).unwrap();
    suite.wait(1_000);
    assert_eq!(suite.identity(1).payout, suite.account("cold"));
}

#[test]
fn the_controller_vetoes_while_it_is_there() {
    let mut suite = guarded();
    assert_eq!(suite.refused("alice", ExecuteMsg::VetoRecovery {}), ContractError::NoRecovery { identity_id: 1 });
    approve(&mut suite, "g1", "thief");
    approve(&mut suite, "g2", "thief");
    suite.wait(80);
    suite.exec("alice", ExecuteMsg::VetoRecovery {}).unwrap();
    assert_eq!(suite.refused("thief", finish()), ContractError::NoRecovery { identity_id: 1 });
    assert_eq!(suite.identity(1).approvals, vec![]);
}

#[test]
fn new_guardians_are_not_bound_by_what_the_old_ones_wanted() {
    let mut suite = guarded();
    approve(&mut suite, "g1", "thief");
    approve(&mut suite, "g2", "thief");
    suite.wait(80);
    let guardians = vec![suite.account("g4").into_string()];
    suite.exec("alice", ExecuteMsg::SetGuardians { guardians, threshold: 1 }).unwrap();
    assert_eq!(suite.refused("thief", finish()), ContractError::NoRecovery { identity_id: 1 });
    let wish = approval(&suite, "thief");
    assert!(is_unauthorized(suite.exec("g1", wish)));
}

#[test]
fn only_guardians_agree_and_each_counts_once() {
    let mut suite = guarded();
    for stranger in ["alice", "fresh", "mallory"] {
        let wish = approval(&suite, "fresh");
        assert!(is_unauthorized(suite.exec(stranger, wish)));
    }
    approve(&mut suite, "g1", "fresh");
    approve(&mut suite, "g1", "fresh");
    assert_eq!(suite.identity(1).recovery, None);
    let unknown = ExecuteMsg::ApproveRecovery { identity_id: Uint64::new(9), controller: suite.contract.to_string() };
    assert_eq!(suite.refused("g1", unknown), ContractError::UnknownIdentity { identity_id: 9 });
}

#[test]
fn a_guardian_can_neither_block_nor_hurry_the_others() {
    let mut suite = guarded();
    approve(&mut suite, "g1", "fresh");
    approve(&mut suite, "g2", "fresh");
    let agreed = suite.identity(1).recovery;
    suite.wait(40);
    // The third wants somebody else: the agreement and its time stay.
    approve(&mut suite, "g3", "other");
    approve(&mut suite, "g3", "fresh");
    assert_eq!(suite.identity(1).recovery, agreed);
    // Two change their minds: the time starts anew.
    approve(&mut suite, "g1", "other");
    assert_eq!(suite.identity(1).recovery, agreed, "two still agree");
    approve(&mut suite, "g3", "other");
    assert_eq!(suite.identity(1).recovery.unwrap().at.u64(), suite.now() + 80);
}

#[test]
fn an_account_with_an_identity_cannot_take_another() {
    let mut suite = guarded();
    suite.exec("bob", create(&suite, &[], 0)).unwrap();
    let wish = approval(&suite, "bob");
    let account = suite.account("bob");
    assert_eq!(suite.refused("g1", wish), ContractError::IdentityKnown { account, identity_id: 2 });

    approve(&mut suite, "g1", "fresh");
    approve(&mut suite, "g2", "fresh");
    suite.exec("fresh", create(&suite, &[], 0)).unwrap();
    suite.wait(80);
    let account = suite.account("fresh");
    assert_eq!(suite.refused("fresh", finish()), ContractError::IdentityKnown { account, identity_id: 3 });
}

#[test]
fn a_guardian_that_takes_over_guards_no_longer() {
    let mut suite = guarded();
    approve(&mut suite, "g1", "g2");
    approve(&mut suite, "g2", "g2");
    suite.wait(80);
    suite.exec("g2", finish()).unwrap();
    let identity = suite.identity(1);
    assert_eq!(identity.guardians, [suite.account("g1"), suite.account("g3")]);
    assert_eq!((identity.controller, identity.threshold), (suite.account("g2"), 2));
}
