use cosmwasm_std::Uint64;
use openledger_contract_kit::KitError;
use settlement::{
    msg::{ConfigResponse, ExecuteMsg, QueryMsg, SudoMsg},
    ContractError,
};

use crate::chain::Chain;

fn pause(until: u64) -> ExecuteMsg {
    ExecuteMsg::Pause { until: Uint64::new(until) }
}

fn is_paused(error: &ContractError) -> bool {
    matches!(error, ContractError::Kit(KitError::Paused { .. }))
}

#[test]
fn money_stops_coming_in_and_never_stops_going_out() {
    let mut chain = Chain::new();
    chain.with_batch();
    let (owner, buyer, node, anyone) = (chain.owner.clone(), chain.buyer(0), chain.node(), chain.account("anyone"));
    // A second batch, to be refunded.
    let charge = chain.charge(0, 1, 700, 2);
    chain.submit(2, 100, charge);
    let until = chain.now() + 600;
    chain.send(&owner, &pause(until));
    let config: ConfigResponse = chain.query(&QueryMsg::Config {});
    assert_eq!(config.paused_until, Some(Uint64::new(until)));

    chain.allow(&buyer, &chain.settlement.clone(), 100);
    let open = chain.open_msg(0, 100);
    assert!(is_paused(&chain.refused(&buyer, &open)));
    // What was served before can be charged: for a node that is the way out.
    let submit = chain.batch(3, 100, vec![chain.charge(0, 1, 800, 3)]);
    chain.send(&node, &submit);

    chain.accept(1, &[1]);
    chain.send(&buyer, &ExecuteMsg::CloseSession { session_id: Uint64::new(1) });
    chain.wait(100);
    let claim = chain.claim_msg(&chain.account("alice"));
    chain.send(&anyone, &claim);
    chain.wait(400);
    chain.send(&anyone, &ExecuteMsg::SettleSession { session_id: Uint64::new(1) });
    assert!(is_paused(&chain.refused(&buyer, &open)));
    chain.wait(100);
    chain.send(&buyer, &open);
}

#[test]
fn refunds_go_on_during_a_pause() {
    let mut chain = Chain::new();
    chain.with_batch();
    chain.wait(900);
    let until = chain.now() + 600;
    chain.send(&chain.owner.clone(), &pause(until));
    chain.wait(100);
    let anyone = chain.account("anyone");
    chain.send(&anyone, &ExecuteMsg::RefundBatch { batch_id: Uint64::new(1) });
    assert_eq!(chain.books(), [1_000, 0, 0, 0]);
}

#[test]
fn a_pause_is_bounded_and_cannot_be_chained() {
    let mut chain = Chain::new();
    let (owner, now) = (chain.owner.clone(), chain.now());
    for until in [now, now + 601, u64::MAX] {
        let error = chain.refused(&owner, &pause(until));
        assert!(matches!(error, ContractError::Kit(KitError::PauseLength { .. })));
    }
    chain.send(&owner, &pause(now + 600));
    chain.wait(600);
    let error = chain.refused(&owner, &pause(now + 700));
    assert!(matches!(error, ContractError::Kit(KitError::PauseTooSoon { .. })));
}

#[test]
fn only_owner_and_governance_pause() {
    let mut chain = Chain::new();
    let (until, stranger) = (chain.now() + 10, chain.account("stranger"));
    for message in [pause(until), ExecuteMsg::Unpause {}] {
        let error = chain.refused(&stranger, &message);
        assert!(matches!(error, ContractError::Kit(KitError::Unauthorized { .. })));
    }
    chain.sudo(&SudoMsg::Pause { until: Uint64::new(until) }).unwrap();
    let message = chain.open_msg(0, 100);
    assert!(is_paused(&chain.refused(&chain.buyer(0), &message)));
    chain.sudo(&SudoMsg::Unpause {}).unwrap();
    chain.open(0, 100);
    let error = chain.refused(&chain.owner.clone(), &ExecuteMsg::Unpause {});
    assert_eq!(error, ContractError::Kit(KitError::NotPaused));
}
