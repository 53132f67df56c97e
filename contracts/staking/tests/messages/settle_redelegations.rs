use cosmwasm_std::{Addr, Uint128};
use staking::{msg::ExecuteMsg, ContractError};

use crate::chain::{Chain, RICH};

/// Three validators with 1,000 each, a set of all, and 1,000 of Alice behind the first.
fn three() -> (Chain, Addr, Addr) {
    let (mut chain, slasher) = Chain::new().with_slasher();
    chain.register_all(&[1_000, 1_000, 1_000]);
    let alice = chain.account("alice");
    chain.delegate(&alice, 0, 1_000);
    chain.snapshot();
    chain.wait(10);
    (chain, slasher, alice)
}

fn slash(chain: &mut Chain, slasher: &Addr, number: u8, set_id: u64, points: u16) {
    let message = chain.slash_of(&[number], set_id, points);
    chain.send(slasher, &message);
}

#[test]
fn a_slash_of_the_validator_left_behind_reaches_redelegated_stake() {
    let (mut chain, slasher, alice) = three();
    chain.redelegate(&alice, 0, 1, 600);
    slash(&mut chain, &slasher, 0, 1, 2_500);
    // At once it reaches what is behind the validator; the slasher gets that.
    assert_eq!((chain.staked(&alice, 0), chain.staked(&alice, 1), chain.balance(&slasher)), (300, 600, 350));
    assert_eq!(chain.redelegations(&alice)[0].unread_slashes.u64(), 1);
    let (supply, held) = (chain.supply(), chain.solvency().held.u128());
    let response = chain.settle(&alice, 1);
    assert!(response.events.iter().any(|event| event.ty == "wasm-staking/redelegation_slashed"));
    assert_eq!((chain.staked(&alice, 1), chain.bonded(1)), (450, 1_450));
    assert_eq!((chain.supply(), chain.solvency().held.u128()), (supply - 150, held - 150));
    assert_eq!(chain.balance(&slasher), 350);
    let open = chain.redelegations(&alice);
    assert_eq!((open[0].shares.u128(), open[0].unread_slashes.u64()), (450, 0));
    // The validator that it went to is not at fault, and everybody else there loses nothing.
    assert!(chain.validator_info(1).jailed_until.is_none());
    assert_eq!(chain.validator_info(1).self_bond.u128(), 1_000);
    // Once is enough.
    let again = chain.settlement(&alice, 1);
    assert!(matches!(chain.refused(&alice, &again), ContractError::NothingToSettle { next: Some(_) }));
}

#[test]
fn it_is_settled_before_anything_leaves() {
    let (mut chain, slasher, alice) = three();
    chain.delegate(&alice, 1, 100);
    chain.redelegate(&alice, 0, 1, 600);
    chain.snapshot();
    slash(&mut chain, &slasher, 0, 1, 5_000);
    let (supply, some) = (chain.supply(), chain.undelegation(1, 40));
    chain.send(&alice, &some);
    assert_eq!((chain.supply(), chain.staked(&alice, 1)), (supply - 300, 360));
    slash(&mut chain, &slasher, 0, 1, 5_000);
    chain.redelegate(&alice, 1, 2, 60);
    assert_eq!((chain.supply(), chain.staked(&alice, 1)), (supply - 450, 150));
    // The whole delegation is what is left under the lien.
    let all = chain.undelegation(1, None);
    assert!(matches!(chain.refused(&alice, &all), ContractError::StillAnswers { .. }));
    chain.wait(1_000);
    chain.send(&alice, &all);
    assert_eq!((chain.staked(&alice, 1), chain.unbonding_of(&alice).total.u128()), (0, 190));
}

/// It answers for the sets up to the one that was the newest when it left.
#[test]
fn only_sets_that_counted_the_stake_there_are_answered_for() {
    let (mut chain, slasher, alice) = three();
    chain.redelegate(&alice, 0, 1, 600);
    chain.snapshot();
    slash(&mut chain, &slasher, 0, 2, 5_000);
    // The record is read, and costs nothing.
    let supply = chain.supply();
    chain.settle(&alice, 1);
    assert_eq!((chain.staked(&alice, 1), chain.supply()), (600, supply));
    slash(&mut chain, &slasher, 0, 1, 5_000);
    chain.settle(&alice, 1);
    assert_eq!((chain.staked(&alice, 1), chain.supply()), (300, supply - 300));
}

/// The order of messages decides, not the clock.
#[test]
fn in_the_block_of_the_slash_each_uopen_is_taken_from_once() {
    for slash_first in [true, false] {
        let (mut chain, slasher, alice) = three();
        if slash_first {
            slash(&mut chain, &slasher, 0, 1, 5_000);
            let all = chain.redelegation(0, 1, None);
            chain.send(&alice, &all);
            let settle = chain.settlement(&alice, 1);
            assert!(matches!(chain.refused(&alice, &settle), ContractError::NothingToSettle { .. }));
        } else {
            chain.redelegate(&alice, 0, 1, 1_000);
            slash(&mut chain, &slasher, 0, 1, 5_000);
            chain.settle(&alice, 1);
        }
        assert_eq!(chain.staked(&alice, 1), 500);
    }
}

#[test]
fn what_comes_after_the_end_costs_nothing_however_late_it_is_settled() {
    let (mut chain, slasher, alice) = three();
    chain.redelegate(&alice, 0, 1, 600);
    chain.wait(100);
    chain.snapshot();
    chain.wait(999);
    slash(&mut chain, &slasher, 0, 1, 5_000);
    chain.wait(1);
    slash(&mut chain, &slasher, 0, 1, 5_000);
    chain.wait(5_000);
    chain.settle(&alice, 1);
    assert_eq!((chain.staked(&alice, 1), chain.redelegations(&alice).len()), (300, 0));
}

/// As an unbonding entry that nobody withdraws: the newest set still counts the stake.
#[test]
fn while_no_newer_set_is_made_it_goes_on_answering() {
    let (mut chain, slasher, alice) = three();
    chain.redelegate(&alice, 0, 1, 600);
    chain.wait(5_000);
    slash(&mut chain, &slasher, 0, 1, 5_000);
    // More than enough is bonded there by others, and the time is over: read first, then freed.
    let bob = chain.account("bob");
    chain.wait(500);
    chain.send(&chain.validator(0), &ExecuteMsg::Unjail {});
    chain.delegate(&bob, 0, 5_000);
    let all = chain.undelegation(1, None);
    chain.send(&alice, &all);
    assert_eq!((chain.staked(&alice, 1), chain.unbonding_of(&alice).total.u128()), (0, 300));
}

#[test]
fn slashes_of_both_validators_add_up_in_any_order() {
    let mut left = Vec::new();
    for order in [[0, 1], [1, 0]] {
        let (mut chain, slasher, alice) = three();
        chain.redelegate(&alice, 0, 1, 600);
        chain.snapshot();
        for number in order {
            slash(&mut chain, &slasher, number, 1, 5_000);
        }
        chain.settle(&alice, 1);
        assert_eq!(chain.validator_info(1).self_bond.u128(), 500);
        left.push(chain.staked(&alice, 1));
    }
    assert_eq!(left, [150, 150]);
}

#[test]
fn stake_that_came_from_several_validators_answers_for_each() {
    let (mut chain, slasher, alice) = three();
    chain.delegate(&alice, 1, 400);
    chain.redelegate(&alice, 0, 2, 400);
    chain.redelegate(&alice, 1, 2, 400);
    chain.delegate(&alice, 2, 100);
    let both = chain.slash_of(&[0, 1], 1, 5_000);
    chain.send(&slasher, &both);
    chain.settle(&alice, 2);
    assert_eq!((chain.staked(&alice, 2), chain.bonded(2)), (500, 1_500));
    // The free part was not touched.
    let free = chain.undelegation(2, None);
    chain.send(&alice, &free);
    assert_eq!(chain.unbonding_of(&alice).total.u128(), 100);
}

#[test]
fn a_slash_of_everything_closes_the_delegation() {
    let (mut chain, slasher, alice) = three();
    chain.redelegate(&alice, 0, 1, 1_000);
    slash(&mut chain, &slasher, 0, 1, 10_000);
    chain.settle(&alice, 1);
    assert_eq!((chain.staked(&alice, 1), chain.bonded(1), chain.redelegations(&alice).len()), (0, 1_000, 0));
    let all = chain.undelegation(1, None);
    assert!(matches!(chain.refused(&alice, &all), ContractError::NoDelegation { .. }));
}

#[test]
fn shares_that_lost_everything_are_given_up_without_a_wait() {
    let (mut chain, slasher, alice) = three();
    chain.redelegate(&alice, 0, 1, 1_000);
    let both = chain.slash_of(&[0, 1], 1, 10_000);
    chain.send(&slasher, &both);
    let supply = chain.supply();
    // Nothing is left that could answer, so nobody keeps the validator from beginning anew.
    let all = chain.undelegation(1, None);
    let response = chain.send(&alice, &all);
    assert!(response.events.iter().any(|event| event.ty == "wasm-staking/given_up"));
    assert_eq!((chain.supply(), chain.redelegations(&alice).len()), (supply, 0));
}

#[test]
fn many_slashes_are_read_over_several_messages() {
    let (mut chain, slasher, alice) = three();
    chain.delegate(&alice, 1, 100);
    chain.redelegate(&alice, 0, 1, 900);
    for _ in 0..70 {
        slash(&mut chain, &slasher, 0, 1, 1);
    }
    chain.snapshot();
    chain.wait(1_000);
    // The time is over, and yet it cannot leave before all are read; what is free can.
    let all = chain.undelegation(1, 500);
    let unread = ContractError::SlashesUnread { validator: chain.validator(1), from: chain.validator(0) };
    assert_eq!(chain.refused(&alice, &all), unread);
    let free = chain.undelegation(1, None);
    chain.send(&alice, &free);
    assert_eq!(chain.unbonding_of(&alice).total.u128(), 100);
    assert_eq!(chain.redelegations(&alice)[0].unread_slashes.u64(), 38);
    chain.settle(&alice, 1);
    assert_eq!(chain.redelegations(&alice)[0].unread_slashes.u64(), 6);
    chain.send(&alice, &free);
    // Seventy times a ten-thousandth of 900, each rounded up to a whole uopen.
    assert_eq!(chain.unbonding_of(&alice).total.u128(), 100 + 830);
}

/// What a slash costs does not depend on how many moved before it.
#[test]
fn a_slash_costs_the_same_however_many_redelegations_there_are() {
    let rows = |movers: u8| {
        let (mut chain, slasher, _) = three();
        for number in 10..10 + movers {
            let account = chain.validator(number);
            chain.delegate(&account, 0, 100);
            for _ in 0..8 {
                chain.redelegate(&account, 0, 1, 5);
            }
        }
        chain.wait(1);
        let before = chain.app.dump_wasm_raw(&chain.staking);
        slash(&mut chain, &slasher, 0, 1, 1_000);
        let after = chain.app.dump_wasm_raw(&chain.staking);
        after.iter().filter(|row| !before.contains(row)).count()
    };
    assert_eq!(rows(0), rows(12));
}

/// Many small redelegations lose at least what a large one loses, and nobody else loses for them.
#[test]
fn dribbling_saves_nothing() {
    let (mut chain, slasher, alice) = three();
    // Shares of the second validator are worth less than a uopen.
    slash(&mut chain, &slasher, 1, 1, 3_333);
    chain.wait(500);
    chain.send(&chain.validator(1), &ExecuteMsg::Unjail {});
    for amount in [1, 2, 3, 5, 7, 11, 13, 17] {
        chain.redelegate(&alice, 0, 1, amount);
    }
    let own = chain.validator_info(1).self_bond;
    let (moved, open) = (chain.staked(&alice, 1), chain.redelegations(&alice));
    let tenths: u128 = open.iter().map(|one| one.amount.u128().div_ceil(10)).sum();
    slash(&mut chain, &slasher, 0, 1, 1_000);
    let (supply, rich) = (chain.supply(), chain.balance(&alice));
    chain.settle(&alice, 1);
    assert_eq!((supply - chain.supply(), tenths), (9, 9));
    assert!(chain.staked(&alice, 1) <= moved - moved.div_ceil(10), "{} of {moved}", chain.staked(&alice, 1));
    assert!(chain.validator_info(1).self_bond >= own);
    assert_eq!(chain.balance(&alice), rich);
}

#[test]
fn until_it_is_settled_the_stake_counts_where_it_went() {
    let (mut chain, slasher, alice) = three();
    chain.redelegate(&alice, 0, 1, 1_000);
    slash(&mut chain, &slasher, 0, 1, 5_000);
    let second = chain.snapshot();
    assert_eq!(second.total_power.u128(), 3_000);
    chain.fund(3_000);
    assert_eq!(chain.claimable_by(&alice), 1_000);
    chain.settle(&alice, 1);
    // What it earned stays earned, and the next set counts what is left.
    assert_eq!(chain.claimable_by(&alice), 1_000);
    chain.wait(10);
    assert_eq!(chain.snapshot().total_power.u128(), 2_500);
    chain.fund(2_500);
    assert_eq!(chain.claimable_by(&alice), 1_500);
}

#[test]
fn where_nothing_was_redelegated_nothing_is_settled() {
    let (mut chain, _, alice) = three();
    let (there, nowhere) = (chain.settlement(&alice, 0), chain.settlement(&alice, 7));
    assert_eq!(chain.refused(&alice, &there), ContractError::NothingToSettle { next: None });
    assert_eq!(chain.refused(&alice, &nowhere), ContractError::NotRegistered { validator: chain.validator(7) });
}

#[test]
fn a_slash_of_nothing_leaves_no_record() {
    let (mut chain, slasher, alice) = three();
    chain.redelegate(&alice, 0, 1, 1_000);
    slash(&mut chain, &slasher, 0, 1, 0);
    assert_eq!(chain.redelegations(&alice)[0].unread_slashes.u64(), 0);
    assert_eq!((chain.staked(&alice, 1), chain.balance(&alice)), (1_000, RICH - 1_000));
    assert_eq!(chain.solvency().bonded, Uint128::new(4_000));
}
