//! A node's bond bounds what it has in batches that no epoch has accepted.

use cosmwasm_std::{Uint128, Uint64};
use cw20::Cw20ExecuteMsg;
use cw_multi_test::Executor;
use settlement::{
    msg::{ExecuteMsg, NodeResponse, Params, QueryMsg},
    ContractError,
};

use crate::chain::{params, Chain};

/// Bonds answer for ten times as much; one session of 1,000.
fn bonded(bond: u128) -> Chain {
    let mut chain = Chain::new();
    let owner = chain.owner.clone();
    chain.send(&owner, &ExecuteMsg::UpdateParams { params: Params { exposure_factor: 10, ..params() } });
    chain.open(0, 1_000);
    if bond > 0 {
        bond_node(&mut chain, bond);
    }
    chain
}

fn bond_node(chain: &mut Chain, amount: u128) {
    let (node, rich) = (chain.node(), chain.account("validator 5"));
    let (token, staking) = (chain.token.clone(), chain.staking.clone());
    let give = Cw20ExecuteMsg::Transfer { recipient: node.to_string(), amount: Uint128::new(amount) };
    chain.app.execute_contract(rich, token, &give, &[]).unwrap();
    chain.allow(&node, &staking, amount);
    let register = staking::msg::ExecuteMsg::RegisterOperator {
        amount: Uint128::new(amount),
        endpoint: "http://127.0.0.1:1".try_into().unwrap(),
        moniker: "a node".try_into().unwrap(),
    };
    chain.app.execute_contract(node, staking, &register, &[]).unwrap();
}

/// A batch that brings the session's charges to `fee`.
fn batch(chain: &Chain, sequence: u64, fee: u128) -> ExecuteMsg {
    let charged = chain.session(1).charged.u128();
    chain.batch(sequence, fee - charged, vec![chain.charge(0, 1, fee, sequence)])
}

fn pending(chain: &Chain) -> u128 {
    let address = chain.node().into_string();
    chain.query::<NodeResponse>(&QueryMsg::Node { address }).pending.u128()
}

#[test]
fn a_node_without_a_bond_submits_nothing() {
    let mut chain = bonded(0);
    let node = chain.node();
    let message = batch(&chain, 1, 10);
    assert_eq!(chain.refused(&node, &message), ContractError::NotAnOperator { node });
}

#[test]
fn open_batches_are_bounded_by_the_bond() {
    let mut chain = bonded(30);
    let node = chain.node();
    let message = batch(&chain, 1, 200);
    chain.send(&node, &message);
    let too_much = batch(&chain, 2, 301);
    let (pending_, bond) = (Uint128::new(301), Uint128::new(30));
    let expected = ContractError::BondTooSmall { node: node.clone(), pending: pending_, bond, factor: 10 };
    assert_eq!(chain.refused(&node, &too_much), expected);
    let exactly = batch(&chain, 2, 300);
    chain.send(&node, &exactly);
    assert_eq!(pending(&chain), 300);
}

#[test]
fn acceptance_refund_and_voiding_make_room_and_a_voided_epoch_takes_it_back() {
    let mut chain = bonded(30);
    let (node, owner, arbiter) = (chain.node(), chain.owner.clone(), chain.account("arbiter"));
    chain.send(&owner, &ExecuteMsg::SetArbiter { arbiter: arbiter.to_string() });
    let first = batch(&chain, 1, 300);
    chain.send(&node, &first);
    let alice = chain.account("alice");
    chain.credit(&alice, 300);
    chain.accept(1, &[1]);
    assert_eq!(pending(&chain), 0);
    let second = batch(&chain, 2, 500);
    chain.send(&node, &second);
    assert_eq!(pending(&chain), 200);
    // The batch of the voided epoch waits again, so both count, and nothing more fits.
    chain.send(&arbiter, &ExecuteMsg::VoidEpochs { epoch: Uint64::one() });
    assert_eq!(pending(&chain), 500);
    let third = batch(&chain, 3, 501);
    assert!(matches!(chain.refused(&node, &third), ContractError::BondTooSmall { .. }));
    chain.send(&arbiter, &ExecuteMsg::VoidBatch { batch_id: Uint64::one() });
    assert_eq!(pending(&chain), 200);
    chain.wait(1_000);
    chain.send(&alice, &ExecuteMsg::RefundBatch { batch_id: Uint64::new(2) });
    assert_eq!(pending(&chain), 0);
}

#[test]
fn a_bond_that_leaves_answers_for_nothing_new() {
    let mut chain = bonded(30);
    let (node, staking) = (chain.node(), chain.staking.clone());
    let leave = staking::msg::ExecuteMsg::UnbondOperator { amount: Uint128::new(30) };
    chain.app.execute_contract(node.clone(), staking, &leave, &[]).unwrap();
    let message = batch(&chain, 1, 10);
    assert!(matches!(chain.refused(&node, &message), ContractError::BondTooSmall { .. }));
}
