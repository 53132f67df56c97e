use shares::{
    msg::{ExecuteMsg, Params},
    ContractError,
};

use crate::chain::{amount, bps, params, told, Chain, DAY, RICH};

#[test]
fn takes_the_fraction_of_all_stake_for_restitution() {
    let mut chain = Chain::new();
    chain.back("alice", 1_000);
    chain.back("bob", 2_000);
    chain.unback("bob", 500);
    chain.slash(2_500, Some("carol"));
    assert_eq!(chain.open_of("carol"), RICH + 750);
    let (alice, bob) = (chain.backing("alice"), chain.backing("bob"));
    assert_eq!((alice.staked, bob.staked, bob.unbacking[0].amount), (amount(750), amount(750), amount(750)));
    // Shares stay: they stand for data and income.
    assert_eq!((chain.shares_of("alice"), chain.shares_of("bob")), (500, 500));
    let books = chain.solvency();
    assert_eq!((books.backing, books.unbacking, books.held), (amount(1_500), amount(750), amount(2_250)));
}

#[test]
fn burns_without_a_recipient() {
    let mut chain = Chain::new();
    chain.back("alice", 1_000);
    let response = chain.slash(5_000, None);
    assert!(told(&response, "action").contains(&"burn".to_owned()));
    assert_eq!(chain.solvency().held, amount(500));
    let supply: cw20::TokenInfoResponse =
        chain.app.wrap().query_wasm_smart(&chain.token, &cw20::Cw20QueryMsg::TokenInfo {}).unwrap();
    assert_eq!(supply.total_supply.u128(), 7 * RICH - 500);
}

#[test]
fn is_bounded_and_finds_nothing_without_complaint() {
    let mut chain = Chain::with(Params { max_slash: bps(3_000), ..params() });
    let slash = |points| ExecuteMsg::SlashBacking { fraction: bps(points), recipient: None };
    for points in [0, 3_001, 10_000] {
        let expected = ContractError::SlashOutOfBounds { fraction: bps(points), max: bps(3_000) };
        assert_eq!(chain.refused("datanets", &slash(points)), expected);
    }
    chain.send("datanets", &slash(3_000));
    let itself = ExecuteMsg::SlashBacking { fraction: bps(1), recipient: Some(chain.shares.to_string()) };
    assert_eq!(chain.refused("datanets", &itself), ContractError::ToItself);
}

#[test]
fn reaches_stake_until_the_end_of_its_release_and_not_after() {
    let mut chain = Chain::new();
    chain.back("alice", 1_000);
    chain.unback("alice", 500);
    chain.wait(3 * DAY - 1);
    chain.slash(1_000, None);
    assert_eq!(chain.backing("alice").unbacking[0].amount, amount(900));
    chain.wait(1);
    chain.slash(10_000, None);
    chain.send("alice", &ExecuteMsg::WithdrawBacking {});
    assert_eq!(chain.open_of("alice"), RICH - 100);
}

#[test]
fn income_is_never_slashed() {
    let mut chain = Chain::new();
    chain.back("alice", 1_000);
    chain.fund("sponsor", 400);
    chain.wait(500);
    chain.slash(10_000, None);
    chain.wait(500);
    assert_eq!(chain.claim("alice"), 400);
}

#[test]
fn after_a_total_loss_newcomers_begin_afresh() {
    let mut chain = Chain::new();
    chain.back("alice", 1_000);
    chain.unback("alice", 100);
    chain.slash(10_000, None);
    assert_eq!((chain.backing("alice").staked, chain.backing("alice").shares), (amount(0), amount(0)));
    let gone = ContractError::UnbackTooMuch { requested: amount(1), backed: amount(0) };
    assert_eq!(chain.refused("alice", &ExecuteMsg::Unback { shares: amount(1) }), gone);
    chain.back("bob", 700);
    // Into the day that was emptied: the old entry has no part of the new money.
    chain.unback("bob", 350);
    chain.back("alice", 10);
    chain.unback("alice", 5);
    chain.wait(3 * DAY);
    chain.send("alice", &ExecuteMsg::WithdrawBacking {});
    chain.send("bob", &ExecuteMsg::WithdrawBacking {});
    assert_eq!((chain.open_of("alice"), chain.open_of("bob")), (RICH - 1_000, RICH));
    assert_eq!(chain.solvency().held, amount(0));
}

#[test]
fn who_backs_after_a_slash_is_not_part_of_it() {
    let mut chain = Chain::new();
    chain.back("alice", 1_000);
    chain.slash(3_333, None);
    chain.back("bob", 1_000);
    // Rounding takes less than one uopen of a deposit.
    assert_eq!((chain.backing("alice").staked, chain.backing("bob").staked), (amount(667), amount(999)));
}
