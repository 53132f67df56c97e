//! Shares of a Datanet, with the real shares contract.

use cosmwasm_std::{to_json_binary, Uint128, Uint64};
use cw20::Cw20ExecuteMsg;
use cw_multi_test::Executor;
use datanets::{
    client::income_hook,
    msg::{ExecuteMsg, Membership, SharesTerms},
    ContractError,
};
use openledger_contract_kit::Bps;
use shares::client::{back_hook, Client};

use crate::suite::{contribute_msg, digest, is_unauthorized, Suite};

pub fn issue(per_row: u128) -> ExecuteMsg {
    ExecuteMsg::IssueShares {
        datanet_id: Uint64::one(),
        name: "Shares of speeches".try_into().unwrap(),
        symbol: "SPEECH".try_into().unwrap(),
        per_row: Uint128::new(per_row),
        terms: SharesTerms {
            price: Uint128::new(1_000_000),
            max_backed_shares: Uint128::new(1_000_000),
            max_contribution_shares: Uint128::new(1_000),
            max_contribution_shares_per_day: Uint128::new(250),
            unback_seconds: Uint64::new(100),
            income_seconds: Uint64::new(10),
            period_seconds: Uint64::new(3_600),
            max_slash: Bps::new(5_000).unwrap(),
            max_commons_part: Bps::new(4_000).unwrap(),
        },
    }
}

/// Datanet 1 of `alice` has shares, 10 for a row; `bob` has joined.
pub fn issued() -> Suite {
    let mut suite = Suite::new();
    suite.create("alice", Membership::Open).unwrap();
    suite.join("bob", 1).unwrap();
    suite.exec("alice", issue(10)).unwrap();
    suite
}

pub fn shares_of(suite: &Suite, who: &str) -> u128 {
    let shares = suite.datanet(1).shares.unwrap();
    Client::new(&shares.address).balance(&suite.app.wrap(), &suite.account(who)).unwrap().u128()
}

/// Stakes OPEN on the Datanet.
pub fn back(suite: &mut Suite, who: &str, uopen: u128) {
    let contract = suite.datanet(1).shares.unwrap().address.into_string();
    let msg = Cw20ExecuteMsg::Send { contract, amount: Uint128::new(uopen), msg: back_hook(None).unwrap() };
    suite.app.execute_contract(suite.account(who), suite.token.clone(), &msg, &[]).unwrap();
}

fn accept(suite: &mut Suite, rows: u32) {
    let number = suite.datanet(1).contributions.u64() + 1;
    let mut msg = contribute_msg(1, digest(number as u8));
    if let ExecuteMsg::Contribute { rows: count, .. } = &mut msg {
        *count = rows;
    }
    suite.exec("bob", msg).unwrap();
    suite.accept("alice", 1, number).unwrap();
}

#[test]
fn the_owner_issues_them_once() {
    let mut suite = Suite::new();
    suite.create("alice", Membership::Open).unwrap();
    assert!(is_unauthorized(suite.exec("bob", issue(10))));
    assert_eq!(suite.datanet(1).shares, None);
    suite.exec("alice", issue(10)).unwrap();
    let found = suite.datanet(1).shares.unwrap();
    let config = Client::new(&found.address).config(&suite.app.wrap()).unwrap();
    assert_eq!((config.datanets, config.datanet_id.u64()), (suite.contract.clone(), 1));
    assert_eq!((config.token, found.per_row.u128()), (suite.token.clone(), 10));
    let admin = suite.app.contract_data(&found.address).unwrap().admin;
    assert_eq!(admin, None, "nobody can change what holders bought");
    let refusal = suite.refused("alice", issue(10));
    assert_eq!(refusal, ContractError::SharesIssued { address: found.address });
}

#[test]
fn terms_that_the_shares_contract_refuses_issue_nothing() {
    let mut suite = Suite::new();
    suite.create("alice", Membership::Open).unwrap();
    let mut msg = issue(10);
    if let ExecuteMsg::IssueShares { terms, .. } = &mut msg {
        terms.price = Uint128::zero();
    }
    let before = suite.app.dump_wasm_raw(&suite.contract);
    assert!(suite.app.execute_contract(suite.account("alice"), suite.contract.clone(), &msg, &[]).is_err());
    assert_eq!(suite.app.dump_wasm_raw(&suite.contract), before);
    suite.exec("alice", issue(10)).unwrap();
}

#[test]
fn accepted_rows_bring_them_as_far_as_the_caps_leave_room() {
    let mut suite = issued();
    accept(&mut suite, 20);
    assert_eq!(shares_of(&suite, "bob"), 200);
    accept(&mut suite, 20);
    assert_eq!(shares_of(&suite, "bob"), 250, "the day leaves 50");
    accept(&mut suite, 20);
    assert_eq!(shares_of(&suite, "bob"), 250);
    assert_eq!(suite.datanet(1).clusters, 3, "acceptance goes on without shares");
    suite.wait(86_400);
    accept(&mut suite, 1);
    assert_eq!(shares_of(&suite, "bob"), 260);
}

#[test]
fn go_to_where_the_contributors_income_goes() {
    let mut suite = issued();
    suite.exec("bob", ExecuteMsg::SetPayout { account: suite.account("cold").into_string() }).unwrap();
    suite.wait(50);
    accept(&mut suite, 1);
    assert_eq!((shares_of(&suite, "cold"), shares_of(&suite, "bob")), (10, 0));
}

#[test]
fn a_mint_that_fails_does_not_stop_the_acceptance() {
    let mut suite = issued();
    // The shares contract refuses to mint to itself.
    let account = suite.datanet(1).shares.unwrap().address.into_string();
    suite.exec("bob", ExecuteMsg::SetPayout { account }).unwrap();
    suite.wait(50);
    suite.contribute("bob", 1, digest(1)).unwrap();
    let response = suite.accept("alice", 1, 1).unwrap();
    assert!(response.events.iter().any(|event| event.ty == "wasm-datanets/mint_failed"));
    assert_eq!(suite.datanet(1).clusters, 1);
}

#[test]
fn income_goes_to_holders_and_the_commons_get_their_part() {
    let mut suite = issued();
    accept(&mut suite, 20);
    suite.send_open("sponsor", 1_000, income_hook(1).unwrap()).unwrap();
    let shares = suite.datanet(1).shares.unwrap().address;
    assert_eq!((suite.open_at(&shares), suite.open("commons")), (1_000, 0));

    let (datanet_id, part) = (Uint64::one(), Bps::new(2_500).unwrap());
    let set = ExecuteMsg::SetCommonsPart { datanet_id, part };
    assert!(is_unauthorized(suite.exec("bob", set.clone())));
    suite.exec("alice", set).unwrap();
    suite.send_open("sponsor", 1_000, income_hook(1).unwrap()).unwrap();
    assert_eq!((suite.open_at(&shares), suite.open("commons")), (1_750, 250));
    suite.wait(20);
    let claim = shares::msg::ExecuteMsg::ClaimIncome {};
    suite.app.execute_contract(suite.account("bob"), shares.clone(), &claim, &[]).unwrap();
    assert_eq!(suite.open("bob"), crate::suite::RICH + 1_750);

    let too_much = ExecuteMsg::SetCommonsPart { datanet_id, part: Bps::new(4_001).unwrap() };
    let refused = suite.app.execute_contract(suite.account("alice"), suite.contract.clone(), &too_much, &[]);
    assert!(refused.is_err(), "holders were promised 60 %");
}

#[test]
fn there_is_no_commons_part_without_shares() {
    let mut suite = Suite::new();
    suite.create("alice", Membership::Open).unwrap();
    let set = ExecuteMsg::SetCommonsPart { datanet_id: Uint64::one(), part: Bps::ZERO };
    assert_eq!(suite.refused("alice", set), ContractError::NoShares { datanet_id: 1 });
}

#[test]
fn nobody_else_can_pretend_to_be_the_datanets_contract() {
    let mut suite = issued();
    back(&mut suite, "carol", 500);
    let shares = suite.datanet(1).shares.unwrap().address;
    let slash = shares::msg::ExecuteMsg::SlashBacking { fraction: Bps::new(100).unwrap(), recipient: None };
    for who in ["alice", "admin", "carol"] {
        assert!(suite.app.execute_contract(suite.account(who), shares.clone(), &slash, &[]).is_err());
    }
    assert!(to_json_binary(&slash).is_ok());
}
