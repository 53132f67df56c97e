use cosmwasm_std::{Uint128, Uint64};
use cw20::Cw20ReceiveMsg;
use models::{
    client::adapter_income_hook,
    msg::{Bond, ExecuteMsg},
    ContractError,
};

use crate::suite::{adapter, is_unauthorized, register_msg, terms, Suite, ADAPTER_BOND, BASE_BOND, RICH};

/// Adapter 1 of dave, with the settlement contract named.
pub fn earning() -> Suite {
    let mut suite = Suite::new();
    let settlement = suite.account("settlement").into_string();
    suite.exec("admin", ExecuteMsg::SetSettlement { settlement }).unwrap();
    suite.exec("dave", register_msg(1, 1, terms())).unwrap();
    suite
}

fn held(suite: &Suite) -> u128 {
    suite.balance(&suite.contract)
}

#[test]
fn income_goes_on_in_the_same_transaction_with_a_rebate_from_the_bond() {
    let mut suite = earning();
    suite.income("settlement", 1, 10_000).unwrap();
    // 3 % of 10,000
    assert_eq!(suite.balance_of("dave"), RICH - ADAPTER_BOND + 10_300);
    assert_eq!(suite.bond(adapter(1)).amount.u128(), ADAPTER_BOND - 300);
    assert_eq!(held(&suite), BASE_BOND + ADAPTER_BOND - 300);
    assert_eq!(suite.adapter(1).adapter.earned.u128(), 10_000);
}

#[test]
fn the_rebate_ends_with_the_bond() {
    let mut suite = earning();
    suite.income("settlement", 1, 16_666).unwrap();
    assert_eq!(suite.bond(adapter(1)).amount.u128(), 1, "499.98 rounds down");
    suite.income("settlement", 1, 100_000).unwrap();
    assert_eq!(suite.bond(adapter(1)), Bond::default());
    suite.income("settlement", 1, 100_000).unwrap();
    assert_eq!((suite.balance_of("dave"), held(&suite)), (RICH + 216_666, BASE_BOND));
}

#[test]
fn dust_gives_no_rebate() {
    let mut suite = earning();
    for _ in 0..40 {
        suite.income("settlement", 1, 33).unwrap();
    }
    assert_eq!(suite.bond(adapter(1)).amount.u128(), ADAPTER_BOND);
}

#[test]
fn money_of_others_is_paid_on_but_is_no_usage() {
    let mut suite = earning();
    suite.income("erin", 1, 10_000).unwrap();
    assert_eq!(suite.balance_of("dave"), RICH - ADAPTER_BOND + 10_000);
    assert_eq!((suite.bond(adapter(1)).amount.u128(), suite.adapter(1).adapter.earned.u128()), (ADAPTER_BOND, 0));

    let mut early = Suite::new();
    early.exec("dave", register_msg(1, 1, terms())).unwrap();
    early.income("settlement", 1, 10_000).unwrap();
    assert_eq!(early.bond(adapter(1)).amount.u128(), ADAPTER_BOND, "settlement is not named yet");
}

#[test]
fn a_retired_adapter_still_gets_what_it_earned() {
    let mut suite = earning();
    suite.exec("dave", ExecuteMsg::Retire { adapter_id: Uint64::one() }).unwrap();
    suite.income("settlement", 1, 1_000).unwrap();
    assert_eq!(suite.bond(adapter(1)).amount.u128(), ADAPTER_BOND - 30);
    suite.wait(1_000);
    suite.exec("dave", ExecuteMsg::UnlockBond { bonded: adapter(1) }).unwrap();
    suite.income("settlement", 1, 1_000).unwrap();
    assert_eq!(suite.balance_of("dave"), RICH + 2_000);
}

#[test]
fn only_the_token_can_say_that_money_came() {
    let mut suite = earning();
    let sender = suite.account("settlement").into_string();
    let forged = |amount: u128| {
        let msg = adapter_income_hook(1).unwrap();
        ExecuteMsg::Receive(Cw20ReceiveMsg { sender: sender.clone(), amount: Uint128::new(amount), msg })
    };
    for who in ["dave", "settlement", "admin"] {
        assert!(is_unauthorized(suite.refused(who, forged(1_000_000))), "{who}");
    }
    // Another token that sends itself is no better than another account.
    let other = crate::suite::open(&mut suite.app);
    let (contract, msg) = (suite.contract.to_string(), adapter_income_hook(1).unwrap());
    let send = cw20::Cw20ExecuteMsg::Send { contract, amount: Uint128::new(5), msg };
    let settlement = suite.account("settlement");
    let error = cw_multi_test::Executor::execute_contract(&mut suite.app, settlement, other, &send, &[]).unwrap_err();
    assert!(matches!(error.downcast(), Ok(ContractError::Kit(_))));
}

#[test]
fn money_without_a_known_purpose_goes_back() {
    let mut suite = earning();
    let before = (suite.balance_of("erin"), held(&suite));
    assert_eq!(suite.income("erin", 2, 5).unwrap_err().downcast().ok(), Some(ContractError::UnknownAdapter { id: 2 }));
    let contract = suite.contract.to_string();
    for msg in ["{}", "{\"bond\":{}}", "{\"adapter_income\":{\"adapter_id\":1}}"] {
        let msg = cosmwasm_std::Binary::from(msg.as_bytes());
        let send = cw20::Cw20ExecuteMsg::Send { contract: contract.clone(), amount: Uint128::new(5), msg };
        suite.token("erin", &send).unwrap_err();
    }
    assert_eq!((suite.balance_of("erin"), held(&suite)), before);
}

#[test]
fn the_hook_is_what_settlement_sends() {
    assert_eq!(adapter_income_hook(7).unwrap().as_slice(), br#"{"adapter_income":{"adapter_id":"7"}}"#);
}
