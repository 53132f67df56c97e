//! What people might try.

use cosmwasm_std::{coins, testing::message_info, testing::mock_dependencies, testing::mock_env, Uint128, Uint64};
use cw20::Cw20ExecuteMsg;
use models::{
    contract,
    msg::{ExecuteMsg, Params, SudoMsg},
    ContractError,
};
use openledger_contract_kit::{Bps, KitError};
use openledger_protocol::fees::SplitTable;
use proptest::prelude::*;

use crate::{
    adapter_income::earning,
    suite::{
        adapter, base_msg, digest, is_unauthorized, params, publish_msg, register_msg, split, terms, Suite, Terms,
        ADAPTER_BOND, RICH,
    },
};

fn transfer(suite: &mut Suite, from: &str, to: &str, amount: u128) {
    if amount > 0 {
        let recipient = suite.account(to).into_string();
        suite.token(from, &Cw20ExecuteMsg::Transfer { recipient, amount: Uint128::new(amount) }).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 48, ..ProptestConfig::default() })]

    /// Dave is developer, contributor, node and every staker at once and asks his own adapter: what he can spend never grows,
    /// and his bond with it falls by what the treasury takes.
    #[test]
    fn asking_ones_own_adapter_never_pays(
        developer in 0u16..=8_600,
        take in 400u16..=1_000,
        fees in prop::collection::vec(1u128..30_000, 1..8),
    ) {
        let mut suite = earning();
        let table = split([10_000 - developer.min(8_000) - take, developer.min(8_000), 0, 0, take]);
        suite.exec("dave", publish_msg(1, Terms { split: table, prompt_price: 11, ..terms() })).unwrap();
        let wealth = |suite: &Suite| suite.balance_of("dave") + suite.bond(adapter(1)).amount.u128();
        for fee in fees {
            let (liquid, all) = (suite.balance_of("dave"), wealth(&suite));
            let parts = SplitTable::from(table).split(fee).unwrap();
            transfer(&mut suite, "dave", "settlement", fee);
            if parts.developer > 0 {
                suite.income("settlement", 1, parts.developer).unwrap();
            }
            transfer(&mut suite, "settlement", "dave", parts.contributors + parts.node + parts.stakers);
            transfer(&mut suite, "settlement", "curator", parts.treasury);
            prop_assert!(suite.balance_of("dave") <= liquid);
            prop_assert_eq!(wealth(&suite), all - parts.treasury);
        }
    }
}

#[test]
fn paying_oneself_past_settlement_releases_no_bond() {
    let mut suite = earning();
    for _ in 0..3 {
        suite.income("dave", 1, 100_000).unwrap();
    }
    assert_eq!((suite.balance_of("dave"), suite.bond(adapter(1)).amount.u128()), (RICH - ADAPTER_BOND, ADAPTER_BOND));
}

#[test]
fn no_later_parameter_makes_an_old_bond_pay_for_asking_oneself() {
    let mut suite = earning();
    // The rebate may rise for new bonds; the old one keeps 3 %, and its splits keep at least as much for the treasury.
    let raised = Params { rebate_bps: Bps::new(5_000).unwrap(), min_take_bps: Bps::new(5_000).unwrap(), ..params() };
    suite.sudo(SudoMsg::UpdateParams { params: raised }).unwrap();
    suite.income("settlement", 1, 1_000).unwrap();
    assert_eq!(suite.bond(adapter(1)).amount.u128(), ADAPTER_BOND - 30);
    let none = Params { rebate_bps: Bps::ZERO, min_take_bps: Bps::ZERO, ..params() };
    suite.sudo(SudoMsg::UpdateParams { params: none }).unwrap();
    let free = Terms { split: split([5_000, 5_000, 0, 0, 0]), ..terms() };
    assert!(matches!(suite.refused("dave", publish_msg(1, free)), Err(ContractError::Take { min: 300, .. })));
    let above = Params { rebate_bps: Bps::new(401).unwrap(), ..params() };
    assert!(matches!(suite.sudo(SudoMsg::UpdateParams { params: above }), Err(ContractError::Param { .. })));
}

#[test]
fn a_stolen_developer_key_gets_no_income_within_the_delay() {
    let mut suite = earning();
    let id = Uint64::one();
    let (account, expires_at) = (suite.account("erin").into_string(), Uint64::new(suite.now() + 5));
    suite.exec("dave", ExecuteMsg::SetPayout { adapter_id: id, account: account.clone() }).unwrap();
    suite.exec("dave", ExecuteMsg::ProposeDeveloper { adapter_id: id, account, expires_at }).unwrap();
    suite.exec("erin", ExecuteMsg::AcceptAdapter { adapter_id: id }).unwrap();
    let account = suite.account("curator").into_string();
    suite.exec("erin", ExecuteMsg::SetPayout { adapter_id: id, account }).unwrap();
    suite.wait(59);
    suite.income("settlement", 1, 100).unwrap();
    assert_eq!((suite.balance_of("erin"), suite.balance_of("curator")), (RICH, RICH));
    assert_eq!(suite.balance_of("dave"), RICH - ADAPTER_BOND + 103);
}

#[test]
fn a_hand_over_closes_offers_that_were_made_before() {
    let mut suite = earning();
    let offer = |suite: &Suite, to: &str| ExecuteMsg::ProposeDeveloper {
        adapter_id: Uint64::one(),
        account: suite.account(to).into_string(),
        expires_at: Uint64::new(suite.now() + 100),
    };
    let accept = ExecuteMsg::AcceptAdapter { adapter_id: Uint64::one() };
    suite.exec("dave", offer(&suite, "erin")).unwrap();
    suite.exec("erin", accept.clone()).unwrap();
    assert!(is_unauthorized(suite.refused("erin", accept.clone())));
    let msg = offer(&suite, "dave");
    assert!(is_unauthorized(suite.refused("dave", msg)));
    assert!(is_unauthorized(suite.refused("dave", accept)));
}

#[test]
fn the_owner_can_neither_take_money_nor_touch_versions() {
    let mut suite = earning();
    let account = suite.account("admin").into_string();
    let expires_at = Uint64::new(suite.now() + 5);
    let id = Uint64::one();
    for msg in [
        publish_msg(1, Terms { prompt_price: 11, ..terms() }),
        ExecuteMsg::SetTerms { adapter_id: id, prompt_price: Some(Uint128::one()), response_price: None, split: None },
        ExecuteMsg::Promote { adapter_id: id, version: 1 },
        ExecuteMsg::Rollback { adapter_id: id },
        ExecuteMsg::Retire { adapter_id: id },
        ExecuteMsg::SetPayout { adapter_id: id, account: account.clone() },
        ExecuteMsg::ProposeDeveloper { adapter_id: id, account, expires_at },
        ExecuteMsg::AcceptAdapter { adapter_id: id },
        ExecuteMsg::WithdrawBase { base_id: id },
    ] {
        assert!(is_unauthorized(suite.refused("admin", msg.clone())), "{msg:?}");
    }
    assert_eq!(suite.refused("admin", ExecuteMsg::UnlockBond { bonded: adapter(1) }), Err(ContractError::Bound));
}

#[test]
fn open_that_was_sent_without_a_purpose_is_no_bond_of_anybody() {
    let mut suite = earning();
    let before = suite.bonded();
    let recipient = suite.contract.to_string();
    suite.token("erin", &Cw20ExecuteMsg::Transfer { recipient, amount: Uint128::new(77) }).unwrap();
    assert_eq!((suite.bonded(), suite.balance(&suite.contract)), (before, before + 77));
}

#[test]
fn a_base_model_cannot_be_pulled_from_under_others_by_registering_it_twice() {
    let mut suite = Suite::new();
    suite.exec("dave", register_msg(1, 1, terms())).unwrap();
    suite.exec("carol", ExecuteMsg::WithdrawBase { base_id: Uint64::one() }).unwrap();
    suite.exec("carol", base_msg(digest(0xb0))).unwrap();
    // The second is another base model: adapters of the first do not move, and it is not on the list.
    assert_eq!(suite.adapter(1).adapter.base_id, Uint64::one());
    assert_eq!(suite.refused("dave", register_msg(2, 1, terms())), Err(ContractError::NotShared { id: 2 }));
}

#[test]
fn coins_are_refused_before_anything_is_read() {
    let mut deps = mock_dependencies();
    let sender = message_info(&cosmwasm_std::Addr::unchecked("x"), &coins(1, "uatom"));
    let msg = ExecuteMsg::Unpause {};
    let refusal = contract::execute(deps.as_mut(), mock_env(), sender, msg).unwrap_err();
    assert_eq!(refusal, ContractError::Kit(KitError::UnexpectedFunds));
}
