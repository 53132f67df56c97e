use cosmwasm_std::Uint128;
use cw20::{AllAccountsResponse, AllAllowancesResponse, AllSpenderAllowancesResponse};
use open_token::msg::{ExecuteMsg, QueryMsg};

use crate::suite::Suite;

#[test]
fn lists_accounts_and_allowances() {
    let mut suite = Suite::new();
    let (alice, shop) = (suite.account("alice").into_string(), suite.account("shop").into_string());
    let msg = ExecuteMsg::IncreaseAllowance { spender: shop.clone(), amount: Uint128::new(9), expires: None };
    suite.exec("alice", msg).unwrap();

    let all: AllAccountsResponse = suite.query(&QueryMsg::AllAccounts { start_after: None, limit: None }).unwrap();
    assert_eq!(all.accounts.len(), 2);
    let given: AllAllowancesResponse =
        suite.query(&QueryMsg::AllAllowances { owner: alice.clone(), start_after: None, limit: None }).unwrap();
    assert_eq!(given.allowances[0].spender, shop);
    let got: AllSpenderAllowancesResponse =
        suite.query(&QueryMsg::AllSpenderAllowances { spender: shop, start_after: None, limit: None }).unwrap();
    assert_eq!(got.allowances[0].owner, alice);
}

/// The interface is cw20 to the letter: a message written by hand from the standard works.
#[test]
fn plain_cw20_json_is_understood() {
    let msg: ExecuteMsg = cosmwasm_std::from_json(r#"{"transfer":{"recipient":"wasm1x","amount":"5"}}"#).unwrap();
    assert_eq!(msg, ExecuteMsg::Transfer { recipient: "wasm1x".into(), amount: Uint128::new(5) });
    let msg: QueryMsg = cosmwasm_std::from_json(r#"{"balance":{"address":"wasm1x"}}"#).unwrap();
    assert_eq!(msg, QueryMsg::Balance { address: "wasm1x".into() });
}
