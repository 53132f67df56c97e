use cosmwasm_std::Uint64;
use governance::{
    msg::{Action, ExecuteMsg, QueryMsg, Status, Tally, VoteOption, VoteResponse},
    ContractError,
};

use crate::chain::{proposal, Attributes, Chain};

fn vote(proposal_id: u64, vote: VoteOption) -> ExecuteMsg {
    ExecuteMsg::Vote { proposal_id: Uint64::new(proposal_id), vote }
}

fn tally(chain: &Chain, id: u64) -> [u128; 4] {
    let Tally { yes, no, abstain, veto } = chain.proposal(id).summary.tally;
    [yes, no, abstain, veto].map(|power| power.u128())
}

#[test]
fn one_vote_per_account_that_may_change_until_the_end() {
    let mut chain = Chain::new();
    let id = chain.propose(Action::Text {});
    chain.vote(id, "alice", VoteOption::Yes);
    chain.vote(id, "bob", VoteOption::Abstain);
    assert_eq!(tally(&chain, id), [400, 0, 300, 0]);
    let response = chain.vote(id, "alice", VoteOption::Veto);
    assert_eq!(response.custom_attrs_of("governance/voted", "before"), "yes");
    assert_eq!(tally(&chain, id), [0, 0, 300, 400]);
    chain.vote(id, "alice", VoteOption::No);
    chain.vote(id, "alice", VoteOption::No);
    assert_eq!(tally(&chain, id), [0, 400, 300, 0]);
    let voter = chain.account("alice").to_string();
    let found: VoteResponse = chain.query(&QueryMsg::Vote { proposal_id: Uint64::new(id), voter });
    assert_eq!(found.ballot.unwrap().vote, VoteOption::No);
}

#[test]
fn nothing_passes_before_the_end_of_the_vote() {
    let mut chain = Chain::new();
    let id = chain.propose(Action::Text {});
    for name in ["alice", "bob", "carol", "dave"] {
        chain.vote(id, name, VoteOption::Yes);
    }
    chain.wait(499);
    assert_eq!(chain.status(id), Status::Voting);
    chain.vote(id, "alice", VoteOption::No);
    chain.vote(id, "bob", VoteOption::No);
    chain.wait(1);
    assert_eq!(chain.status(id), Status::Rejected);
    let alice = chain.account("alice");
    let error = chain.refused(&alice, &vote(id, VoteOption::Yes));
    assert_eq!(error, ContractError::NotVoting { proposal_id: id, status: Status::Rejected });
}

/// Bonded in the proposal's own block, before or after it: no power.
#[test]
fn flash_power_does_not_vote() {
    let mut chain = Chain::new();
    chain.bond("whale", 1_000_000);
    let id = chain.propose(Action::Text {});
    chain.bond("erin", 1_000_000);
    for name in ["whale", "erin"] {
        let account = chain.account(name);
        let error = chain.refused(&account, &vote(id, VoteOption::Yes));
        assert_eq!(error, ContractError::NoPower { account, height: chain.height() });
    }
    assert_eq!(chain.proposal(id).summary.total_power.u128(), 1_000);
    chain.wait(1);
    let whale = chain.account("whale");
    assert!(matches!(chain.refused(&whale, &vote(id, VoteOption::Yes)), ContractError::NoPower { .. }));
    // For the next proposal it is power like any other.
    let next = chain.propose(Action::Text {});
    chain.vote(next, "whale", VoteOption::Yes);
    assert_eq!(tally(&chain, next)[0], 1_000_000);
}

/// Power of the block before counts although it left in the proposal's own block or later.
#[test]
fn power_is_that_of_the_block_before_the_proposal() {
    let mut chain = Chain::new();
    chain.bond("alice", 1);
    let id = chain.propose(Action::Text {});
    chain.bond("bob", 7);
    chain.wait(5);
    chain.bond("carol", 9_999);
    for (name, power) in [("alice", 400), ("bob", 300), ("carol", 200)] {
        let response = chain.vote(id, name, VoteOption::Yes);
        assert_eq!(response.custom_attrs_of("governance/voted", "power"), power.to_string());
    }
}

#[test]
fn a_vote_needs_power_and_an_open_vote() {
    let mut chain = Chain::new();
    let waiting = chain.propose_with(proposal(Action::Text {}), 400);
    let alice = chain.account("alice");
    let error = chain.refused(&alice, &vote(waiting, VoteOption::Yes));
    assert_eq!(error, ContractError::NotVoting { proposal_id: waiting, status: Status::DepositPeriod });
    let open = chain.propose(Action::Text {});
    let stranger = chain.account("stranger");
    assert!(matches!(chain.refused(&stranger, &vote(open, VoteOption::Yes)), ContractError::NoPower { .. }));
    assert_eq!(chain.refused(&alice, &vote(99, VoteOption::Yes)), ContractError::UnknownProposal { proposal_id: 99 });
}

#[test]
fn an_expedited_majority_passes_early() {
    let mut chain = Chain::new();
    let id = chain.propose_expedited(chain.calls(&[r#"{"note":{"text":"fast"}}"#]));
    chain.vote(id, "alice", VoteOption::Yes);
    chain.vote(id, "bob", VoteOption::Yes);
    chain.vote(id, "dave", VoteOption::No);
    chain.wait(199);
    assert_eq!(chain.status(id), Status::Voting);
    chain.wait(1);
    let summary = chain.proposal(id).summary;
    assert_eq!((summary.status, summary.expedited), (Status::Timelocked, true));
    let carol = chain.account("carol");
    assert!(matches!(chain.refused(&carol, &vote(id, VoteOption::No)), ContractError::NotVoting { .. }));
    chain.wait(50);
    chain.execute(id);
    assert_eq!(chain.notes(), ["fast"]);
}

/// 400 of 600 is above half and not above 67 %: what is too little in a hurry is enough in time.
#[test]
fn a_missed_expedited_majority_becomes_an_ordinary_vote() {
    let mut chain = Chain::new();
    let start = chain.now();
    let id = chain.propose_expedited(chain.calls(&[r#"{"note":{"text":"slow"}}"#]));
    chain.vote(id, "alice", VoteOption::Yes);
    chain.vote(id, "carol", VoteOption::No);
    chain.wait(200);
    let summary = chain.proposal(id).summary;
    assert_eq!((summary.status, summary.expedited), (Status::Voting, false));
    assert_eq!(summary.voting_ends_at, Some(Uint64::new(start + 500)));
    // A late yes that would have made the expedited majority changes nothing about its end.
    let response = chain.vote(id, "bob", VoteOption::Yes);
    assert_eq!(response.count("governance/became_ordinary"), 1);
    assert_eq!(chain.vote(id, "dave", VoteOption::Yes).count("governance/became_ordinary"), 0);
    assert_eq!(chain.status(id), Status::Voting);
    chain.wait(300);
    let summary = chain.proposal(id).summary;
    assert_eq!((summary.status, summary.executable_at), (Status::Timelocked, Some(Uint64::new(start + 800))));
}

#[test]
fn an_expedited_veto_waits_for_the_ordinary_end() {
    let mut chain = Chain::new();
    let id = chain.propose_expedited(Action::Text {});
    chain.vote(id, "alice", VoteOption::Veto);
    chain.wait(200);
    assert_eq!(chain.status(id), Status::Voting);
    chain.wait(300);
    assert_eq!(chain.status(id), Status::Vetoed);
}
