use shares::{msg::ExecuteMsg, ContractError};

use crate::chain::{amount, Chain, DAY, RICH, START};

const WITHDRAW: ExecuteMsg = ExecuteMsg::WithdrawBacking {};

#[test]
fn pays_at_the_end_and_not_a_second_before() {
    let mut chain = Chain::new();
    chain.back("alice", 1_000);
    chain.unback("alice", 300);
    let due = START + 3 * DAY;
    let early = ContractError::NothingDue { next: Some(due) };
    assert_eq!(chain.refused("alice", &WITHDRAW), early);
    chain.wait(3 * DAY - 1);
    assert_eq!(chain.refused("alice", &WITHDRAW), early);
    chain.wait(1);
    chain.send("alice", &WITHDRAW);
    assert_eq!(chain.open_of("alice"), RICH - 400);
    assert_eq!(chain.refused("alice", &WITHDRAW), ContractError::NothingDue { next: None });
    let books = chain.solvency();
    assert_eq!((books.backing, books.unbacking, books.held), (amount(400), amount(0), amount(400)));
}

#[test]
fn backers_share_a_day_and_leave_one_by_one() {
    let mut chain = Chain::new();
    for (who, uopen) in [("alice", 300), ("bob", 500), ("carol", 700)] {
        chain.back(who, uopen);
        chain.unback(who, uopen / 2);
    }
    chain.slash(1_000, Some("sponsor"));
    chain.wait(3 * DAY);
    for (who, left) in [("carol", 630), ("alice", 270), ("bob", 450)] {
        let before = chain.open_of(who);
        chain.send(who, &WITHDRAW);
        assert_eq!(chain.open_of(who) - before, left);
    }
    assert_eq!((chain.solvency().unbacking, chain.solvency().held), (amount(0), amount(0)));
}

#[test]
fn more_entries_than_one_call_pays_wait_for_the_next() {
    let mut chain = Chain::new();
    chain.back("alice", 1_000);
    for _ in 0..35 {
        chain.unback("alice", 10);
        chain.wait(DAY);
    }
    chain.wait(3 * DAY);
    chain.send("alice", &WITHDRAW);
    assert_eq!((chain.backing("alice").unbacking.len(), chain.open_of("alice")), (5, RICH - 1_000 + 600));
    chain.send("alice", &WITHDRAW);
    assert_eq!((chain.backing("alice").unbacking.len(), chain.open_of("alice")), (0, RICH - 1_000 + 700));
}

#[test]
fn entries_that_lost_everything_can_be_cleared() {
    let mut chain = Chain::new();
    chain.back("alice", 1_000);
    chain.unback("alice", 500);
    chain.slash(10_000, None);
    assert_eq!(chain.backing("alice").unbacking[0].amount, amount(0));
    chain.wait(3 * DAY);
    chain.send("alice", &WITHDRAW);
    assert!(chain.backing("alice").unbacking.is_empty());
    assert_eq!(chain.open_of("alice"), RICH - 1_000);
}
