use cosmwasm_std::Uint64;
use cw20::MinterResponse;
use shares::{
    msg::{ConfigResponse, ExecuteMsg, Params, QueryMsg, SudoMsg},
    ContractError,
};

use crate::chain::{amount, bps, params, Chain, DAY, START};

#[test]
fn governance_changes_parameters_within_bounds() {
    let mut chain = Chain::new();
    let changed = Params { price: amount(5), max_backed_shares: amount(7), ..params() };
    chain.sudo(&SudoMsg::UpdateParams { params: changed.clone() }).unwrap();
    assert_eq!(chain.query::<ConfigResponse>(&QueryMsg::Config {}).params, changed);
    assert_eq!(chain.query::<MinterResponse>(&QueryMsg::Minter {}).cap, Some(amount(1_000_007)));
    let wrong = Params { price: amount(0), ..params() };
    assert!(matches!(
        chain.sudo(&SudoMsg::UpdateParams { params: wrong }),
        Err(ContractError::ParamOutOfBounds { name: "price", .. })
    ));
}

#[test]
fn released_backing_and_income_on_its_way_keep_their_times() {
    let mut chain = Chain::new();
    chain.back("alice", 1_000);
    chain.unback("alice", 100);
    chain.fund("sponsor", 100);
    let longer = Params { unback_seconds: Uint64::new(9 * DAY), income_seconds: Uint64::new(9_000), ..params() };
    chain.sudo(&SudoMsg::UpdateParams { params: longer }).unwrap();
    assert_eq!(chain.backing("alice").unbacking[0].ends_at.u64(), START + 3 * DAY);
    chain.wait(1_000);
    assert_eq!(chain.claimable("alice"), 100);
}

#[test]
fn the_commons_part_must_fit_the_new_bound() {
    let mut chain = Chain::new();
    let account = chain.account("carol").to_string();
    chain.send("datanets", &ExecuteMsg::SetCommonsPart { part: bps(400), account });
    let less = Params { max_commons_part: bps(399), ..params() };
    let expected = ContractError::CommonsPartTooLarge { part: bps(400), max: bps(399) };
    assert_eq!(chain.sudo(&SudoMsg::UpdateParams { params: less }).unwrap_err(), expected);
}

#[test]
fn periods_of_another_length_begin_a_new_history() {
    let mut chain = Chain::new();
    chain.fund("sponsor", 100);
    let same = Params { price: amount(3), ..params() };
    chain.sudo(&SudoMsg::UpdateParams { params: same }).unwrap();
    assert_eq!(chain.income().trailing_received, amount(100));
    let other = Params { period_seconds: Uint64::new(3_600), ..params() };
    chain.sudo(&SudoMsg::UpdateParams { params: other }).unwrap();
    assert_eq!((chain.income().trailing_received, chain.income().lifetime_received), (amount(0), amount(100)));
}
