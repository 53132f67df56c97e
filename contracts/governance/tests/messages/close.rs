use cosmwasm_std::Uint64;
use governance::{
    msg::{Action, DepositState, ExecuteMsg, Status, VoteOption},
    ContractError,
};

use crate::chain::{proposal, Attributes, Chain};

fn close(proposal_id: u64) -> ExecuteMsg {
    ExecuteMsg::Close { proposal_id: Uint64::new(proposal_id) }
}

/// Two depositors, these votes, and what the deposit does in the end.
fn ends(votes: &[(&str, VoteOption)], action: fn(&Chain) -> Action, wait: u64, status: Status) {
    let mut chain = Chain::new();
    let (erin, other) = (chain.account("erin"), chain.account("depositor 0"));
    let before = (chain.balance(&erin), chain.balance(&other), chain.supply());
    let action = action(&chain);
    let id = chain.propose_with(proposal(action), 400);
    chain.allow(&other, 1_200);
    let deposit = ExecuteMsg::Deposit { proposal_id: Uint64::new(id), amount: 1_200u128.into() };
    chain.send(&other, &deposit);
    for (name, vote) in votes {
        chain.vote(id, name, *vote);
    }
    chain.wait(wait);
    assert_eq!(chain.status(id), status);
    let response = chain.close(id);
    let burned = if status == Status::Vetoed { 1_600 } else { 0 };
    assert_eq!(response.count("governance/deposit_returned"), if burned == 0 { 2 } else { 0 });
    let lost = |amount: u128| if burned == 0 { 0 } else { amount };
    assert_eq!(chain.balance(&erin), before.0 - lost(400));
    assert_eq!(chain.balance(&other), before.1 - lost(1_200));
    assert_eq!(chain.supply(), before.2 - burned);
    assert_eq!(chain.solvency().held.u128(), 0);
    let state = if burned == 0 { DepositState::Returned } else { DepositState::Burned };
    assert_eq!(chain.proposal(id).summary.deposit_state, state);
    let anyone = chain.account("anyone");
    let error = chain.refused(&anyone, &close(id));
    assert_eq!(error, ContractError::AlreadyClosed { proposal_id: id, deposit_state: state });
}

fn text(_: &Chain) -> Action {
    Action::Text {}
}

fn note(chain: &Chain) -> Action {
    chain.calls(&[r#"{"note":{"text":"x"}}"#])
}

#[test]
fn a_rejected_proposal_returns_its_deposit() {
    ends(&[("alice", VoteOption::No), ("bob", VoteOption::Yes)], text, 500, Status::Rejected);
}

#[test]
fn a_missed_quorum_returns_the_deposit() {
    ends(&[("carol", VoteOption::Yes)], text, 500, Status::QuorumMissed);
}

#[test]
fn a_passed_text_returns_its_deposit() {
    ends(&[("alice", VoteOption::Yes)], text, 500, Status::Passed);
}

#[test]
fn a_passed_proposal_returns_its_deposit_before_it_is_executed() {
    ends(&[("alice", VoteOption::Yes)], note, 500, Status::Timelocked);
    ends(&[("alice", VoteOption::Yes)], note, 800, Status::Executable);
}

#[test]
fn an_expired_proposal_returns_its_deposit() {
    ends(&[("alice", VoteOption::Yes)], note, 1_200, Status::Expired);
}

#[test]
fn a_veto_burns_the_deposit() {
    ends(&[("alice", VoteOption::Veto), ("bob", VoteOption::Yes)], note, 500, Status::Vetoed);
}

/// A third exactly is no veto, and abstentions alone are a quorum without a majority.
#[test]
fn abstain_and_quorum_edges_return_the_deposit() {
    ends(&[("alice", VoteOption::Abstain)], text, 500, Status::Rejected);
    ends(&[("bob", VoteOption::Abstain)], text, 500, Status::Rejected);
    ends(&[("bob", VoteOption::Yes)], text, 500, Status::Passed);
    ends(&[("bob", VoteOption::Yes), ("alice", VoteOption::Abstain)], text, 500, Status::Passed);
}

#[test]
fn a_missed_deposit_goes_back() {
    let mut chain = Chain::new();
    let erin = chain.account("erin");
    let before = chain.balance(&erin);
    let id = chain.propose_with(proposal(Action::Text {}), 400);
    let anyone = chain.account("anyone");
    let error = chain.refused(&anyone, &close(id));
    assert_eq!(error, ContractError::NotOver { proposal_id: id, status: Status::DepositPeriod });
    chain.wait(1_000);
    assert_eq!(chain.status(id), Status::DepositMissed);
    chain.close(id);
    assert_eq!(chain.balance(&erin), before);
}

#[test]
fn an_open_vote_cannot_be_closed() {
    let mut chain = Chain::new();
    let id = chain.propose(Action::Text {});
    chain.wait(499);
    let anyone = chain.account("anyone");
    let error = chain.refused(&anyone, &close(id));
    assert_eq!(error, ContractError::NotOver { proposal_id: id, status: Status::Voting });
    assert_eq!(chain.refused(&anyone, &close(99)), ContractError::UnknownProposal { proposal_id: 99 });
}
