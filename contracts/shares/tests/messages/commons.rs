use shares::{
    msg::{ConfigResponse, ExecuteMsg, QueryMsg},
    ContractError,
};

use crate::chain::{amount, bps, Chain, RICH};

fn set(chain: &Chain, points: u16, account: &str) -> ExecuteMsg {
    ExecuteMsg::SetCommonsPart { part: bps(points), account: chain.account(account).to_string() }
}

#[test]
fn the_commons_gets_its_part_of_the_datanets_income_only() {
    let mut chain = Chain::new();
    chain.mint("alice", 100, 1);
    let message = set(&chain, 2_500, "carol");
    chain.send("datanets", &message);
    chain.fund("datanets", 1_001);
    assert_eq!(chain.open_of("carol"), RICH + 250);
    chain.fund("sponsor", 1_000);
    assert_eq!(chain.open_of("carol"), RICH + 250);
    chain.allow_open("datanets", 100);
    chain.send("datanets", &ExecuteMsg::FundIncome { amount: amount(100) });
    assert_eq!(chain.open_of("carol"), RICH + 275);
    chain.wait(1_000);
    assert_eq!(chain.claim("alice"), 751 + 1_000 + 75);
    assert_eq!(chain.income().lifetime_received, amount(1_826));
}

#[test]
fn the_promise_to_holders_is_kept() {
    let mut chain = Chain::new();
    let over = set(&chain, 5_001, "carol");
    let expected = ContractError::CommonsPartTooLarge { part: bps(5_001), max: bps(5_000) };
    assert_eq!(chain.refused("datanets", &over), expected);
    let itself = ExecuteMsg::SetCommonsPart { part: bps(1), account: chain.shares.to_string() };
    assert_eq!(chain.refused("datanets", &itself), ContractError::ToItself);
    let message = set(&chain, 5_000, "carol");
    chain.send("datanets", &message);
    let config: ConfigResponse = chain.query(&QueryMsg::Config {});
    assert_eq!(config.commons.unwrap().part, bps(5_000));
}

/// The smallest payment must never get stuck between the two.
#[test]
fn one_uopen_goes_through_whatever_the_part() {
    let mut chain = Chain::new();
    let message = set(&chain, 5_000, "carol");
    chain.send("datanets", &message);
    chain.fund("datanets", 1);
    assert_eq!((chain.open_of("carol"), chain.solvency().income), (RICH, amount(1)));
}
