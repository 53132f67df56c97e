//! Money from outside for the sessions of a false batch whose epoch has paid.

use cosmwasm_std::{to_json_binary, Addr, Uint128, Uint64};
use cw20::Cw20ExecuteMsg;
use cw_multi_test::{error::AnyError, AppResponse, Executor};
use openledger_contract_kit::KitError;
use proptest::prelude::*;
use settlement::{
    msg::{BatchStatus, ExecuteMsg, ReceiveMsg},
    ContractError,
};

use crate::chain::{Chain, RICH};

fn restore(chain: &mut Chain, from: &Addr, batch_id: u64, amount: u128) -> Result<AppResponse, AnyError> {
    let msg = to_json_binary(&ReceiveMsg::Restitution { batch_id: Uint64::new(batch_id) }).unwrap();
    let send = Cw20ExecuteMsg::Send { contract: chain.settlement.to_string(), amount: Uint128::new(amount), msg };
    let token = chain.token.clone();
    chain.app.execute_contract(from.clone(), token, &send, &[])
}

fn refused(chain: &mut Chain, from: &Addr, batch_id: u64, amount: u128) -> ContractError {
    let before = chain.app.dump_wasm_raw(&chain.settlement);
    let error = restore(chain, from, batch_id, amount).unwrap_err();
    assert_eq!(before, chain.app.dump_wasm_raw(&chain.settlement));
    error.downcast().unwrap()
}

/// Batch 1 of three sessions, accepted.
fn accepted(charges: [u128; 3]) -> Chain {
    let mut chain = Chain::new();
    let mut list = Vec::new();
    for (number, charge) in (0u8..).zip(charges) {
        let session_id = chain.open(number, 1_000_000);
        list.push(chain.charge(number, session_id, charge, 1));
    }
    let total = charges.iter().sum();
    let (node, alice) = (chain.node(), chain.account("alice"));
    let batch = chain.batch(1, total, list);
    chain.send(&node, &batch);
    chain.credit(&alice, total);
    chain.accept(1, &[1]);
    chain.wait(100);
    chain
}

fn refunds(chain: &Chain) -> [u128; 3] {
    [1, 2, 3].map(|session_id| chain.session(session_id).refunded.u128())
}

#[test]
fn sessions_get_it_in_proportion_and_a_settled_one_passes_it_on() {
    let mut chain = accepted([100, 200, 300]);
    let (buyer, anyone) = (chain.buyer(0), chain.account("validator 5"));
    chain.wait(5_500);
    chain.send(&anyone, &ExecuteMsg::SettleSession { session_id: Uint64::one() });
    assert_eq!(chain.balance(&buyer), RICH - 100);
    restore(&mut chain, &anyone, 1, 60).unwrap();
    assert_eq!(refunds(&chain), [10, 20, 30]);
    assert_eq!(chain.books(), [1_999_550, 0, 600, 10]);
    chain.send(&anyone, &ExecuteMsg::SettleSession { session_id: Uint64::one() });
    assert_eq!(chain.balance(&buyer), RICH - 90);
    chain.books();
}

#[test]
fn nobody_gets_more_than_it_was_charged() {
    let mut chain = accepted([100, 200, 300]);
    let anyone = chain.account("validator 5");
    restore(&mut chain, &anyone, 1, 599).unwrap();
    let too_much = ContractError::TooMuchRestitution { batch_id: 1, amount: 2u128.into(), missing: 1u128.into() };
    assert_eq!(refused(&mut chain, &anyone, 1, 2), too_much);
    restore(&mut chain, &anyone, 1, 1).unwrap();
    assert_eq!(refunds(&chain), [100, 200, 300]);
    chain.books();
}

#[test]
fn a_batch_that_can_still_be_voided_needs_none() {
    let mut chain = Chain::new();
    chain.with_batch();
    chain.accept(1, &[1]);
    chain.wait(99);
    let anyone = chain.account("validator 5");
    let accepted = ContractError::NoRestitution { batch_id: 1, status: BatchStatus::Accepted };
    assert_eq!(refused(&mut chain, &anyone, 1, 5), accepted);
    chain.wait(1);
    restore(&mut chain, &anyone, 1, 5).unwrap();
}

#[test]
fn only_an_accepted_batch_takes_it_and_only_from_the_token() {
    let mut chain = Chain::new();
    chain.with_batch();
    let anyone = chain.account("validator 5");
    let pending = ContractError::NoRestitution { batch_id: 1, status: BatchStatus::Pending };
    assert_eq!(refused(&mut chain, &anyone, 1, 5), pending);
    assert_eq!(refused(&mut chain, &anyone, 2, 5), ContractError::UnknownBatch { batch_id: 2 });
    let msg = to_json_binary(&ReceiveMsg::Restitution { batch_id: Uint64::one() }).unwrap();
    let forged = cw20::Cw20ReceiveMsg { sender: anyone.to_string(), amount: Uint128::new(1_000), msg };
    let error = chain.refused(&anyone, &ExecuteMsg::Receive(forged));
    assert!(matches!(error, ContractError::Kit(KitError::Unauthorized { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// However the money comes, every unit arrives, parts never shrink, and nobody gets more than it was charged.
    #[test]
    fn any_payments_arrive_to_the_last_unit(charges in [1u128..5_000, 1..5_000, 1..5_000], parts in prop::collection::vec(1u128..3_000, 1..12)) {
        let mut chain = accepted(charges);
        let anyone = chain.account("validator 5");
        let mut missing: u128 = charges.iter().sum();
        let mut before = [0; 3];
        for part in parts {
            let part = part.min(missing);
            if part == 0 {
                break;
            }
            restore(&mut chain, &anyone, 1, part).unwrap();
            missing -= part;
            let now = refunds(&chain);
            prop_assert_eq!(now.iter().sum::<u128>(), before.iter().sum::<u128>() + part);
            prop_assert!(now.iter().zip(before).all(|(now, before)| *now >= before));
            prop_assert!(now.iter().zip(charges).all(|(now, charge)| *now <= charge));
            before = now;
            chain.books();
        }
    }
}
