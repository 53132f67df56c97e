use cosmwasm_std::{Uint128, Uint64};
use governance::{
    msg::{Action, ExecuteMsg, NewProposal, QueryMsg, Status, VoteOption, VotesResponse},
    ContractError,
};

use crate::{
    chain::{json, proposal, Attributes, Chain},
    stub_datanets_power::{Exec, Query},
};

/// Datanet 5 belongs to governance. Identities 1, 2 and 3 have 50, 30 and 20 of its credit; alice, bob and carol control
/// them. Nobody bonded anything for it.
fn chain() -> Chain {
    let mut chain = Chain::new();
    let (governance, datanet_id) = (chain.governance.to_string(), Uint64::new(5));
    chain.datanets(&Exec::SetOwner { datanet_id, owner: governance });
    for (identity, name, power) in [(1u64, "ann", 50u128), (2, "ben", 30), (3, "cat", 20)] {
        let (identity_id, power) = (Uint64::new(identity), Uint128::new(power));
        chain.datanets(&Exec::SetCredit { datanet_id, identity_id, power });
        let account = chain.account(name).to_string();
        chain.datanets(&Exec::SetController { identity_id, account });
    }
    chain.wait(1);
    chain
}

fn curator(chain: &Chain, datanet_id: u64) -> String {
    let account = chain.account("curator");
    format!(r#"{{"propose_curator":{{"datanet_id":"{datanet_id}","account":"{account}","expires_at":"1"}}}}"#)
}

fn about(datanet_id: u64, messages: &[&str]) -> Action {
    let messages = messages.iter().map(|text| json(text)).collect();
    Action::Datanet { datanet_id: Uint64::new(datanet_id), messages }
}

fn vote(proposal_id: u64) -> ExecuteMsg {
    ExecuteMsg::Vote { proposal_id: Uint64::new(proposal_id), vote: VoteOption::Yes }
}

fn is_curator(chain: &Chain) -> bool {
    let question = Query::IsCurator { datanet_id: Uint64::new(5), account: chain.account("curator").to_string() };
    chain.app.wrap().query_wasm_smart(&chain.datanets, &question).unwrap()
}

#[test]
fn contributors_decide_about_their_datanet_and_stakers_do_not() {
    let mut chain = chain();
    let message = curator(&chain, 5);
    let id = chain.propose_with(proposal(about(5, &[&message])), 160);
    let summary = chain.proposal(id).summary;
    assert_eq!((summary.status, summary.total_power.u128()), (Status::Voting, 100));
    assert_eq!(summary.datanet_id, Some(Uint64::new(5)));
    let alice = chain.account("alice");
    assert!(matches!(chain.refused(&alice, &vote(id)), ContractError::NoPower { .. }));
    chain.vote(id, "ann", VoteOption::No);
    chain.vote(id, "ben", VoteOption::Yes);
    chain.vote(id, "cat", VoteOption::Yes);
    chain.vote(id, "ann", VoteOption::Abstain);
    chain.wait(800);
    chain.execute(id);
    assert_eq!(chain.status(id), Status::Executed);
    assert!(is_curator(&chain));
    let votes: VotesResponse =
        chain.query(&QueryMsg::Votes { proposal_id: Uint64::new(id), start_after: None, limit: None });
    let voters: Vec<&str> = votes.ballots.iter().map(|ballot| ballot.voter.as_str()).collect();
    assert_eq!(voters, ["identity:1", "identity:2", "identity:3"]);
}

#[test]
fn a_datanet_has_its_own_quorum() {
    let mut chain = chain();
    let message = curator(&chain, 5);
    let (meets, misses) = (
        chain.propose_with(proposal(about(5, &[&message])), 160),
        chain.propose_with(proposal(about(5, &[&message])), 160),
    );
    chain.vote(meets, "cat", VoteOption::Yes);
    chain.wait(500);
    assert_eq!((chain.status(meets), chain.status(misses)), (Status::Timelocked, Status::QuorumMissed));
}

/// An identity that moves to another account in the middle of a vote still votes once.
#[test]
fn one_vote_per_identity() {
    let mut chain = chain();
    let message = curator(&chain, 5);
    let id = chain.propose_with(proposal(about(5, &[&message])), 160);
    chain.vote(id, "ann", VoteOption::Yes);
    let account = chain.account("second").to_string();
    chain.datanets(&Exec::SetController { identity_id: Uint64::one(), account });
    let response = chain.vote(id, "second", VoteOption::No);
    assert_eq!(response.custom_attrs_of("governance/voted", "before"), "yes");
    let tally = chain.proposal(id).summary.tally;
    assert_eq!((tally.yes.u128(), tally.no.u128()), (0, 50));
}

#[test]
fn credit_of_the_proposals_own_block_does_not_vote() {
    let mut chain = chain();
    let message = curator(&chain, 5);
    let (datanet_id, identity_id) = (Uint64::new(5), Uint64::new(9));
    chain.datanets(&Exec::SetCredit { datanet_id, identity_id, power: Uint128::new(1_000) });
    let account = chain.account("late").to_string();
    chain.datanets(&Exec::SetController { identity_id, account });
    let id = chain.propose_with(proposal(about(5, &[&message])), 160);
    let late = chain.account("late");
    assert!(matches!(chain.refused(&late, &vote(id)), ContractError::NoPower { .. }));
    assert_eq!(chain.proposal(id).summary.total_power.u128(), 100);
}

#[test]
fn only_an_owners_messages_about_this_datanet_are_taken() {
    let mut chain = chain();
    let (other, fine) = (curator(&chain, 6), curator(&chain, 5));
    let error = chain.propose_refused(proposal(about(5, &[&fine, &other])));
    assert_eq!(error, ContractError::OtherDatanet { message: "propose_curator".into(), datanet_id: 5 });
    for message in [r#"{"propose_curator":{}}"#, r#"{"propose_curator":{"datanet_id":5}}"#, r#"{"accept":null}"#] {
        let error = chain.propose_refused(proposal(about(5, &[message])));
        assert!(matches!(error, ContractError::OtherDatanet { .. }), "{error}");
    }
    for name in ["update_params", "pause", "propose_owner", "accept_ownership", "contribute", "create"] {
        let message = format!(r#"{{"{name}":{{"datanet_id":"5"}}}}"#);
        let error = chain.propose_refused(proposal(about(5, &[&message])));
        assert_eq!(error, ContractError::DatanetMessage { message: name.into() });
    }
    assert!(matches!(chain.propose_refused(proposal(about(5, &[]))), ContractError::Empty { .. }));
    let many = vec![fine.as_str(); 17];
    assert!(matches!(chain.propose_refused(proposal(about(5, &many))), ContractError::Kit(_)));
}

#[test]
fn a_datanet_of_somebody_else_is_not_voted_on() {
    let mut chain = chain();
    let owner = chain.account("owner").to_string();
    chain.datanets(&Exec::SetOwner { datanet_id: Uint64::new(6), owner: owner.clone() });
    let message = curator(&chain, 6);
    let error = chain.propose_refused(proposal(about(6, &[&message])));
    assert_eq!(error, ContractError::DatanetNotOwned { datanet_id: 6, owner });
}

#[test]
fn a_datanet_without_contributors_has_nobody_to_vote() {
    let mut chain = chain();
    let owner = chain.governance.to_string();
    chain.datanets(&Exec::SetOwner { datanet_id: Uint64::new(7), owner });
    let message = curator(&chain, 7);
    let error = chain.propose_refused(proposal(about(7, &[&message])));
    assert!(matches!(error, ContractError::NobodyCanVote { .. }));
}

#[test]
fn a_datanet_is_never_decided_in_a_hurry() {
    let mut chain = chain();
    let message = curator(&chain, 5);
    let new = NewProposal { expedited: true, ..proposal(about(5, &[&message])) };
    assert_eq!(chain.propose_refused(new), ContractError::DatanetExpedited);
}
