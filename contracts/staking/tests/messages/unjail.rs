use cosmwasm_std::Uint128;
use staking::{msg::ExecuteMsg, ContractError};

use crate::chain::Chain;

const UNJAIL: ExecuteMsg = ExecuteMsg::Unjail {};

#[test]
fn a_jailed_validator_returns_after_its_time_with_the_minimum() {
    let (mut chain, slasher) = Chain::new().with_slasher();
    chain.register_all(&[105, 400]);
    chain.snapshot();
    let slash = chain.slash_of(&[0], 1, 1_000);
    chain.send(&slasher, &slash);
    let account = chain.validator(0);
    let until = chain.now() + 500;
    chain.wait(499);
    assert_eq!(chain.refused(&account, &UNJAIL), ContractError::StillJailed { validator: account.clone(), until });
    chain.wait(1);
    let short = ContractError::BondTooSmall { bonded: Uint128::new(94), minimum: Uint128::new(100) };
    assert_eq!(chain.refused(&account, &UNJAIL), short);
    chain.allow(&account, 6);
    chain.send(&account, &ExecuteMsg::BondMore { amount: Uint128::new(6) });
    chain.send(&account, &UNJAIL);
    assert_eq!(chain.snapshot().members.len(), 2);
    assert_eq!(chain.refused(&account, &UNJAIL), ContractError::NotJailed { validator: account });
}

#[test]
fn another_slash_begins_the_time_anew() {
    let (mut chain, slasher) = Chain::new().with_slasher();
    chain.register(0, 1_000);
    chain.snapshot();
    let slash = chain.slash_of(&[0], 1, 100);
    chain.send(&slasher, &slash);
    chain.wait(400);
    chain.send(&slasher, &slash);
    chain.wait(400);
    assert!(matches!(chain.refused(&chain.validator(0), &UNJAIL), ContractError::StillJailed { .. }));
}

#[test]
fn a_member_of_the_newest_set_earns_again_at_once() {
    let (mut chain, slasher) = Chain::new().with_slasher();
    chain.register_all(&[100, 100]);
    chain.snapshot();
    let slash = chain.slash_of(&[0], 1, 0);
    chain.send(&slasher, &slash);
    chain.fund(100);
    chain.wait(500);
    // No set was made since, and none can be: nothing has changed.
    chain.send(&chain.validator(0), &UNJAIL);
    assert_eq!(
        chain.refused(&chain.account("anyone"), &ExecuteMsg::Snapshot {}),
        ContractError::SetUnchanged { set_id: 1 }
    );
    chain.fund(100);
    assert_eq!((chain.claimable(0), chain.claimable(1)), (50, 150));
}

#[test]
fn who_is_not_in_the_newest_set_earns_from_the_next_one_on() {
    let (mut chain, slasher) = Chain::new().with_slasher();
    chain.register_all(&[100, 100]);
    chain.snapshot();
    let slash = chain.slash_of(&[0], 1, 0);
    chain.send(&slasher, &slash);
    chain.wait(500);
    assert_eq!(chain.snapshot().members.len(), 1);
    chain.send(&chain.validator(0), &UNJAIL);
    chain.fund(100);
    assert_eq!((chain.claimable(0), chain.claimable(1)), (0, 100));
    chain.wait(10);
    chain.snapshot();
    chain.fund(100);
    assert_eq!((chain.claimable(0), chain.claimable(1)), (50, 150));
}

#[test]
fn strangers_are_refused() {
    let mut chain = Chain::new();
    let stranger = chain.validator(3);
    assert_eq!(chain.refused(&stranger, &UNJAIL), ContractError::NotRegistered { validator: stranger });
}
