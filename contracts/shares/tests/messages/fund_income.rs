use cosmwasm_std::Binary;
use shares::{client::fund_income_hook, msg::ExecuteMsg, ContractError};

use crate::chain::{amount, Chain, DAY, RICH, START};

#[test]
fn income_follows_shares_whichever_way_it_comes() {
    let mut chain = Chain::new();
    chain.mint("alice", 300, 1);
    chain.mint("bob", 100, 2);
    chain.fund("sponsor", 400);
    chain.allow_open("sponsor", 400);
    chain.send("sponsor", &ExecuteMsg::FundIncome { amount: amount(400) });
    assert_eq!((chain.claimable("alice"), chain.claimable("bob")), (0, 0));
    chain.wait(500);
    assert_eq!((chain.claimable("alice"), chain.claimable("bob")), (300, 100));
    chain.wait(500);
    assert_eq!((chain.claimable("alice"), chain.claimable("bob")), (600, 200));
    assert_eq!(chain.open_of("sponsor"), RICH - 800);
}

#[test]
fn income_without_holders_waits_for_them() {
    let mut chain = Chain::new();
    chain.fund("sponsor", 700);
    assert_eq!(chain.solvency().orphaned, amount(700));
    chain.wait(10 * DAY);
    assert_eq!(chain.income().streams_until, None);
    chain.mint("alice", 10, 1);
    // Nothing came free while nobody was there, so the first holder takes nothing at once.
    assert_eq!((chain.claimable("alice"), chain.solvency().orphaned), (0, amount(0)));
    chain.wait(1_000);
    assert_eq!(chain.claimable("alice"), 700);
}

#[test]
fn nothing_and_unknown_hooks_are_refused() {
    let mut chain = Chain::new();
    chain.mint("alice", 10, 1);
    let nothing = ExecuteMsg::FundIncome { amount: amount(0) };
    assert_eq!(chain.refused("sponsor", &nothing), ContractError::ZeroAmount);
    chain.send_open("sponsor", 0, fund_income_hook().unwrap()).unwrap_err();
    for hook in ["", "{}", r#"{"steal":{}}"#, "null"] {
        chain.send_open("sponsor", 5, Binary::from(hook.as_bytes())).unwrap_err();
    }
    assert_eq!(chain.open_of("sponsor"), RICH);
    // What the Datanets contract sends, written by hand.
    chain.send_open("datanets", 5, Binary::from(br#"{"fund_income":{}}"#)).unwrap();
    chain.send_open("alice", 6, Binary::from(br#"{"back":{}}"#)).unwrap();
    assert_eq!(chain.shares_of("alice"), 13);
}

#[test]
fn trailing_income_is_shown_in_whole_numbers() {
    let mut chain = Chain::new();
    chain.mint("alice", 100_000, 1);
    chain.fund("sponsor", 500);
    chain.wait(DAY);
    chain.fund("sponsor", 250);
    chain.back("bob", 200_000);
    chain.fund("sponsor", 250);
    let income = chain.income();
    assert_eq!((income.lifetime_received, income.lifetime_claimed), (amount(1_000), amount(0)));
    assert_eq!((income.streaming, income.streams_until.map(|t| t.u64())), (amount(500), Some(START + DAY + 1_000)));
    assert_eq!(income.periods.len(), 12);
    let period = |at: usize| {
        let period = &income.periods[at];
        (period.start.u64(), period.received.u128(), period.per_million_shares.u128())
    };
    // 500 for a tenth of a share are 5,000 a share; a million shares get 5,000,000,000.
    assert_eq!(period(1), (START, 500, 5_000_000_000));
    assert_eq!(period(0), (START + DAY, 500, 2_500_000_000 + 1_250_000_000));
    assert_eq!(period(2), (START - DAY, 0, 0));
    assert_eq!((income.trailing_received, income.trailing_per_million_shares.u128()), (amount(1_000), 8_750_000_000));
    // A share costs 2,000,000 and earned 8,750.
    assert_eq!(income.trailing_yield_ppm, amount(4_375));
    chain.wait(20 * DAY);
    assert_eq!(chain.income().trailing_received, amount(0));
    assert!(chain.claim("alice") >= 500);
    assert_eq!(chain.income().lifetime_received, amount(1_000));
    assert!(chain.income().lifetime_claimed >= amount(500));
}
