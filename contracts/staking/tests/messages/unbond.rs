use cosmwasm_std::Uint128;
use staking::{msg::ExecuteMsg, ContractError};

use crate::chain::Chain;

fn unbond(amount: u128) -> ExecuteMsg {
    ExecuteMsg::Unbond { amount: Uint128::new(amount) }
}

#[test]
fn part_of_a_bond_waits_with_the_set_it_answered_for() {
    let mut chain = Chain::new();
    chain.register(0, 300);
    chain.snapshot();
    chain.unbond(0, 200);
    let unbonding = chain.unbonding(0);
    assert_eq!(unbonding.total, Uint128::new(200));
    let entry = &unbonding.entries[0];
    assert_eq!((entry.set_id.u64(), entry.started_at.u64()), (1, chain.now()));
    assert_eq!(entry.completes_at.u64(), chain.now() + 1_000);
    let books = chain.solvency();
    assert_eq!((books.bonded, books.unbonding), (Uint128::new(100), Uint128::new(200)));
}

#[test]
fn what_stays_is_nothing_or_the_minimum() {
    let mut chain = Chain::new();
    chain.register(0, 300);
    let account = chain.validator(0);
    assert_eq!(chain.refused(&account, &unbond(0)), ContractError::ZeroAmount);
    assert_eq!(
        chain.refused(&account, &unbond(201)),
        ContractError::BondTooSmall { bonded: Uint128::new(99), minimum: Uint128::new(100) }
    );
    assert_eq!(
        chain.refused(&account, &unbond(301)),
        ContractError::UnbondTooMuch { requested: Uint128::new(301), bonded: Uint128::new(300) }
    );
    chain.send(&account, &unbond(300));
    assert_eq!(chain.bonded(0), 0);
}

#[test]
fn entries_are_bounded() {
    let mut chain = Chain::new();
    chain.register(0, 300);
    for _ in 0..3 {
        chain.unbond(0, 1);
    }
    assert_eq!(chain.refused(&chain.validator(0), &unbond(1)), ContractError::TooManyUnbondings { max: 3 });
}

#[test]
fn strangers_are_refused() {
    let mut chain = Chain::new();
    let stranger = chain.validator(3);
    assert_eq!(chain.refused(&stranger, &unbond(1)), ContractError::NotRegistered { validator: stranger });
}
