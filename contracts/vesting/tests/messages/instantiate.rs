use cosmwasm_std::coins;
use cw_multi_test::Executor;
use openledger_contract_kit::KitError;
use vesting::{msg::InstantiateMsg, ContractError};

use crate::chain::{contract, Chain};

#[test]
fn starts_empty_and_takes_no_coins() {
    let mut chain = Chain::new();
    assert_eq!((chain.ids_of("alice").len(), chain.solvency()), (0, 0));
    let code = chain.app.store_code(contract());
    let alice = chain.account("alice");
    chain.app.init_modules(|router, _, storage| {
        router.bank.init_balance(storage, &alice, coins(5, "ustake")).unwrap();
    });
    let paid = chain.app.instantiate_contract(code, alice, &InstantiateMsg {}, &coins(5, "ustake"), "v", None);
    assert_eq!(paid.unwrap_err().downcast::<ContractError>().unwrap(), KitError::UnexpectedFunds.into());
}
