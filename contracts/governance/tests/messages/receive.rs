use cosmwasm_std::{to_json_binary, Uint128, Uint64};
use cw20::{Cw20ExecuteMsg, Cw20ReceiveMsg};
use cw_multi_test::Executor;
use governance::{
    msg::{Action, ExecuteMsg, ReceiveMsg, Status},
    ContractError,
};
use openledger_contract_kit::KitError;

use crate::chain::{proposal, Attributes, Chain};

fn send(chain: &mut Chain, from: &str, amount: u128, hook: &ReceiveMsg) -> cw_multi_test::AppResponse {
    let msg = to_json_binary(hook).unwrap();
    let message = Cw20ExecuteMsg::Send { contract: chain.governance.to_string(), amount: Uint128::new(amount), msg };
    chain.app.execute_contract(chain.account(from), chain.token.clone(), &message, &[]).unwrap()
}

#[test]
fn a_send_proposes_and_deposits() {
    let mut chain = Chain::new();
    let response = send(&mut chain, "erin", 400, &ReceiveMsg::Propose { proposal: proposal(Action::Text {}) });
    let id: u64 = response.custom_attrs_of("governance/proposed", "proposal_id").parse().unwrap();
    assert_eq!(chain.proposal(id).summary.proposer, chain.account("erin"));
    assert_eq!(chain.solvency().deposits.u128(), 400);
    send(&mut chain, "depositor 0", 1_200, &ReceiveMsg::Deposit { proposal_id: Uint64::new(id) });
    assert_eq!(chain.status(id), Status::Voting);
    let books = chain.solvency();
    assert_eq!((books.deposits.u128(), books.held.u128()), (1_600, 1_600));
}

#[test]
fn receive_checks_that_the_sender_is_the_token() {
    let mut chain = Chain::new();
    let thief = chain.account("thief");
    let forged = ExecuteMsg::Receive(Cw20ReceiveMsg {
        sender: chain.account("erin").to_string(),
        amount: Uint128::new(1_600),
        msg: to_json_binary(&ReceiveMsg::Propose { proposal: proposal(Action::Text {}) }).unwrap(),
    });
    assert!(matches!(chain.refused(&thief, &forged), ContractError::Kit(KitError::Unauthorized { .. })));
}

#[test]
fn a_plain_transfer_is_never_counted() {
    let mut chain = Chain::new();
    let governance = chain.governance.clone();
    chain.give(&governance, 5_000);
    let books = chain.solvency();
    assert_eq!((books.deposits.u128(), books.held.u128()), (0, 5_000));
}

#[test]
fn a_send_that_is_refused_keeps_the_money_with_its_owner() {
    let mut chain = Chain::new();
    let (erin, token) = (chain.account("erin"), chain.token.clone());
    for msg in [
        to_json_binary(&ReceiveMsg::Deposit { proposal_id: Uint64::new(99) }).unwrap(),
        to_json_binary(&ReceiveMsg::Propose { proposal: proposal(chain.calls(&[])) }).unwrap(),
        b"nonsense".into(),
    ] {
        let message = Cw20ExecuteMsg::Send { contract: chain.governance.to_string(), amount: Uint128::new(500), msg };
        chain.refused_raw(&erin, &token, &message);
    }
}
