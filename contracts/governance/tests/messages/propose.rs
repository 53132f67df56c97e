use cosmwasm_std::{Uint128, Uint64};
use cw_multi_test::Executor;
use governance::{
    msg::{Action, Call, DepositEntry, ExecuteMsg, NewProposal, Status},
    ContractError,
};
use openledger_contract_kit::KitError;

use crate::chain::{json, params, proposal, Chain};

#[test]
fn a_full_deposit_opens_the_vote() {
    let mut chain = Chain::new();
    let erin = chain.account("erin");
    let before = chain.balance(&erin);
    let id = chain.propose(chain.calls(&[r#"{"note":{"text":"a"}}"#]));
    let found = chain.proposal(id);
    assert_eq!(found.summary.status, Status::Voting);
    assert_eq!(found.summary.power_height.u64(), chain.height());
    assert_eq!(found.summary.total_power.u128(), 1_000);
    assert_eq!(found.summary.voting_ends_at, Some(Uint64::new(chain.now() + 500)));
    assert_eq!(found.deposits, [DepositEntry { account: erin.clone(), amount: Uint128::new(1_600) }]);
    assert_eq!(chain.balance(&erin), before - 1_600);
    assert_eq!(chain.solvency().deposits.u128(), 1_600);
}

#[test]
fn part_of_the_deposit_must_come_with_the_proposal() {
    let mut chain = Chain::new();
    let erin = chain.account("erin");
    chain.allow(&erin, 1_600);
    let propose = |amount| ExecuteMsg::Propose { proposal: proposal(Action::Text {}), deposit: Uint128::new(amount) };
    for amount in [0, 399] {
        let error = chain.refused(&erin, &propose(amount));
        assert_eq!(error, ContractError::DepositTooSmall { found: Uint128::new(amount), min: Uint128::new(400) });
    }
    chain.send(&erin, &propose(400));
    // No allowance, no proposal.
    let poor = chain.account("poor");
    let governance = chain.governance.clone();
    assert!(chain.refused_raw(&poor, &governance, &propose(400)).root_cause().to_string().contains("llowance"));
}

#[test]
fn coins_are_refused() {
    let mut chain = Chain::new();
    let rich = chain.account("rich");
    let coins = cosmwasm_std::coins(5, "uatom");
    chain.app.init_modules(|router, _, storage| router.bank.init_balance(storage, &rich, coins.clone()).unwrap());
    let message = ExecuteMsg::Close { proposal_id: Uint64::one() };
    let governance = chain.governance.clone();
    let error = chain.app.execute_contract(rich, governance, &message, &coins).unwrap_err();
    assert_eq!(error.downcast::<ContractError>().unwrap(), ContractError::Kit(KitError::UnexpectedFunds));
}

#[test]
fn oversized_proposals_are_refused() {
    let mut chain = Chain::new();
    let note = |length: usize| format!(r#"{{"note":{{"text":"{}"}}}}"#, "x".repeat(length));
    let many = vec![note(1); 17];
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let error = chain.propose_refused(proposal(chain.calls(&many)));
    assert!(matches!(error, ContractError::Kit(KitError::TooMany { found: 17, max: 16, .. })), "{error}");
    let error = chain.propose_refused(proposal(chain.calls(&[&note(16_384)])));
    assert!(matches!(error, ContractError::ProposalTooLarge { max: 16_384, .. }), "{error}");
    // Exactly the bound is taken.
    let size =
        |chain: &Chain, length| cosmwasm_std::to_json_vec(&proposal(chain.calls(&[&note(length)]))).unwrap().len();
    let fits = 16_384 - size(&chain, 0);
    let id = chain.propose(chain.calls(&[&note(fits)]));
    assert_eq!(chain.status(id), Status::Voting);
    let error = chain.propose_refused(proposal(chain.calls(&[&note(fits + 1)])));
    assert_eq!(error, ContractError::ProposalTooLarge { found: 16_385, max: 16_384 });
}

#[test]
fn empty_and_malformed_messages_are_refused() {
    let mut chain = Chain::new();
    let error = chain.propose_refused(proposal(chain.calls(&[])));
    assert_eq!(error, ContractError::Empty { what: "messages" });
    for text in ["{}", r#"{"a":{},"b":{}}"#, "\"pause\"", "[]", "null"] {
        let error = chain.propose_refused(proposal(chain.calls(&[r#"{"fail":{}}"#, text])));
        assert_eq!(error, ContractError::NotAMessage { index: 1 }, "{text}");
    }
    let call = Call::Execute { contract: "nobody".into(), message: json(r#"{"fail":{}}"#) };
    let error = chain.propose_refused(proposal(Action::Messages { messages: vec![call] }));
    assert!(matches!(error, ContractError::Std(_)));
}

#[test]
fn titles_and_descriptions_are_bounded_when_parsed() {
    let mut chain = Chain::new();
    let (erin, governance) = (chain.account("erin"), chain.governance.clone());
    for (title, description) in [("", "x"), ("x", ""), (&"x".repeat(129) as &str, "x"), ("x", &"x".repeat(4_097))] {
        let message = serde_json::json!({ "propose": { "deposit": "1600", "proposal": {
            "title": title, "description": description, "expedited": false, "action": { "text": {} } } } });
        let error = chain.refused_raw(&erin, &governance, &message);
        assert!(error.root_cause().to_string().contains("text"), "{error:?}");
    }
}

/// An allowance that a run gave away could take deposits after its end.
#[test]
fn a_proposal_cannot_give_allowances_on_deposits() {
    let mut chain = Chain::new();
    let to = chain.account("thief");
    for name in ["increase_allowance", "decrease_allowance", "transfer_from", "send_from", "burn_from", "mint"] {
        let message = json(&format!(r#"{{"{name}":{{"spender":"{to}","amount":"1"}}}}"#));
        let call = Call::Execute { contract: chain.token.to_string(), message };
        let error = chain.propose_refused(proposal(Action::Messages { messages: vec![call] }));
        assert_eq!(error, ContractError::TokenCall { message: name.into() });
    }
}

#[test]
fn a_proposal_cannot_vote_propose_or_execute() {
    let mut chain = Chain::new();
    let id = Uint64::one();
    for (name, message) in [
        ("vote", ExecuteMsg::Vote { proposal_id: id, vote: governance::msg::VoteOption::Yes }),
        ("propose", ExecuteMsg::Propose { proposal: proposal(Action::Text {}), deposit: Uint128::one() }),
        ("deposit", ExecuteMsg::Deposit { proposal_id: id, amount: Uint128::one() }),
        ("execute", ExecuteMsg::Execute { proposal_id: id }),
        ("close", ExecuteMsg::Close { proposal_id: id }),
        ("run_proposal", ExecuteMsg::RunProposal { proposal_id: id }),
        ("end_run", ExecuteMsg::EndRun {}),
        ("accept_ownership", ExecuteMsg::AcceptOwnership { contract: chain.governed.to_string() }),
    ] {
        let action = chain.self_action(&message);
        let error = chain.propose_refused(proposal(action));
        assert_eq!(error, ContractError::SelfCall { message: name.into() });
    }
    let unknown = Call::Execute { contract: chain.governance.to_string(), message: json(r#"{"steal":{}}"#) };
    let error = chain.propose_refused(proposal(Action::Messages { messages: vec![unknown] }));
    assert!(matches!(error, ContractError::Std(_)));
}

#[test]
fn nobody_proposes_where_nobody_could_vote() {
    let mut chain = Chain::new();
    for name in ["alice", "bob", "carol", "dave"] {
        chain.bond(name, 0);
    }
    chain.wait(1);
    let height = chain.height();
    let error = chain.propose_refused(proposal(Action::Text {}));
    assert_eq!(error, ContractError::NobodyCanVote { height });
}

#[test]
fn an_expedited_proposal_needs_its_own_deposit() {
    let mut chain = Chain::new();
    let new = NewProposal { expedited: true, ..proposal(Action::Text {}) };
    let id = chain.propose_with(new, 1_600);
    let summary = chain.proposal(id).summary;
    assert_eq!((summary.status, summary.rules.min_deposit), (Status::DepositPeriod, params().expedited_min_deposit));
}
