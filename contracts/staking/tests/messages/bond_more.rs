use cosmwasm_std::Uint128;
use staking::{msg::ExecuteMsg, ContractError};

use crate::chain::Chain;

fn more(amount: u128) -> ExecuteMsg {
    ExecuteMsg::BondMore { amount: Uint128::new(amount) }
}

#[test]
fn a_bond_grows_by_allowance() {
    let mut chain = Chain::new();
    chain.register(0, 100);
    let account = chain.validator(0);
    chain.allow(&account, 1);
    chain.send(&account, &more(1));
    assert_eq!(chain.bonded(0), 101);
    assert_eq!(chain.solvency().bonded, Uint128::new(101));
    chain.refused_raw(&account, &more(1));
}

#[test]
fn strangers_and_nothing_are_refused() {
    let mut chain = Chain::new();
    chain.register(0, 100);
    let stranger = chain.validator(1);
    assert_eq!(chain.refused(&stranger, &more(5)), ContractError::NotRegistered { validator: stranger });
    assert_eq!(chain.refused(&chain.validator(0), &more(0)), ContractError::ZeroAmount);
}

#[test]
fn who_left_comes_back_with_the_minimum() {
    let mut chain = Chain::new();
    chain.register(0, 100);
    chain.unbond(0, 100);
    let account = chain.validator(0);
    chain.allow(&account, 1_000);
    assert!(matches!(chain.refused(&account, &more(99)), ContractError::BondTooSmall { .. }));
    chain.send(&account, &more(100));
    assert_eq!(chain.bonded(0), 100);
}

#[test]
fn amounts_beyond_128_bits_are_refused() {
    let mut chain = Chain::new();
    chain.register(0, 100);
    assert!(matches!(chain.refused(&chain.validator(0), &more(u128::MAX)), ContractError::Overflow(_)));
}
