use cosmwasm_std::{Uint128, Uint64};
use governance::{
    msg::{Action, ExecuteMsg, Status},
    ContractError,
};

use crate::chain::{proposal, Attributes, Chain};

fn deposit(proposal_id: u64, amount: u128) -> ExecuteMsg {
    ExecuteMsg::Deposit { proposal_id: Uint64::new(proposal_id), amount: Uint128::new(amount) }
}

#[test]
fn the_minimum_opens_the_vote_and_ends_deposits() {
    let mut chain = Chain::new();
    let id = chain.propose_with(proposal(Action::Text {}), 400);
    let other = chain.account("depositor 0");
    chain.allow(&other, 5_000);
    assert_eq!(chain.status(id), Status::DepositPeriod);
    let response = chain.send(&other, &deposit(id, 1_199));
    assert_eq!(response.count("governance/voting_started"), 0);
    let response = chain.send(&other, &deposit(id, 1));
    assert_eq!(response.custom_attrs_of("governance/voting_started", "ends_at"), (chain.now() + 500).to_string());
    assert_eq!(chain.status(id), Status::Voting);
    let error = chain.refused(&other, &deposit(id, 1));
    assert_eq!(error, ContractError::NoDepositNow { proposal_id: id, status: Status::Voting });
}

#[test]
fn the_deposit_period_ends_at_its_second() {
    let mut chain = Chain::new();
    let id = chain.propose_with(proposal(Action::Text {}), 400);
    let late = chain.propose_with(proposal(Action::Text {}), 400);
    let other = chain.account("depositor 0");
    chain.allow(&other, 5_000);
    chain.wait(999);
    chain.send(&other, &deposit(id, 1_200));
    chain.wait(1);
    let error = chain.refused(&other, &deposit(late, 1_200));
    assert_eq!(error, ContractError::NoDepositNow { proposal_id: late, status: Status::DepositMissed });
    assert_eq!(chain.status(id), Status::Voting);
}

/// Dust of many accounts can neither fill the list of depositors nor make refunds expensive.
#[test]
fn deposit_griefing_with_dust_is_refused() {
    let mut chain = Chain::new();
    let id = chain.propose_with(proposal(Action::Text {}), 400);
    let griefer = chain.account("depositor 0");
    chain.allow(&griefer, 5_000);
    assert_eq!(chain.refused(&griefer, &deposit(id, 0)), ContractError::ZeroAmount);
    let error = chain.refused(&griefer, &deposit(id, 99));
    assert_eq!(error, ContractError::DepositTooSmall { found: Uint128::new(99), min: Uint128::new(100) });
    for number in 0..11 {
        let account = chain.account(&format!("depositor {number}"));
        chain.allow(&account, 100);
        chain.send(&account, &deposit(id, 100));
    }
    // Who is in the list may add any amount, and less than a sixteenth is enough when no more is missing.
    chain.send(&griefer, &deposit(id, 70));
    let last = chain.account("depositor 19");
    chain.allow(&last, 30);
    chain.send(&last, &deposit(id, 30));
    let found = chain.proposal(id);
    assert_eq!((found.summary.status, found.deposits.len()), (Status::Voting, 13));
    assert_eq!(found.deposits[1].amount.u128(), 170);
}

#[test]
fn a_deposit_needs_a_proposal() {
    let mut chain = Chain::new();
    let other = chain.account("depositor 0");
    assert_eq!(chain.refused(&other, &deposit(99, 5)), ContractError::UnknownProposal { proposal_id: 99 });
}
