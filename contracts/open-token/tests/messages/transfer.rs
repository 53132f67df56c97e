use cosmwasm_std::{coins, Uint128};
use cw_multi_test::Executor;
use open_token::{msg::ExecuteMsg, ContractError};
use openledger_contract_kit::KitError;

use crate::suite::{Suite, ALICE, BOB};

#[test]
fn moves_own_money_only_as_far_as_it_goes() {
    let mut suite = Suite::new();
    suite.transfer("alice", "carol", 7).unwrap();
    assert_eq!((suite.balance("alice"), suite.balance("carol")), (ALICE - 7, 7));
    assert!(matches!(suite.transfer("carol", "bob", 8), Err(ContractError::Cw20(_))));
    assert_eq!((suite.balance("carol"), suite.balance("bob")), (7, BOB));
}

#[test]
fn to_oneself_changes_nothing_and_bad_addresses_are_refused() {
    let mut suite = Suite::new();
    suite.transfer("alice", "alice", 7).unwrap();
    assert_eq!(suite.balance("alice"), ALICE);
    let bad = ExecuteMsg::Transfer { recipient: "cosmos1abc".into(), amount: Uint128::one() };
    assert!(matches!(suite.exec("alice", bad), Err(ContractError::Cw20(_))));
}

#[test]
fn coins_are_refused() {
    let mut suite = Suite::new();
    let alice = suite.account("alice");
    suite.app.init_modules(|router, _, storage| {
        router.bank.init_balance(storage, &alice, coins(5, "ustake")).unwrap();
    });
    let msg = ExecuteMsg::Burn { amount: Uint128::one() };
    let error = suite.app.execute_contract(alice, suite.contract.clone(), &msg, &coins(5, "ustake")).unwrap_err();
    assert_eq!(error.downcast::<ContractError>().unwrap(), ContractError::Kit(KitError::UnexpectedFunds));
    assert_eq!(suite.balance("alice"), ALICE);
}
