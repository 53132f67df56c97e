use staking::{
    msg::{Bps, Commission, ExecuteMsg},
    ContractError,
};

use crate::chain::{Chain, RICH};

const CLAIM: ExecuteMsg = ExecuteMsg::ClaimRewards {};
const DAY: u64 = 86_400;

fn bps(points: u16) -> Bps {
    Bps::new(points).unwrap()
}

fn rate(points: u16) -> ExecuteMsg {
    ExecuteMsg::UpdateCommission { rate: bps(points) }
}

fn registration(chain: &Chain, number: u8, [rate, max_rate, max_change]: [u16; 3]) -> ExecuteMsg {
    let mut message = chain.registration(number, 100);
    if let ExecuteMsg::RegisterValidator { commission, .. } = &mut message {
        *commission = Some(Commission { rate: bps(rate), max_rate: bps(max_rate), max_change: bps(max_change) });
    }
    message
}

fn chain_with(limits: [u16; 3]) -> Chain {
    let mut chain = Chain::new();
    let account = chain.validator(0);
    chain.allow(&account, 100);
    let message = registration(&chain, 0, limits);
    chain.send(&account, &message);
    chain
}

#[test]
fn the_validator_takes_its_part_first_and_delegators_share_the_rest() {
    let mut chain = chain_with([1_000, 2_000, 100]);
    let alice = chain.account("alice");
    chain.delegate(&alice, 0, 300);
    chain.snapshot();
    chain.fund(1_000);
    // 100 of 1,000 first, then a quarter and three quarters of 900.
    assert_eq!((chain.claimable(0), chain.claimable_by(&alice)), (100 + 225, 675));
    chain.send(&alice, &CLAIM);
    chain.send(&chain.validator(0), &CLAIM);
    assert_eq!((chain.balance(&alice), chain.balance(&chain.validator(0))), (RICH - 300 + 675, RICH - 100 + 325));
    assert!(chain.solvency().rewards.is_zero());
}

#[test]
fn a_validator_that_left_still_receives_its_commission() {
    let mut chain = chain_with([1_000, 2_000, 100]);
    let alice = chain.account("alice");
    chain.delegate(&alice, 0, 300);
    chain.snapshot();
    chain.unbond(0, 100);
    // The newest set still counts its delegators.
    chain.fund(900);
    assert_eq!((chain.claimable(0), chain.claimable_by(&alice)), (90, 810));
    chain.send(&chain.validator(0), &CLAIM);
    chain.send(&alice, &CLAIM);
}

#[test]
fn whoever_delegates_after_a_funding_has_no_part_in_it() {
    let mut chain = chain_with([0, 0, 0]);
    chain.snapshot();
    chain.fund(1_000);
    let alice = chain.account("alice");
    chain.delegate(&alice, 0, 900);
    assert_eq!((chain.claimable(0), chain.claimable_by(&alice)), (1_000, 0));
    assert_eq!(chain.refused(&alice, &CLAIM), ContractError::NoRewards { account: alice.clone() });
    let leave = chain.undelegation(0, None);
    chain.send(&alice, &leave);
    chain.fund(1_000);
    assert_eq!(chain.claimable(0), 2_000);
}

#[test]
fn rewards_outlive_the_delegation() {
    let mut chain = chain_with([0, 0, 0]);
    let alice = chain.account("alice");
    chain.delegate(&alice, 0, 300);
    chain.snapshot();
    chain.fund(1_000);
    let leave = chain.undelegation(0, None);
    chain.send(&alice, &leave);
    assert_eq!(chain.claimable_by(&alice), 750);
    chain.send(&alice, &CLAIM);
}

#[test]
fn what_was_earned_before_a_change_is_shared_by_the_old_rate() {
    let mut chain = chain_with([0, 10_000, 10_000]);
    let alice = chain.account("alice");
    chain.delegate(&alice, 0, 300);
    chain.snapshot();
    chain.wait(DAY);
    chain.fund(1_000);
    chain.send(&chain.validator(0), &rate(10_000));
    assert_eq!((chain.claimable(0), chain.claimable_by(&alice)), (250, 750));
    chain.fund(1_000);
    assert_eq!((chain.claimable(0), chain.claimable_by(&alice)), (1_250, 750));
}

#[test]
fn a_commission_rises_by_steps_once_a_day_up_to_its_maximum() {
    let mut chain = chain_with([500, 700, 150]);
    let account = chain.validator(0);
    chain.wait(DAY - 1);
    assert_eq!(chain.refused(&account, &rate(501)), ContractError::CommissionTooSoon { not_before: chain.now() + 1 });
    chain.wait(1);
    let jump = ContractError::CommissionStepTooHigh { step: bps(151), max: bps(150) };
    assert_eq!(chain.refused(&account, &rate(651)), jump);
    chain.send(&account, &rate(650));
    assert!(matches!(chain.refused(&account, &rate(700)), ContractError::CommissionTooSoon { .. }));
    chain.wait(DAY);
    let high = ContractError::CommissionTooHigh { rate: bps(701), max: bps(700) };
    assert_eq!(chain.refused(&account, &rate(701)), high);
    // Down goes at once, and back up step by step.
    chain.send(&account, &rate(0));
    chain.wait(DAY);
    assert!(matches!(chain.refused(&account, &rate(700)), ContractError::CommissionStepTooHigh { .. }));
    assert_eq!(chain.validator_info(0).commission.rate, bps(0));
}

#[test]
fn limits_that_contradict_each_other_are_refused() {
    let mut chain = Chain::new();
    let account = chain.validator(0);
    chain.allow(&account, 100);
    let above = registration(&chain, 0, [600, 500, 10]);
    assert!(matches!(chain.refused(&account, &above), ContractError::CommissionTooHigh { .. }));
    let wild = registration(&chain, 0, [400, 500, 501]);
    assert!(matches!(chain.refused(&account, &wild), ContractError::CommissionStepTooHigh { .. }));
}

#[test]
fn without_a_commission_there_is_none_for_ever() {
    let mut chain = Chain::new();
    chain.register(0, 100);
    chain.wait(DAY);
    assert!(matches!(chain.refused(&chain.validator(0), &rate(1)), ContractError::CommissionTooHigh { .. }));
    let stranger = chain.validator(1);
    assert_eq!(chain.refused(&stranger, &rate(1)), ContractError::NotRegistered { validator: stranger });
}
