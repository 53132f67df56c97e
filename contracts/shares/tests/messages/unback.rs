use shares::{msg::ExecuteMsg, ContractError};

use crate::chain::{amount, told, Chain, DAY, START};

#[test]
fn shares_burn_and_the_same_part_of_the_stake_waits() {
    let mut chain = Chain::new();
    chain.back("alice", 1_000);
    chain.wait(5);
    let response = chain.unback("alice", 200);
    assert!(told(&response, "action").contains(&"burn".to_owned()));
    let backing = chain.backing("alice");
    assert_eq!((backing.staked, backing.shares), (amount(600), amount(300)));
    assert_eq!((backing.unbacking[0].amount, backing.unbacking[0].ends_at.u64()), (amount(400), START + 4 * DAY));
    assert_eq!((chain.shares_of("alice"), chain.supply()), (300, 300));
    // The same day joins the same entry, the next day begins another one.
    chain.unback("alice", 100);
    chain.wait(DAY);
    chain.unback("alice", 200);
    let backing = chain.backing("alice");
    assert_eq!((backing.staked, backing.shares), (amount(0), amount(0)));
    let entries: Vec<_> = backing.unbacking.iter().map(|e| (e.amount.u128(), e.ends_at.u64())).collect();
    assert_eq!(entries, [(600, START + 4 * DAY), (400, START + 5 * DAY)]);
}

#[test]
fn a_wait_that_ends_with_a_day_is_not_longer_than_it_must_be() {
    let mut chain = Chain::new();
    chain.back("alice", 1_000);
    chain.unback("alice", 1);
    assert_eq!(chain.backing("alice").unbacking[0].ends_at.u64(), START + 3 * DAY);
}

#[test]
fn only_a_backer_with_its_shares_gets_its_stake_back() {
    let mut chain = Chain::new();
    chain.back("alice", 1_000);
    chain.mint("bob", 500, 1);
    let unback = |shares| ExecuteMsg::Unback { shares: amount(shares) };
    // Bob holds as many shares, and staked nothing.
    let nothing = ContractError::UnbackTooMuch { requested: amount(1), backed: amount(0) };
    assert_eq!(chain.refused("bob", &unback(1)), nothing);
    assert_eq!(chain.refused("alice", &unback(0)), ContractError::ZeroAmount);
    let more = ContractError::UnbackTooMuch { requested: amount(501), backed: amount(500) };
    assert_eq!(chain.refused("alice", &unback(501)), more);
    // Alice sold her shares: without shares no stake.
    chain.transfer("alice", "bob", 500);
    assert!(matches!(chain.refused("alice", &unback(500)), ContractError::Cw20(_)));
    // Any shares do: they are all alike.
    chain.transfer("bob", "alice", 500);
    chain.unback("alice", 500);
    assert_eq!(chain.solvency().unbacking, amount(1_000));
}

#[test]
fn a_part_worth_less_than_one_uopen_is_refused() {
    let mut chain = Chain::with(shares::msg::Params { price: amount(1), ..crate::chain::params() });
    chain.back("alice", 1);
    assert_eq!(chain.shares_of("alice"), 1_000_000);
    let little = ExecuteMsg::Unback { shares: amount(999_999) };
    assert_eq!(chain.refused("alice", &little), ContractError::WorthNothing { shares: amount(999_999) });
    chain.unback("alice", 1_000_000);
    assert_eq!(chain.solvency().unbacking, amount(1));
}
