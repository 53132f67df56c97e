use cosmwasm_std::{Addr, Uint128};
use cw_multi_test::AppResponse;
use openledger_contract_kit::KitError;
use staking::{
    msg::{Bps, ExecuteMsg},
    ContractError,
};

use crate::chain::{Chain, RICH};

fn hooks(response: &AppResponse) -> Vec<(String, String)> {
    let attribute = |event: &cosmwasm_std::Event, key: &str| {
        event.attributes.iter().find(|attribute| attribute.key == key).map(|attribute| attribute.value.clone())
    };
    let events = response.events.iter().filter(|event| event.ty == "wasm");
    events.filter_map(|event| Some((attribute(event, "hook")?, attribute(event, "amount")?))).collect()
}

fn slashed(chain: &mut Chain, slasher: &Addr, numbers: &[u8], set_id: u64, points: u16) -> AppResponse {
    let message = chain.slash_of(numbers, set_id, points);
    chain.send(slasher, &message)
}

#[test]
fn everybody_behind_a_validator_loses_the_same_fraction() {
    let (mut chain, slasher) = Chain::new().with_slasher();
    chain.register_all(&[1_000, 400]);
    let alice = chain.account("alice");
    chain.delegate(&alice, 0, 500);
    chain.snapshot();
    let response = slashed(&mut chain, &slasher, &[0, 1], 1, 1_000);
    assert_eq!((chain.validator_info(0).self_bond.u128(), chain.staked(&alice, 0), chain.bonded(1)), (900, 450, 360));
    // One message with the whole sum, which names the case.
    assert_eq!(hooks(&response), [(r#"{"slashed":{"case_id":"7"}}"#.to_owned(), "190".to_owned())]);
    assert_eq!(chain.balance(&slasher), 190);
    let books = chain.solvency();
    assert_eq!((books.bonded, books.held), (Uint128::new(1_710), Uint128::new(1_710)));
}

#[test]
fn what_left_after_the_set_is_reached_and_what_left_before_is_not() {
    let (mut chain, slasher) = Chain::new().with_slasher();
    chain.register(0, 1_000);
    let (alice, bob) = (chain.account("alice"), chain.account("bob"));
    chain.delegate(&alice, 0, 400);
    chain.delegate(&bob, 0, 400);
    chain.snapshot();
    let part = chain.undelegation(0, 400);
    chain.send(&alice, &part);
    chain.wait(100);
    chain.snapshot();
    // Bob sees the case coming and runs.
    chain.send(&bob, &part);
    let response = slashed(&mut chain, &slasher, &[0], 2, 5_000);
    assert_eq!(chain.unbonding_of(&alice).total.u128(), 400);
    assert_eq!(chain.unbonding_of(&bob).total.u128(), 200);
    assert_eq!((chain.bonded(0), hooks(&response)[0].1.as_str()), (500, "700"));
    // An infraction in the first set reaches both.
    slashed(&mut chain, &slasher, &[0], 1, 5_000);
    assert_eq!((chain.unbonding_of(&alice).total.u128(), chain.unbonding_of(&bob).total.u128()), (200, 100));
    chain.wait(10);
    chain.snapshot();
    chain.wait(1_000);
    chain.send(&alice, &ExecuteMsg::WithdrawUnbonded {});
    chain.send(&bob, &ExecuteMsg::WithdrawUnbonded {});
    assert_eq!((chain.balance(&alice), chain.balance(&bob)), (RICH - 200, RICH - 300));
    assert_eq!(chain.solvency().unbonding, Uint128::zero());
}

#[test]
fn whoever_unbonds_after_the_set_answers_too() {
    let (mut chain, slasher) = Chain::new().with_slasher();
    chain.register(0, 1_000);
    chain.snapshot();
    chain.unbond(0, 1_000);
    slashed(&mut chain, &slasher, &[0], 1, 10_000);
    assert_eq!((chain.unbonding(0).total, chain.balance(&slasher)), (Uint128::zero(), 1_000));
    chain.wait(10);
    chain.snapshot();
    chain.wait(1_000);
    // An entry that is worth nothing is closed without a payment.
    let response = chain.send(&chain.validator(0), &ExecuteMsg::WithdrawUnbonded {});
    assert!(!response.events.iter().any(|event| event.ty == "wasm"));
    assert_eq!((chain.balance(&chain.validator(0)), chain.solvency().held), (RICH - 1_000, Uint128::zero()));
}

#[test]
fn what_the_newest_set_still_counts_answers_however_long_it_waited() {
    let (mut chain, slasher) = Chain::new().with_slasher();
    chain.register(0, 1_000);
    chain.snapshot();
    chain.unbond(0, 1_000);
    chain.wait(5_000);
    slashed(&mut chain, &slasher, &[0], 1, 4_000);
    assert_eq!(chain.unbonding(0).total.u128(), 600);
    // The next set lets it go, as long after as that set's predecessor is accepted.
    chain.snapshot();
    chain.wait(999);
    slashed(&mut chain, &slasher, &[0], 1, 5_000);
    assert_eq!(chain.unbonding(0).total.u128(), 300);
    chain.wait(1);
    slashed(&mut chain, &slasher, &[0], 1, 5_000);
    assert_eq!(chain.unbonding(0).total.u128(), 300);
    chain.send(&chain.validator(0), &ExecuteMsg::WithdrawUnbonded {});
    assert_eq!(chain.balance(&chain.validator(0)), RICH - 700);
}

#[test]
fn the_longest_wait_in_a_pool_counts() {
    let (mut chain, slasher) = Chain::new().with_slasher();
    chain.register(0, 1_000);
    let (alice, bob) = (chain.account("alice"), chain.account("bob"));
    chain.delegate(&alice, 0, 200);
    chain.delegate(&bob, 0, 200);
    chain.snapshot();
    let all = chain.undelegation(0, None);
    chain.send(&alice, &all);
    let longer = staking::msg::Params { unbonding_seconds: 5_000u64.into(), ..crate::chain::params() };
    chain.send(&chain.owner.clone(), &ExecuteMsg::UpdateParams { params: longer });
    chain.send(&bob, &all);
    chain.wait(10);
    chain.snapshot();
    chain.wait(4_000);
    slashed(&mut chain, &slasher, &[0], 1, 1_000);
    assert_eq!(chain.unbonding_of(&bob).total.u128(), 180);
}

#[test]
fn an_exit_answers_for_newer_sets_only_as_long_as_its_pool_takes_others() {
    let (mut chain, slasher) = Chain::new().with_slasher();
    chain.register(0, 1_000);
    let (alice, bob, carol) = (chain.account("alice"), chain.account("bob"), chain.account("carol"));
    for delegator in [&alice, &bob, &carol] {
        chain.delegate(delegator, 0, 200);
    }
    chain.snapshot();
    let all = chain.undelegation(0, None);
    chain.send(&alice, &all);
    // Within a sixteenth of the wait (62 seconds) Bob joins Alice's pool, which so answers for the second set.
    chain.wait(61);
    chain.snapshot();
    chain.send(&bob, &all);
    chain.wait(10);
    chain.snapshot();
    chain.send(&carol, &all);
    slashed(&mut chain, &slasher, &[0], 3, 1_000);
    let left = |chain: &Chain| [&alice, &bob, &carol].map(|account| chain.unbonding_of(account).total.u128());
    assert_eq!(left(&chain), [200, 200, 180]);
    slashed(&mut chain, &slasher, &[0], 2, 1_000);
    assert_eq!(left(&chain), [180, 180, 162]);
}

#[test]
fn a_slashed_validator_is_jailed_and_leaves_the_next_set() {
    let (mut chain, slasher) = Chain::new().with_slasher();
    chain.register_all(&[1_000, 400]);
    let first = chain.snapshot();
    slashed(&mut chain, &slasher, &[0], 1, 100);
    assert_eq!(chain.validator_info(0).jailed_until.unwrap().u64(), chain.now() + 500);
    assert_eq!(chain.query::<staking::msg::EpochSet>(&staking::msg::QueryMsg::LatestSet {}), first);
    // It earns nothing from now on.
    chain.fund(100);
    assert_eq!((chain.claimable(0), chain.claimable(1)), (0, 100));
    chain.wait(10);
    let second = chain.snapshot();
    assert_eq!(second.members.len(), 1);
    let alice = chain.account("alice");
    chain.allow(&alice, 5);
    let delegation = chain.delegation(0, 5);
    assert_eq!(chain.refused(&alice, &delegation), ContractError::NotCandidate { validator: chain.validator(0) });
}

#[test]
fn nothing_to_take_sends_nothing() {
    let (mut chain, slasher) = Chain::new().with_slasher();
    chain.register_all(&[100, 100]);
    chain.snapshot();
    let response = slashed(&mut chain, &slasher, &[1], 1, 0);
    assert!(hooks(&response).is_empty());
    assert!(chain.validator_info(1).jailed_until.is_some());
    slashed(&mut chain, &slasher, &[0], 1, 10_000);
    // Nothing is left to take.
    let response = slashed(&mut chain, &slasher, &[0], 1, 10_000);
    assert!(hooks(&response).is_empty());
    assert_eq!(chain.balance(&slasher), 100);
}

#[test]
fn only_the_slasher_slashes_and_only_what_it_can_name() {
    let (mut chain, slasher) = Chain::new().with_slasher();
    chain.register_all(&[100, 100]);
    chain.snapshot();
    let good = chain.slash_of(&[0], 1, 100);
    for sender in [chain.owner.clone(), chain.validator(0), chain.account("mallory")] {
        assert!(matches!(chain.refused(&sender, &good), ContractError::Kit(KitError::Unauthorized { .. })));
    }
    let twice = chain.slash_of(&[0, 1, 0], 1, 100);
    assert_eq!(chain.refused(&slasher, &twice), ContractError::NamedTwice { validator: chain.validator(0) });
    let nobody = chain.slash_of(&[], 1, 100);
    assert_eq!(chain.refused(&slasher, &nobody), ContractError::NobodyNamed);
    let many = chain.slash_of(&(0..101).collect::<Vec<u8>>(), 1, 100);
    assert!(matches!(chain.refused(&slasher, &many), ContractError::Kit(KitError::TooMany { .. })));
    let stranger = chain.slash_of(&[0, 5], 1, 100);
    assert_eq!(chain.refused(&slasher, &stranger), ContractError::NotRegistered { validator: chain.validator(5) });
    for set_id in [0, 2] {
        let unknown = chain.slash_of(&[0], set_id, 100);
        assert_eq!(chain.refused(&slasher, &unknown), ContractError::UnknownSet { set_id, latest: 1 });
    }
}

#[test]
fn before_a_slasher_is_named_nobody_slashes() {
    let mut chain = Chain::new();
    chain.register(0, 100);
    chain.snapshot();
    let message = chain.slash_of(&[0], 1, 100);
    assert!(matches!(chain.refused(&chain.owner.clone(), &message), ContractError::Kit(_)));
}

#[test]
fn the_largest_slash_takes_a_hundred_validators() {
    let (mut chain, slasher) =
        Chain::with(staking::msg::Params { max_validators: 100, ..crate::chain::params() }).with_slasher();
    let all: Vec<u8> = (0..100).collect();
    for number in &all {
        chain.register(*number, 1_000);
    }
    chain.snapshot();
    slashed(&mut chain, &slasher, &all, 1, 500);
    assert_eq!(chain.balance(&slasher), 5_000);
}

#[test]
fn a_tombstone_is_for_ever() {
    let (mut chain, slasher) = Chain::new().with_slasher();
    chain.register(0, 1_000);
    chain.snapshot();
    let mut message = chain.slash_of(&[0], 1, 100);
    if let ExecuteMsg::SlashValidators { tombstone, .. } = &mut message {
        *tombstone = true;
    }
    chain.send(&slasher, &message);
    // A later, lighter slash does not lift it.
    slashed(&mut chain, &slasher, &[0], 1, 0);
    chain.wait(10_000);
    let account = chain.validator(0);
    let out = ContractError::Tombstoned { validator: account.clone() };
    chain.allow(&account, 500);
    assert_eq!(chain.refused(&account, &ExecuteMsg::Unjail {}), out);
    assert_eq!(chain.refused(&account, &ExecuteMsg::BondMore { amount: Uint128::new(500) }), out);
    // The exit stays open.
    chain.snapshot();
    chain.unbond(0, 990);
    chain.wait(1_000);
    chain.send(&account, &ExecuteMsg::WithdrawUnbonded {});
    assert_eq!(chain.balance(&account), RICH - 10);
}

#[test]
fn the_slasher_is_named_once_by_the_owner() {
    let (mut chain, slasher) = Chain::new().with_slasher();
    let again = ExecuteMsg::SetSlasher { slasher: chain.account("mallory").to_string() };
    assert_eq!(chain.refused(&chain.owner.clone(), &again), ContractError::SlasherSet { slasher: slasher.clone() });
    assert!(matches!(chain.refused(&slasher, &again), ContractError::Kit(KitError::Unauthorized { .. })));
    let config: staking::msg::ConfigResponse = chain.query(&staking::msg::QueryMsg::Config {});
    assert_eq!(config.slasher, Some(slasher));
}

#[test]
fn an_operator_slash_leaves_validators_alone() {
    let (mut chain, slasher) = Chain::new().with_slasher();
    chain.register(0, 100);
    let operator = chain.validator(0).to_string();
    let fraction = Bps::new(100).unwrap();
    let message = ExecuteMsg::SlashOperator { case_id: 7u64.into(), operator, fraction, bar: true };
    assert_eq!(chain.refused(&slasher, &message), ContractError::NotOperator { operator: chain.validator(0) });
}
