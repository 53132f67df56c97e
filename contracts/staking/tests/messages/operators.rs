use cosmwasm_std::Uint128;
use openledger_contract_kit::KitError;
use staking::{
    client::Client,
    msg::{Bps, ExecuteMsg, OperatorResponse, QueryMsg},
    ContractError,
};

use crate::chain::{Chain, RICH};

const WITHDRAW: ExecuteMsg = ExecuteMsg::WithdrawOperator {};

fn register(amount: u128) -> ExecuteMsg {
    ExecuteMsg::RegisterOperator {
        amount: Uint128::new(amount),
        endpoint: "http://node-1:9000".try_into().unwrap(),
        moniker: "node 1".try_into().unwrap(),
    }
}

fn bond(amount: u128) -> ExecuteMsg {
    ExecuteMsg::BondOperator { amount: Uint128::new(amount) }
}

fn unbond(amount: u128) -> ExecuteMsg {
    ExecuteMsg::UnbondOperator { amount: Uint128::new(amount) }
}

fn slash(chain: &Chain, points: u16, bar: bool) -> ExecuteMsg {
    let operator = chain.account("alice").to_string();
    ExecuteMsg::SlashOperator { case_id: 9u64.into(), operator, fraction: Bps::new(points).unwrap(), bar }
}

fn operator(chain: &Chain) -> OperatorResponse {
    chain.query(&QueryMsg::Operator { operator: chain.account("alice").to_string() })
}

#[test]
fn a_node_operator_bonds_by_allowance_and_others_read_it_raw() {
    let mut chain = Chain::new();
    let alice = chain.account("alice");
    chain.refused_raw(&alice, &register(70));
    chain.allow(&alice, 100);
    chain.send(&alice, &register(70));
    chain.send(&alice, &bond(30));
    let shown = operator(&chain);
    assert_eq!((shown.bond, shown.unbonding, shown.barred), (Uint128::new(100), Uint128::zero(), false));
    assert_eq!((shown.endpoint.as_str(), shown.moniker.as_str()), ("http://node-1:9000", "node 1"));
    assert_eq!((chain.solvency().operators, chain.balance(&alice)), (Uint128::new(100), RICH - 100));
    let client = Client::new(&chain.staking);
    let read = client.operator(&chain.app.wrap(), &alice).unwrap().unwrap();
    assert_eq!((read.bond, read.barred), (Uint128::new(100), false));
    assert!(client.operator(&chain.app.wrap(), &chain.account("bob")).unwrap().is_none());
    // It is neither a validator nor voting power.
    assert_eq!(chain.solvency().bonded, Uint128::zero());
}

#[test]
fn too_little_twice_and_strangers_are_refused() {
    let mut chain = Chain::new();
    let alice = chain.account("alice");
    chain.allow(&alice, 500);
    assert_eq!(chain.refused(&alice, &register(0)), ContractError::ZeroAmount);
    let short = ContractError::BondTooSmall { bonded: Uint128::new(49), minimum: Uint128::new(50) };
    assert_eq!(chain.refused(&alice, &register(49)), short);
    for message in [bond(60), unbond(1), WITHDRAW] {
        assert_eq!(chain.refused(&alice, &message), ContractError::NotOperator { operator: alice.clone() });
    }
    chain.send(&alice, &register(50));
    assert_eq!(chain.refused(&alice, &register(50)), ContractError::OperatorRegistered { operator: alice.clone() });
    assert_eq!(chain.refused(&alice, &bond(0)), ContractError::ZeroAmount);
    assert_eq!(chain.refused(&alice, &unbond(0)), ContractError::ZeroAmount);
}

#[test]
fn a_bond_leaves_after_the_wait_in_a_bounded_number_of_parts() {
    let mut chain = Chain::new();
    let alice = chain.account("alice");
    chain.allow(&alice, 500);
    chain.send(&alice, &register(100));
    assert!(matches!(chain.refused(&alice, &unbond(51)), ContractError::BondTooSmall { .. }));
    assert!(matches!(chain.refused(&alice, &unbond(101)), ContractError::UnbondTooMuch { .. }));
    assert_eq!(chain.refused(&alice, &WITHDRAW), ContractError::NothingDue { next: None });
    // The second leaves exactly the minimum.
    for amount in [10, 40, 50] {
        chain.send(&alice, &unbond(amount));
    }
    chain.send(&alice, &bond(60));
    assert_eq!(chain.refused(&alice, &unbond(60)), ContractError::TooManyUnbondings { max: 3 });
    chain.wait(999);
    assert_eq!(chain.refused(&alice, &WITHDRAW), ContractError::NothingDue { next: Some(chain.now() + 1) });
    chain.wait(1);
    chain.send(&alice, &WITHDRAW);
    assert_eq!((chain.balance(&alice), chain.solvency().operators), (RICH - 60, Uint128::new(60)));
    chain.send(&alice, &unbond(60));
    chain.wait(1_000);
    chain.send(&alice, &WITHDRAW);
    assert_eq!(chain.balance(&alice), RICH);
    // Coming back takes the minimum.
    assert!(matches!(chain.refused(&alice, &bond(49)), ContractError::BondTooSmall { .. }));
    chain.send(&alice, &bond(50));
}

#[test]
fn a_slash_reaches_the_bond_and_what_is_on_its_way_out() {
    let (mut chain, slasher) = Chain::new().with_slasher();
    let alice = chain.account("alice");
    chain.allow(&alice, 300);
    chain.send(&alice, &register(300));
    chain.send(&alice, &unbond(101));
    let message = slash(&chain, 5_000, false);
    let response = chain.send(&slasher, &message);
    let shown = operator(&chain);
    // Rounded up, each by itself.
    assert_eq!((shown.bond, shown.unbonding, shown.barred), (Uint128::new(99), Uint128::new(50), false));
    assert_eq!((chain.balance(&slasher), chain.solvency().operators), (151, Uint128::new(149)));
    let hook = r#"{"slashed":{"case_id":"9"}}"#;
    assert_eq!(response.events.iter().flat_map(|event| &event.attributes).filter(|one| one.value == hook).count(), 1);
    chain.wait(1_000);
    chain.send(&alice, &WITHDRAW);
    assert_eq!(chain.balance(&alice), RICH - 250);
}

#[test]
fn a_barred_operator_only_leaves() {
    let (mut chain, slasher) = Chain::new().with_slasher();
    let alice = chain.account("alice");
    chain.allow(&alice, 500);
    chain.send(&alice, &register(100));
    let message = slash(&chain, 9_000, true);
    chain.send(&slasher, &message);
    let message = slash(&chain, 0, false);
    chain.send(&slasher, &message);
    assert!(operator(&chain).barred);
    assert_eq!(chain.refused(&alice, &bond(100)), ContractError::OperatorBarred { operator: alice.clone() });
    assert!(matches!(chain.refused(&alice, &register(100)), ContractError::OperatorRegistered { .. }));
    // Below the minimum by the slash, and the rest may go.
    chain.send(&alice, &unbond(10));
    chain.wait(1_000);
    chain.send(&alice, &WITHDRAW);
    assert_eq!(chain.balance(&alice), RICH - 90);
}

#[test]
fn only_the_slasher_slashes() {
    let (mut chain, _) = Chain::new().with_slasher();
    let alice = chain.account("alice");
    chain.allow(&alice, 100);
    chain.send(&alice, &register(100));
    let message = slash(&chain, 5_000, true);
    for sender in [chain.owner.clone(), alice] {
        assert!(matches!(chain.refused(&sender, &message), ContractError::Kit(KitError::Unauthorized { .. })));
    }
}

#[test]
fn an_exit_worth_nothing_is_closed_without_a_payment() {
    let (mut chain, slasher) = Chain::new().with_slasher();
    let alice = chain.account("alice");
    chain.allow(&alice, 100);
    chain.send(&alice, &register(100));
    chain.send(&alice, &unbond(100));
    let message = slash(&chain, 10_000, false);
    chain.send(&slasher, &message);
    chain.wait(1_000);
    let response = chain.send(&alice, &WITHDRAW);
    assert!(!response.events.iter().any(|event| event.ty == "wasm"));
    assert_eq!((chain.balance(&alice), operator(&chain).unbonding), (RICH - 100, Uint128::zero()));
    let response = chain.send(&slasher, &message);
    assert!(!response.events.iter().any(|event| event.ty == "wasm"));
}
