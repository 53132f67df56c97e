use cosmwasm_std::{Binary, Uint128};
use cw20::Expiration;
use open_token::{
    msg::{ExecuteMsg, TOTAL_SUPPLY},
    ContractError,
};

use crate::suite::{Suite, ALICE};

fn allow(suite: &mut Suite, amount: u128, expires: Option<Expiration>) -> Result<(), ContractError> {
    let spender = suite.account("shop").into_string();
    let msg = ExecuteMsg::IncreaseAllowance { spender, amount: Uint128::new(amount), expires };
    suite.exec("alice", msg).map(|_| ())
}

fn take(suite: &mut Suite, who: &str, amount: u128) -> Result<(), ContractError> {
    let owner = suite.account("alice").into_string();
    let recipient = suite.account("till").into_string();
    suite.exec(who, ExecuteMsg::TransferFrom { owner, recipient, amount: Uint128::new(amount) }).map(|_| ())
}

fn left(suite: &Suite) -> u128 {
    suite.client().allowance(&suite.account("alice"), &suite.account("shop")).unwrap().allowance.u128()
}

#[test]
fn a_spender_takes_what_was_allowed_and_no_more() {
    let mut suite = Suite::new();
    assert!(take(&mut suite, "shop", 1).is_err());
    allow(&mut suite, 10, None).unwrap();
    take(&mut suite, "shop", 6).unwrap();
    assert!(take(&mut suite, "shop", 5).is_err());
    assert!(take(&mut suite, "thief", 1).is_err());
    assert_eq!((left(&suite), suite.balance("till"), suite.balance("alice")), (4, 6, ALICE - 6));
}

#[test]
fn decrease_takes_it_back() {
    let mut suite = Suite::new();
    allow(&mut suite, 10, None).unwrap();
    let spender = suite.account("shop").into_string();
    let msg = ExecuteMsg::DecreaseAllowance { spender, amount: Uint128::new(25), expires: None };
    suite.exec("alice", msg).unwrap();
    assert_eq!(left(&suite), 0);
    assert!(take(&mut suite, "shop", 1).is_err());
}

#[test]
fn an_expired_allowance_is_worth_nothing() {
    let mut suite = Suite::new();
    let end = suite.app.block_info().time.plus_seconds(10);
    allow(&mut suite, 10, Some(Expiration::AtTime(end))).unwrap();
    suite.app.update_block(|block| block.time = block.time.plus_seconds(10));
    assert_eq!(take(&mut suite, "shop", 1).unwrap_err(), ContractError::Cw20(cw20_base::ContractError::Expired {}));
}

#[test]
fn burn_from_and_send_from_respect_the_allowance() {
    let mut suite = Suite::new();
    allow(&mut suite, 10, None).unwrap();
    let owner = suite.account("alice").into_string();
    let burn = |amount| ExecuteMsg::BurnFrom { owner: owner.clone(), amount: Uint128::new(amount) };
    suite.exec("shop", burn(4)).unwrap();
    assert!(suite.exec("shop", burn(7)).is_err());
    assert_eq!(suite.supply(), TOTAL_SUPPLY.u128() - 4);
    let contract = suite.account("till").into_string();
    let send = ExecuteMsg::SendFrom { owner, contract, amount: Uint128::new(7), msg: Binary::default() };
    assert!(matches!(suite.exec("shop", send), Err(ContractError::Cw20(_))));
    assert_eq!(left(&suite), 6);
}
