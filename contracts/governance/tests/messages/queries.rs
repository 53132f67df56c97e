use cosmwasm_std::Uint64;
use governance::{
    client::Client,
    msg::{Action, ProposalsResponse, QueryMsg, VoteOption, VoteResponse, VotesResponse, VotingPowerResponse},
};

use crate::chain::{proposal, Chain};

#[test]
fn proposals_come_in_pages() {
    let mut chain = Chain::new();
    for _ in 0..11 {
        chain.propose(Action::Text {});
    }
    let page = |start_after: Option<u64>, limit| -> Vec<u64> {
        let start_after = start_after.map(Uint64::new);
        let answer: ProposalsResponse = chain.query(&QueryMsg::Proposals { start_after, limit });
        answer.proposals.iter().map(|summary| summary.proposal_id.u64()).collect()
    };
    assert_eq!(page(None, None), (1..=10).collect::<Vec<_>>());
    assert_eq!(page(Some(10), Some(100)), [11, 12]);
    assert_eq!(page(Some(3), Some(2)), [4, 5]);
}

#[test]
fn votes_come_in_pages_by_voter() {
    let mut chain = Chain::new();
    let id = chain.propose(Action::Text {});
    let mut voters: Vec<String> = Vec::new();
    for name in ["alice", "bob", "carol"] {
        chain.vote(id, name, VoteOption::Yes);
        voters.push(chain.account(name).to_string());
    }
    voters.sort();
    let page = |start_after: Option<String>, limit| -> Vec<String> {
        let question = QueryMsg::Votes { proposal_id: Uint64::new(id), start_after, limit };
        let answer: VotesResponse = chain.query(&question);
        answer.ballots.into_iter().map(|ballot| ballot.voter).collect()
    };
    assert_eq!(page(None, None), voters);
    assert_eq!(page(Some(voters[0].clone()), Some(1)), voters[1..2]);
    let voter = chain.account("dave").to_string();
    let none: VoteResponse = chain.query(&QueryMsg::Vote { proposal_id: Uint64::new(id), voter });
    assert_eq!(none.ballot, None);
}

#[test]
fn power_over_a_proposal_is_shown_before_voting() {
    let mut chain = Chain::new();
    let id = chain.propose(Action::Text {});
    chain.bond("alice", 1);
    chain.wait(1);
    let account = chain.account("alice").to_string();
    let question = QueryMsg::VotingPower { proposal_id: Uint64::new(id), account: account.clone() };
    let found: VotingPowerResponse = chain.query(&question);
    assert_eq!((found.voter, found.power.u128(), found.total.u128()), (account, 400, 1_000));
}

#[test]
fn missing_things_are_errors_not_panics() {
    let chain = Chain::new();
    let id = Uint64::new(99);
    for question in [
        QueryMsg::Proposal { proposal_id: id },
        QueryMsg::Diff { proposal_id: id },
        QueryMsg::Votes { proposal_id: id, start_after: None, limit: None },
        QueryMsg::Vote { proposal_id: id, voter: "x".into() },
        QueryMsg::VotingPower { proposal_id: id, account: chain.account("alice").to_string() },
    ] {
        let answer = chain.app.wrap().query_wasm_smart::<cosmwasm_std::Empty>(&chain.governance, &question);
        assert!(answer.unwrap_err().to_string().contains("proposal 99 does not exist"));
    }
    let question = QueryMsg::RegisteredContract { contract: chain.token.to_string() };
    let answer = chain.app.wrap().query_wasm_smart::<cosmwasm_std::Empty>(&chain.governance, &question);
    assert!(answer.unwrap_err().to_string().contains("not in the registry"));
}

#[test]
fn the_client_reads_what_the_queries_answer() {
    let mut chain = Chain::new();
    let id = chain.propose(Action::Text {});
    chain.vote(id, "alice", VoteOption::No);
    let (client, querier) = (Client::new(&chain.governance), chain.app.wrap());
    assert_eq!(client.config(&querier).unwrap().token, chain.token);
    assert_eq!(client.proposal(&querier, id).unwrap(), chain.proposal(id));
    let alice = chain.account("alice");
    assert_eq!(client.vote(&querier, id, alice.as_str()).unwrap().ballot.unwrap().vote, VoteOption::No);
    assert_eq!(client.voting_power(&querier, id, &alice).unwrap().power.u128(), 400);
    assert_eq!(client.guardians(&querier).unwrap().guardians.len(), 1);
    assert_eq!(client.diff(&querier, id).unwrap().contract, None);
    assert!(client.simulate(&querier, proposal(Action::Text {})).unwrap().accepted);
    assert_eq!(client.solvency(&querier).unwrap().deposits.u128(), 1_600);
}
