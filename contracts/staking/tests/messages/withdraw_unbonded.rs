use cosmwasm_std::Uint128;
use staking::{msg::ExecuteMsg, ContractError};

use crate::chain::{Chain, RICH};

const WITHDRAW: ExecuteMsg = ExecuteMsg::WithdrawUnbonded {};

#[test]
fn due_entries_are_paid_and_others_stay() {
    let mut chain = Chain::new();
    chain.register(0, 500);
    let account = chain.validator(0);
    chain.unbond(0, 100);
    chain.wait(400);
    chain.unbond(0, 50);
    let due = chain.now() + 600;
    assert_eq!(chain.refused(&account, &WITHDRAW), ContractError::NothingDue { next: Some(due) });
    chain.wait(599);
    assert_eq!(chain.refused(&account, &WITHDRAW), ContractError::NothingDue { next: Some(due) });
    chain.wait(1);
    chain.send(&account, &WITHDRAW);
    assert_eq!(chain.balance(&account), RICH - 400);
    assert_eq!(chain.unbonding(0).total, Uint128::new(50));
    chain.wait(400);
    chain.send(&account, &WITHDRAW);
    assert_eq!(chain.refused(&account, &WITHDRAW), ContractError::NothingDue { next: None });
    let books = chain.solvency();
    assert_eq!((books.bonded, books.unbonding, books.held), (Uint128::new(350), Uint128::zero(), Uint128::new(350)));
}

#[test]
fn power_that_can_still_sign_cannot_leave() {
    let mut chain = Chain::new();
    chain.register_all(&[300, 100]);
    chain.snapshot();
    chain.unbond(0, 300);
    chain.wait(1_000);
    let account = chain.validator(0);
    assert_eq!(
        chain.refused(&account, &WITHDRAW),
        ContractError::StillInSet {
            set_id: 1,
            validator: account.clone(),
            power: Uint128::new(300),
            bonded: Uint128::zero()
        }
    );
    // A set that was superseded just now still attests for a while: the money stays at stake as long.
    chain.snapshot();
    let due = chain.now() + 1_000;
    assert_eq!(chain.refused(&account, &WITHDRAW), ContractError::NothingDue { next: Some(due) });
    chain.wait(1_000);
    chain.send(&account, &WITHDRAW);
    assert_eq!(chain.balance(&account), RICH);
}

#[test]
fn who_makes_the_next_set_at_once_waits_no_longer() {
    let mut chain = Chain::new();
    chain.register_all(&[300, 100]);
    chain.snapshot();
    chain.wait(10);
    chain.unbond(0, 300);
    // The cure is open to everybody, so nobody can hold the money back.
    chain.snapshot();
    chain.wait(1_000);
    chain.send(&chain.validator(0), &WITHDRAW);
    assert_eq!(chain.balance(&chain.validator(0)), RICH);
}

#[test]
fn an_entry_of_the_newest_set_does_not_hold_back_older_ones() {
    let mut chain = Chain::new();
    chain.register(0, 500);
    chain.snapshot();
    chain.wait(10);
    chain.unbond(0, 100);
    chain.snapshot();
    chain.wait(900);
    chain.unbond(0, 100);
    chain.wait(1_000);
    let account = chain.validator(0);
    chain.send(&account, &WITHDRAW);
    assert_eq!((chain.balance(&account), chain.unbonding(0).total), (RICH - 400, Uint128::new(100)));
    assert!(matches!(chain.refused(&account, &WITHDRAW), ContractError::StillInSet { set_id: 2, .. }));
}

#[test]
fn bonding_again_covers_the_power_of_the_newest_set() {
    let mut chain = Chain::new();
    chain.register(0, 300);
    chain.snapshot();
    let account = chain.validator(0);
    chain.unbond(0, 300);
    chain.allow(&account, 300);
    chain.send(&account, &ExecuteMsg::BondMore { amount: Uint128::new(300) });
    chain.wait(1_000);
    chain.send(&account, &WITHDRAW);
    assert_eq!(chain.balance(&account), RICH - 300);
}

#[test]
fn the_last_validator_can_leave() {
    let mut chain = Chain::new();
    chain.register(0, 300);
    chain.snapshot();
    chain.wait(10);
    chain.unbond(0, 300);
    let set = chain.snapshot();
    assert!(set.members.is_empty() && set.total_power.is_zero() && set.aggregate_public_key.is_none());
    chain.wait(1_000);
    chain.send(&chain.validator(0), &WITHDRAW);
    assert_eq!(chain.solvency().held, Uint128::zero());
}

#[test]
fn strangers_are_refused() {
    let mut chain = Chain::new();
    let stranger = chain.validator(3);
    assert_eq!(chain.refused(&stranger, &WITHDRAW), ContractError::NothingDue { next: None });
}
