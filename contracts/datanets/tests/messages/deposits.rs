//! What it costs to offer rows and to create a Datanet, and who gets it back.

use cosmwasm_std::{Uint128, Uint64};
use datanets::msg::{ExecuteMsg, Membership, Params, Reason, SudoMsg};

use crate::suite::{digest, params, Suite, RICH};

pub const DEPOSIT: u128 = 40;
pub const BOND: u128 = 900;

/// Datanet 1 of `alice`, which `bob` has joined.
pub fn costly() -> Suite {
    let params = Params { contribution_deposit: Uint128::new(DEPOSIT), datanet_bond: Uint128::new(BOND), ..params() };
    let mut suite = Suite::with(params).unwrap();
    suite.allow("alice", BOND);
    suite.create("alice", Membership::Open).unwrap();
    suite.join("bob", 1).unwrap();
    suite.allow("bob", 100 * DEPOSIT);
    suite
}

fn reject(suite: &mut Suite, reason: Reason) {
    let one = Uint64::one();
    suite.exec("alice", ExecuteMsg::Reject { datanet_id: one, contribution_id: one, reason }).unwrap();
}

#[test]
fn are_held_while_undecided_and_come_back_with_the_decision() {
    for decide in [
        |suite: &mut Suite| suite.accept("alice", 1, 1).map(|_| ()).unwrap(),
        |suite: &mut Suite| reject(suite, Reason::Quality),
        |suite: &mut Suite| reject(suite, Reason::Duplicate),
    ] {
        let mut suite = costly();
        assert_eq!(suite.datanet(1).bond.u128(), BOND);
        suite.contribute("bob", 1, digest(1)).unwrap();
        assert_eq!(suite.contribution(1, 1).deposit.u128(), DEPOSIT);
        let books = suite.solvency();
        assert_eq!((books.deposits.u128(), books.bonds.u128(), books.held.u128()), (DEPOSIT, BOND, DEPOSIT + BOND));
        decide(&mut suite);
        assert_eq!((suite.open("bob"), suite.open("alice")), (RICH, RICH - BOND));
        let books = suite.solvency();
        assert_eq!((books.deposits.u128(), books.held.u128()), (0, BOND));
        assert_eq!(suite.contribution(1, 1).deposit.u128(), 0);
    }
}

#[test]
fn spam_pays_the_reviewer() {
    let mut suite = costly();
    suite.contribute("bob", 1, digest(1)).unwrap();
    reject(&mut suite, Reason::Spam);
    assert_eq!((suite.open("bob"), suite.open("alice")), (RICH - DEPOSIT, RICH - BOND + DEPOSIT));
    assert_eq!(suite.solvency().deposits.u128(), 0);
}

#[test]
fn come_back_to_where_the_contributors_income_goes() {
    let mut suite = costly();
    suite.contribute("bob", 1, digest(1)).unwrap();
    suite.exec("bob", ExecuteMsg::SetPayout { account: suite.account("cold").into_string() }).unwrap();
    suite.wait(50);
    suite.accept("alice", 1, 1).unwrap();
    assert_eq!((suite.open("cold"), suite.open("bob")), (DEPOSIT, RICH - DEPOSIT));
}

#[test]
fn are_what_they_were_when_they_were_paid() {
    let mut suite = costly();
    suite.contribute("bob", 1, digest(1)).unwrap();
    let params = Params { contribution_deposit: Uint128::zero(), ..suite.config().params };
    suite.sudo(SudoMsg::UpdateParams { params }).unwrap();
    suite.contribute("bob", 1, digest(2)).unwrap();
    suite.accept("alice", 1, 2).unwrap();
    assert_eq!(suite.open("bob"), RICH - DEPOSIT);
    suite.accept("alice", 1, 1).unwrap();
    assert_eq!(suite.open("bob"), RICH);
}

#[test]
fn without_an_allowance_nothing_is_offered_or_created() {
    let mut suite = costly();
    suite.join("carol", 1).unwrap();
    let before = suite.app.dump_wasm_raw(&suite.contract);
    use cw_multi_test::Executor;
    for msg in [
        crate::suite::contribute_msg(1, digest(1)),
        crate::suite::create_msg(suite.account("carol").as_str(), Membership::Open),
    ] {
        let carol = suite.account("carol");
        assert!(suite.app.execute_contract(carol, suite.contract.clone(), &msg, &[]).is_err());
        assert_eq!(suite.app.dump_wasm_raw(&suite.contract), before);
    }
}
