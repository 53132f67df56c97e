use cosmwasm_std::Uint128;
use cw20::Cw20ExecuteMsg;
use cw_multi_test::Executor;
use staking::{
    msg::{DelegationsResponse, ExecuteMsg, QueryMsg},
    ContractError,
};

use crate::chain::{Chain, RICH};

#[test]
fn a_delegation_adds_to_the_power_of_the_validator() {
    let mut chain = Chain::new();
    chain.register(0, 100);
    let alice = chain.account("alice");
    chain.delegate(&alice, 0, 300);
    let validator = chain.validator_info(0);
    assert_eq!((validator.bonded, validator.self_bond), (Uint128::new(400), Uint128::new(100)));
    assert_eq!(chain.snapshot().total_power, Uint128::new(400));
    assert_eq!((chain.staked(&alice, 0), chain.balance(&alice)), (300, RICH - 300));
    assert_eq!(chain.solvency().bonded, Uint128::new(400));
    let message = chain.delegation(0, 1);
    chain.refused_raw(&alice, &message);
}

#[test]
fn nothing_strangers_and_those_that_left_are_refused() {
    let mut chain = Chain::new();
    chain.register_all(&[100, 100]);
    chain.unbond(1, 100);
    let alice = chain.account("alice");
    chain.allow(&alice, 100);
    let [nothing, left, stranger] = [(0, 0), (1, 5), (2, 5)].map(|(to, amount)| chain.delegation(to, amount));
    assert_eq!(chain.refused(&alice, &nothing), ContractError::ZeroAmount);
    assert_eq!(chain.refused(&alice, &left), ContractError::NotCandidate { validator: chain.validator(1) });
    assert_eq!(chain.refused(&alice, &stranger), ContractError::NotRegistered { validator: chain.validator(2) });
}

#[test]
fn delegations_are_bounded_per_account() {
    let mut chain = Chain::new();
    chain.register_all(&[100, 100, 100, 100]);
    let alice = chain.account("alice");
    for number in 0..3 {
        chain.delegate(&alice, number, 10);
    }
    chain.allow(&alice, 100);
    let fourth = chain.delegation(3, 10);
    assert_eq!(chain.refused(&alice, &fourth), ContractError::TooManyDelegations { max: 3 });
    // More of the same is no new delegation, and leaving one frees its place.
    let more = chain.delegation(0, 10);
    chain.send(&alice, &more);
    let leave = chain.undelegation(1, None);
    chain.send(&alice, &leave);
    chain.send(&alice, &fourth);
    let all: DelegationsResponse = chain.query(&QueryMsg::Delegations { delegator: alice.to_string() });
    assert_eq!((all.delegations.len(), all.total), (3, Uint128::new(40)));
}

#[test]
fn the_first_depositor_cannot_inflate_the_share_by_a_donation() {
    let mut chain = Chain::with(staking::msg::Params { min_self_bond: Uint128::new(1), ..crate::chain::params() });
    // The attacker's only share, and a gift that other designs count as the stake's.
    chain.register(0, 1);
    let donation = Cw20ExecuteMsg::Transfer { recipient: chain.staking.to_string(), amount: Uint128::new(1_000_000) };
    chain.app.execute_contract(chain.validator(0), chain.token.clone(), &donation, &[]).unwrap();
    let alice = chain.account("alice");
    chain.delegate(&alice, 0, 1);
    assert_eq!(chain.staked(&alice, 0), 1);
    chain.delegate(&alice, 0, 999_999);
    assert_eq!((chain.staked(&alice, 0), chain.bonded(0)), (1_000_000, 1_000_001));
    // Rewards do not enter the price either.
    chain.snapshot();
    chain.fund(50_000);
    let bob = chain.account("bob");
    chain.delegate(&bob, 0, 1);
    assert_eq!(chain.staked(&bob, 0), 1);
}

#[test]
fn a_stake_that_lost_everything_takes_no_delegation() {
    let (mut chain, slasher) = Chain::new().with_slasher();
    chain.register(0, 100);
    chain.snapshot();
    let slash = chain.slash_of(&[0], 1, 10_000);
    chain.send(&slasher, &slash);
    chain.wait(500);
    let account = chain.validator(0);
    chain.allow(&account, 500);
    let more = ExecuteMsg::BondMore { amount: Uint128::new(500) };
    assert_eq!(chain.refused(&account, &more), ContractError::WorthlessShares);
    // Giving the worthless shares up lets the validator begin anew.
    let give_up = chain.undelegation(0, None);
    let response = chain.send(&account, &give_up);
    assert!(response.events.iter().any(|event| event.ty == "wasm-staking/given_up"));
    assert!(chain.unbonding(0).entries.is_empty());
    chain.send(&account, &more);
    chain.send(&account, &ExecuteMsg::Unjail {});
    assert_eq!(chain.bonded(0), 500);
}
