use cosmwasm_std::{Uint128, Uint64};
use staking::{
    msg::{DelegationsResponse, ExecuteMsg, Params, QueryMsg},
    state::LIVE_POOLS,
    ContractError,
};

use crate::chain::{params, Chain, RICH};

const WITHDRAW: ExecuteMsg = ExecuteMsg::WithdrawUnbonded {};

#[test]
fn part_or_all_of_a_delegation_leaves_by_the_same_rules_as_a_bond() {
    let mut chain = Chain::new();
    chain.register(0, 100);
    let alice = chain.account("alice");
    chain.delegate(&alice, 0, 300);
    chain.snapshot();
    chain.wait(10);
    let (part, rest) = (chain.undelegation(0, 120), chain.undelegation(0, None));
    chain.send(&alice, &part);
    assert_eq!((chain.staked(&alice, 0), chain.bonded(0)), (180, 280));
    chain.send(&alice, &rest);
    assert_eq!((chain.staked(&alice, 0), chain.bonded(0)), (0, 100));
    assert_eq!(chain.solvency().unbonding, Uint128::new(300));
    chain.wait(1_000);
    // The newest set still counts them.
    assert!(matches!(chain.refused(&alice, &WITHDRAW), ContractError::StillInSet { .. }));
    chain.snapshot();
    chain.wait(1_000);
    chain.send(&alice, &WITHDRAW);
    assert_eq!((chain.balance(&alice), chain.solvency().unbonding), (RICH, Uint128::zero()));
}

#[test]
fn more_than_there_is_nothing_and_strangers_are_refused() {
    let mut chain = Chain::new();
    chain.register(0, 100);
    let (alice, bob) = (chain.account("alice"), chain.account("bob"));
    chain.delegate(&alice, 0, 30);
    let [nothing, one, more] = [0, 1, 31].map(|amount| chain.undelegation(0, amount));
    assert_eq!(chain.refused(&alice, &nothing), ContractError::ZeroAmount);
    let too_much = ContractError::UnbondTooMuch { requested: Uint128::new(31), bonded: Uint128::new(30) };
    assert_eq!(chain.refused(&alice, &more), too_much);
    let none = ContractError::NoDelegation { delegator: bob.clone(), validator: chain.validator(0) };
    assert_eq!(chain.refused(&bob, &one), none);
}

#[test]
fn the_self_bond_keeps_its_minimum_by_this_message_too() {
    let mut chain = Chain::new();
    chain.register(0, 300);
    let part = chain.undelegation(0, 201);
    assert!(matches!(chain.refused(&chain.validator(0), &part), ContractError::BondTooSmall { .. }));
}

#[test]
fn delegators_of_a_validator_that_left_can_leave_too() {
    let mut chain = Chain::new();
    chain.register(0, 100);
    let alice = chain.account("alice");
    chain.delegate(&alice, 0, 300);
    chain.snapshot();
    chain.wait(10);
    chain.unbond(0, 100);
    // Without a self-bond it is no candidate any more, whatever others staked.
    assert!(chain.snapshot().members.is_empty());
    let all = chain.undelegation(0, None);
    chain.send(&alice, &all);
    chain.wait(1_000);
    chain.send(&alice, &WITHDRAW);
    assert_eq!(chain.balance(&alice), RICH);
}

#[test]
fn nobody_can_fill_the_pools_to_keep_others_in() {
    let open = Params { snapshot_interval_seconds: Uint64::zero(), max_unbonding_entries: 32, ..params() };
    let mut chain = Chain::with(open);
    chain.register(0, 100);
    let (alice, mallory) = (chain.account("alice"), chain.account("mallory"));
    chain.delegate(&alice, 0, 500);
    chain.delegate(&mallory, 0, 500);
    chain.snapshot();
    // A new set for every one of thirty-two exits, as fast as they come.
    let dust = chain.undelegation(0, 1);
    for _ in 0..32 {
        chain.send(&mallory, &dust);
        chain.wait(1);
        chain.snapshot();
    }
    assert_eq!(chain.refused(&mallory, &dust), ContractError::TooManyUnbondings { max: 32 });
    let all = chain.undelegation(0, None);
    chain.send(&alice, &all);
    chain.snapshot();
    chain.wait(1_000);
    chain.send(&alice, &WITHDRAW);
    assert_eq!(chain.balance(&alice), RICH);
}

#[test]
fn pools_are_bounded_when_the_wait_is_shortened_too() {
    let open = Params { snapshot_interval_seconds: Uint64::zero(), max_unbonding_entries: 32, ..params() };
    let (mut chain, slasher) = Chain::with(open.clone()).with_slasher();
    chain.register(0, 100);
    let accounts = ["alice", "bob", "carol"].map(|name| chain.account(name));
    for account in &accounts {
        chain.delegate(account, 0, 1_000);
    }
    let one = chain.undelegation(0, 1);
    let mut exits = 0u128;
    let mut leave = |chain: &mut Chain, seconds: u64| {
        chain.snapshot();
        chain.send(&accounts[(exits / 32) as usize], &one);
        exits += 1;
        chain.wait(seconds);
        LIVE_POOLS.query(&chain.app.wrap(), chain.staking.clone(), &chain.validator(0)).unwrap().unwrap().len()
    };
    let mut most = 0;
    for _ in 0..17 {
        most = most.max(leave(&mut chain, 62));
    }
    assert!((16..=18).contains(&most), "{most}");
    let shorter = Params { unbonding_seconds: Uint64::new(16), ..open };
    chain.send(&chain.owner.clone(), &ExecuteMsg::UpdateParams { params: shorter });
    for _ in 0..40 {
        most = most.max(leave(&mut chain, 1));
    }
    assert_eq!(most, 32);
    // One slash reaches all that is still waiting.
    let before = chain.solvency().unbonding;
    let slash = chain.slash_of(&[0], 1, 10_000);
    chain.send(&slasher, &slash);
    assert!(chain.solvency().unbonding < before);
}

#[test]
fn after_a_slash_an_amount_still_leaves_to_the_uopen() {
    let (mut chain, slasher) = Chain::new().with_slasher();
    chain.register(0, 1_000);
    let alice = chain.account("alice");
    chain.delegate(&alice, 0, 777);
    chain.snapshot();
    let slash = chain.slash_of(&[0], 1, 3_333);
    chain.send(&slasher, &slash);
    let left = chain.staked(&alice, 0);
    // 1,777 uopen lost 593, rounded up; alice owns 777 of 1,777 parts of the rest, rounded down.
    assert_eq!(left, 517);
    let part = chain.undelegation(0, 100);
    chain.send(&alice, &part);
    let entries = chain.unbonding_of(&alice);
    assert_eq!(entries.total, Uint128::new(100));
    assert_eq!(chain.staked(&alice, 0), left - 100);
    let rest = chain.undelegation(0, None);
    chain.send(&alice, &rest);
    assert_eq!(chain.unbonding_of(&alice).total.u128(), left);
}

#[test]
fn naming_all_that_is_left_closes_the_delegation() {
    let (mut chain, slasher) = Chain::new().with_slasher();
    chain.register(0, 1_000);
    let accounts: Vec<_> = (10..20).map(|number| chain.validator(number)).collect();
    for (account, amount) in accounts.iter().zip(771..) {
        chain.delegate(account, 0, amount);
    }
    chain.snapshot();
    let slash = chain.slash_of(&[0], 1, 3_333);
    chain.send(&slasher, &slash);
    for account in &accounts {
        // Fewer shares may be worth as much, and none stay behind.
        let all = chain.undelegation(0, chain.staked(account, 0));
        chain.send(account, &all);
        let left: DelegationsResponse = chain.query(&QueryMsg::Delegations { delegator: account.to_string() });
        assert!(left.delegations.is_empty());
    }
}
