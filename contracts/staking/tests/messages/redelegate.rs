use cosmwasm_std::{Uint128, Uint64};
use staking::{
    msg::{ExecuteMsg, Params},
    ContractError,
};

use crate::chain::{params, Chain, RICH};

/// Two validators with 500 each, a set of both, and 300 of Alice behind the first.
fn two() -> Chain {
    let mut chain = Chain::new();
    chain.register_all(&[500, 500]);
    let alice = chain.account("alice");
    chain.delegate(&alice, 0, 300);
    chain.snapshot();
    chain.wait(10);
    chain
}

#[test]
fn stake_moves_at_once_and_no_tokens_move() {
    let mut chain = two();
    let alice = chain.account("alice");
    let (held, supply) = (chain.solvency().held, chain.supply());
    chain.redelegate(&alice, 0, 1, 120);
    assert_eq!((chain.staked(&alice, 0), chain.staked(&alice, 1)), (180, 120));
    assert_eq!((chain.bonded(0), chain.bonded(1)), (680, 620));
    assert_eq!((chain.solvency().held, chain.supply(), chain.balance(&alice)), (held, supply, RICH - 300));
    let open = chain.redelegations(&alice);
    assert_eq!(open.len(), 1);
    assert_eq!((&open[0].from, &open[0].to), (&chain.validator(0), &chain.validator(1)));
    assert_eq!((open[0].amount.u128(), open[0].shares.u128(), open[0].set_id.u64()), (120, 120, 1));
    assert_eq!(open[0].completes_at.u64(), chain.now() + 1_000);
    // The next set counts it where it went.
    let powers: Vec<u128> = chain.snapshot().members.iter().map(|member| member.power.u128()).collect();
    assert_eq!(powers.iter().sum::<u128>(), 1_300);
    assert!(powers.contains(&680) && powers.contains(&620));
    // Without an amount, everything moves, and the first delegation is closed.
    let all = chain.redelegation(0, 1, None);
    chain.send(&alice, &all);
    assert_eq!((chain.staked(&alice, 0), chain.staked(&alice, 1)), (0, 300));
    assert_eq!(chain.redelegations(&alice).len(), 2);
}

#[test]
fn only_another_delegation_of_ones_own_moves_and_only_to_a_candidate() {
    let mut chain = two();
    let (alice, bob) = (chain.account("alice"), chain.account("bob"));
    let same = chain.redelegation(0, 0, 1);
    assert_eq!(chain.refused(&alice, &same), ContractError::SameValidator { validator: chain.validator(0) });
    let [nothing, more] = [0, 301].map(|amount| chain.redelegation(0, 1, amount));
    assert_eq!(chain.refused(&alice, &nothing), ContractError::ZeroAmount);
    let too_much = ContractError::UnbondTooMuch { requested: Uint128::new(301), bonded: Uint128::new(300) };
    assert_eq!(chain.refused(&alice, &more), too_much);
    let some = chain.redelegation(0, 1, 50);
    let none = ContractError::NoDelegation { delegator: bob.clone(), validator: chain.validator(0) };
    assert_eq!(chain.refused(&bob, &some), none);
    let [from_stranger, to_stranger] = [(7, 1), (0, 7)].map(|(from, to)| chain.redelegation(from, to, 5));
    let stranger = ContractError::NotRegistered { validator: chain.validator(7) };
    assert_eq!(chain.refused(&alice, &from_stranger), stranger);
    assert_eq!(chain.refused(&alice, &to_stranger), stranger);
    chain.unbond(1, 500);
    assert_eq!(chain.refused(&alice, &some), ContractError::NotCandidate { validator: chain.validator(1) });
}

#[test]
fn a_self_bond_neither_leaves_nor_comes_this_way() {
    let mut chain = two();
    let validator = chain.validator(1);
    chain.delegate(&validator, 0, 50);
    let (away, home) = (chain.redelegation(1, 0, 100), chain.redelegation(0, 1, 50));
    assert_eq!(chain.refused(&validator, &away), ContractError::SelfBond);
    assert_eq!(chain.refused(&validator, &home), ContractError::SelfBond);
    // A validator is a delegator like others elsewhere.
    chain.register(2, 500);
    chain.redelegate(&validator, 0, 2, 50);
    assert_eq!(chain.staked(&validator, 2), 50);
}

#[test]
fn jailed_and_tombstoned_validators_can_be_left_and_not_joined() {
    let (mut chain, slasher) = two().with_slasher();
    let (alice, bob) = (chain.account("alice"), chain.account("bob"));
    chain.delegate(&bob, 1, 100);
    let mut slash = chain.slash_of(&[0], 1, 1_000);
    if let ExecuteMsg::SlashValidators { tombstone, .. } = &mut slash {
        *tombstone = true;
    }
    chain.send(&slasher, &slash);
    let to_jail = chain.redelegation(1, 0, 100);
    assert_eq!(chain.refused(&bob, &to_jail), ContractError::Tombstoned { validator: chain.validator(0) });
    let all = chain.redelegation(0, 1, None);
    chain.send(&alice, &all);
    assert_eq!(chain.staked(&alice, 1), 270);
    // What was taken before it left is not taken again.
    let nothing = chain.settlement(&alice, 1);
    assert!(matches!(chain.refused(&bob, &nothing), ContractError::NothingToSettle { next: Some(_) }));
}

#[test]
fn rewards_are_booked_on_both_sides_before_the_stake_moves() {
    let mut chain = two();
    let alice = chain.account("alice");
    chain.fund(1_300);
    chain.redelegate(&alice, 0, 1, 300);
    assert_eq!(chain.claimable_by(&alice), 300);
    // From now on it earns where it is: with 800 of 1,300.
    chain.fund(1_300);
    assert_eq!((chain.claimable_by(&alice), chain.claimable(0), chain.claimable(1)), (600, 1_000, 1_000));
    chain.send(&alice, &ExecuteMsg::ClaimRewards {});
    assert_eq!(chain.balance(&alice), RICH - 300 + 600);
}

#[test]
fn redelegated_stake_neither_hops_on_nor_leaves_before_its_time() {
    let mut chain = two();
    let alice = chain.account("alice");
    chain.register(2, 500);
    chain.redelegate(&alice, 0, 1, 300);
    let until = chain.now() + 1_000;
    chain.snapshot();
    let stays = ContractError::StillAnswers { from: chain.validator(0), until };
    for amount in [None, Some(1), Some(300)] {
        let (hop, leave) = (chain.redelegation(1, 2, amount), chain.undelegation(1, amount));
        assert_eq!(chain.refused(&alice, &hop), stays);
        assert_eq!(chain.refused(&alice, &leave), stays);
    }
    // What was not redelegated is free, and "everything" is what is free.
    chain.delegate(&alice, 1, 70);
    let (more, too_much) = (chain.undelegation(1, 71), chain.undelegation(1, 371));
    assert_eq!(chain.refused(&alice, &more), stays);
    let all = Uint128::new(370);
    let beyond = ContractError::UnbondTooMuch { requested: Uint128::new(371), bonded: all };
    assert_eq!(chain.refused(&alice, &too_much), beyond);
    chain.redelegate(&alice, 1, 2, 20);
    let everything = chain.undelegation(1, None);
    chain.send(&alice, &everything);
    assert_eq!((chain.staked(&alice, 1), chain.unbonding_of(&alice).total.u128()), (300, 50));
    chain.wait(999);
    assert_eq!(chain.refused(&alice, &everything), stays);
    chain.wait(1);
    let hop = chain.redelegation(1, 2, 100);
    chain.send(&alice, &hop);
    chain.send(&alice, &everything);
    assert_eq!((chain.staked(&alice, 1), chain.unbonding_of(&alice).total.u128()), (0, 250));
    let left = chain.redelegations(&alice);
    assert!(left.iter().all(|one| one.to == chain.validator(2)), "{left:?}");
}

/// As an unbonding entry: while the newest set counts the stake at the validator it left, and the wait after the next one.
#[test]
fn a_redelegation_ends_as_an_unbonding_entry_does() {
    let mut chain = two();
    let alice = chain.account("alice");
    chain.redelegate(&alice, 0, 1, 300);
    chain.wait(1_000);
    let all = chain.undelegation(1, None);
    let counted = ContractError::StillInSet {
        set_id: 1,
        validator: chain.validator(0),
        power: Uint128::new(800),
        bonded: Uint128::new(500),
    };
    assert_eq!(chain.refused(&alice, &all), counted);
    let settle = chain.settlement(&alice, 1);
    assert_eq!(chain.refused(&alice, &settle), counted);
    // Anybody makes the set that lets it go, the wait later.
    chain.snapshot();
    let until = chain.now() + 1_000;
    assert_eq!(chain.refused(&alice, &all), ContractError::StillAnswers { from: chain.validator(0), until });
    assert_eq!(chain.refused(&alice, &settle), ContractError::NothingToSettle { next: Some(until) });
    chain.wait(1_000);
    chain.settle(&alice, 1);
    assert!(chain.redelegations(&alice).is_empty());
    chain.send(&alice, &all);
    assert_eq!(chain.staked(&alice, 1), 0);
}

#[test]
fn other_stake_may_cover_what_the_newest_set_counts() {
    let mut chain = two();
    let (alice, bob) = (chain.account("alice"), chain.account("bob"));
    chain.redelegate(&alice, 0, 1, 300);
    chain.delegate(&bob, 0, 300);
    chain.wait(1_000);
    let all = chain.undelegation(1, None);
    chain.send(&alice, &all);
    assert!(chain.redelegations(&alice).is_empty());
}

#[test]
fn before_the_first_set_there_is_nothing_to_answer_for() {
    let mut chain = Chain::new();
    chain.register_all(&[500, 500]);
    let alice = chain.account("alice");
    chain.delegate(&alice, 0, 300);
    chain.redelegate(&alice, 0, 1, 300);
    assert!(chain.redelegations(&alice).is_empty());
    chain.redelegate(&alice, 1, 0, 300);
    assert_eq!(chain.staked(&alice, 0), 300);
}

#[test]
fn redelegations_are_bounded_and_nobody_fills_up_those_of_others() {
    let mut chain = two();
    let (alice, bob) = (chain.account("alice"), chain.account("bob"));
    chain.delegate(&bob, 0, 300);
    for _ in 0..8 {
        chain.redelegate(&alice, 0, 1, 1);
        chain.wait(1);
    }
    chain.snapshot();
    let until = chain.now() + 1_000;
    let one = chain.redelegation(0, 1, 1);
    let full = ContractError::TooManyRedelegations { validator: chain.validator(1), max: 8, next: until };
    assert_eq!(chain.refused(&alice, &one), full);
    // Others, and other ways, stay open.
    chain.redelegate(&bob, 0, 1, 1);
    chain.delegate(&alice, 1, 5);
    let leave = chain.undelegation(0, 1);
    chain.send(&alice, &leave);
    chain.wait(1_000);
    // Those whose time is over make room by themselves.
    chain.send(&alice, &one);
    assert_eq!(chain.redelegations(&alice).len(), 1);
}

#[test]
fn a_redelegation_counts_as_a_delegation_where_it_arrives() {
    let mut chain = Chain::with(Params { max_delegations: 2, ..params() });
    chain.register_all(&[500, 500, 500]);
    let alice = chain.account("alice");
    chain.delegate(&alice, 0, 100);
    chain.delegate(&alice, 1, 100);
    chain.snapshot();
    let (part, all) = (chain.redelegation(0, 2, 50), chain.redelegation(0, 2, None));
    assert_eq!(chain.refused(&alice, &part), ContractError::TooManyDelegations { max: 2 });
    // Everything leaves its place behind.
    chain.send(&alice, &all);
    assert_eq!((chain.staked(&alice, 0), chain.staked(&alice, 2)), (0, 100));
}

#[test]
fn shares_that_are_worth_nothing_do_not_move() {
    let (mut chain, slasher) = two().with_slasher();
    let alice = chain.account("alice");
    let slash = chain.slash_of(&[0], 1, 10_000);
    chain.send(&slasher, &slash);
    let all = chain.redelegation(0, 1, None);
    assert_eq!(chain.refused(&alice, &all), ContractError::WorthlessShares);
}

/// A redelegation keeps the wait that it began with, whatever the parameters say later.
#[test]
fn a_shorter_wait_frees_nobody_who_moved_before() {
    let mut chain = two();
    let alice = chain.account("alice");
    chain.redelegate(&alice, 0, 1, 300);
    chain.snapshot();
    let until = chain.now() + 1_000;
    let shorter = Params { unbonding_seconds: Uint64::new(1), ..params() };
    chain.send(&chain.owner.clone(), &ExecuteMsg::UpdateParams { params: shorter });
    chain.wait(500);
    let all = chain.undelegation(1, None);
    assert_eq!(chain.refused(&alice, &all), ContractError::StillAnswers { from: chain.validator(0), until });
}

/// The reason why nothing may leave is that of the stake that is free first, and of several that of the oldest.
#[test]
fn who_waits_is_told_of_the_first_end() {
    let mut chain = Chain::new();
    chain.register_all(&[1_000, 1_000, 1_000]);
    let alice = chain.account("alice");
    chain.delegate(&alice, 0, 100);
    chain.delegate(&alice, 1, 100);
    chain.snapshot();
    let all = chain.undelegation(2, None);
    let waits = |chain: &mut Chain, from: u8, until| {
        let from = chain.validator(from);
        assert_eq!(chain.refused(&alice, &all), ContractError::StillAnswers { from, until });
    };
    let end = chain.now() + 1_000;
    chain.redelegate(&alice, 0, 2, 10);
    chain.redelegate(&alice, 1, 2, 10);
    waits(&mut chain, 0, end);
    let owner = chain.owner.clone();
    let shorter = Params { unbonding_seconds: Uint64::new(500), ..params() };
    chain.send(&owner, &ExecuteMsg::UpdateParams { params: shorter });
    chain.redelegate(&alice, 1, 2, 10);
    waits(&mut chain, 1, end - 500);
}
