use cosmwasm_std::{Uint128, Uint64};
use governance::msg::{Action, Call, NewProposal, ParamChange, QueryMsg, SimulateResponse};

use crate::{
    chain::{json, proposal, Chain},
    stub_datanets_power::Exec,
};

fn simulate(chain: &Chain, proposal: NewProposal) -> SimulateResponse {
    chain.query(&QueryMsg::Simulate { proposal })
}

#[test]
fn says_what_it_costs_and_when_it_could_run() {
    let chain = Chain::new();
    let found = simulate(&chain, proposal(chain.calls(&[r#"{"note":{"text":"a"}}"#])));
    assert!(found.accepted && found.authorised, "{found:?}");
    assert_eq!((found.min_deposit.u128(), found.initial_deposit.u128()), (1_600, 400));
    assert_eq!((found.total_power.u128(), found.quorum_power.u128()), (1_000, 300));
    assert_eq!(found.earliest_execution.u64(), chain.now() + 800);
    assert_eq!(found.calls[0].note, "governance is the owner");
    let fast = simulate(&chain, NewProposal { expedited: true, ..proposal(Action::Text {}) });
    assert_eq!((fast.min_deposit.u128(), fast.earliest_execution.u64()), (3_200, chain.now() + 250));
}

/// What `simulate` refuses `propose` refuses, with the same words, and the other way round.
#[test]
fn agrees_with_propose() {
    let mut chain = Chain::new();
    let token = Call::Execute { contract: chain.token.to_string(), message: json(r#"{"mint":{}}"#) };
    let changes = vec![ParamChange { name: "count".try_into().unwrap(), value: json("99") }];
    let change = Action::ParamChange { contract: chain.governed.to_string(), changes };
    let pause = Action::EmergencyPause { contracts: vec![chain.governed.to_string()], seconds: Uint64::new(9_999) };
    for action in [
        chain.calls(&[]),
        chain.calls(&["[]"]),
        Action::Messages { messages: vec![token] },
        Action::Messages { messages: vec![Call::Execute { contract: "nobody".into(), message: json("{}") }] },
        change,
        pause,
    ] {
        let found = simulate(&chain, proposal(action.clone()));
        assert!(!found.accepted && !found.authorised && found.calls.is_empty());
        assert_eq!(found.refusal.unwrap(), chain.propose_refused(proposal(action)).to_string());
    }
    for action in [Action::Text {}, chain.calls(&[r#"{"fail":{}}"#])] {
        assert!(simulate(&chain, proposal(action.clone())).accepted);
        chain.propose(action);
    }
}

#[test]
fn shows_what_would_change() {
    let chain = Chain::new();
    let changes = vec![ParamChange { name: "count".try_into().unwrap(), value: json("4") }];
    let action = Action::ParamChange { contract: chain.governed.to_string(), changes };
    let found = simulate(&chain, proposal(action));
    assert_eq!((&found.changes[0].from, &found.changes[0].to), (&json("3"), &json("4")));
    assert_eq!(found.calls[0].message, "update_params");
    assert!(found.authorised);
}

#[test]
fn names_the_messages_that_lack_authority() {
    let mut chain = Chain::new();
    let stranger = chain.account("stranger");
    let other = chain.governed_contract(&stranger).to_string();
    let call = |contract: &str, text: &str| Call::Execute { contract: contract.to_owned(), message: json(text) };
    let migrate = |contract: &str, code: u64| Call::Migrate {
        contract: contract.to_owned(),
        new_code_id: Uint64::new(code),
        message: json("{}"),
    };
    let governed = chain.governed.to_string();
    let messages = vec![
        call(&other, r#"{"note":{"text":"a"}}"#),
        call(&other, r#"{"accept_ownership":{}}"#),
        call(stranger.as_str(), r#"{"x":{}}"#),
        migrate(chain.token.as_str(), 1),
        migrate(&governed, 9_999),
        migrate(stranger.as_str(), 1),
        migrate(&governed, chain.governed_code),
        call(&governed, r#"{"note":{"text":"a"}}"#),
        call(chain.token.as_str(), r#"{"burn":{"amount":"1"}}"#),
        call(chain.governance.as_str(), r#"{"set_guardians":{"guardians":[]}}"#),
    ];
    let found = simulate(&chain, proposal(Action::Messages { messages }));
    assert!(found.accepted && !found.authorised);
    let authorised: Vec<bool> = found.calls.iter().map(|call| call.authorised).collect();
    assert_eq!(authorised, [false, false, false, false, false, false, true, true, true, true], "{:#?}", found.calls);
    assert!(found.calls[0].note.contains(stranger.as_str()));
}

/// A list may take a contract over first and then use it.
#[test]
fn an_earlier_message_may_bring_the_authority() {
    let mut chain = Chain::new();
    let stranger = chain.account("stranger");
    let other = chain.governed_contract(&stranger);
    let expires_at = Uint64::new(chain.now() + 5_000);
    let offer = crate::stub_governed::Exec::ProposeOwner { account: chain.governance.to_string(), expires_at };
    cw_multi_test::Executor::execute_contract(&mut chain.app, stranger, other.clone(), &offer, &[]).unwrap();
    let call = |text: &str| Call::Execute { contract: other.to_string(), message: json(text) };
    let messages = vec![call(r#"{"accept_ownership":{}}"#), call(r#"{"note":{"text":"a"}}"#)];
    assert!(simulate(&chain, proposal(Action::Messages { messages: messages.clone() })).authorised);
    let messages: Vec<Call> = messages.into_iter().rev().collect();
    assert!(!simulate(&chain, proposal(Action::Messages { messages })).authorised);
}

#[test]
fn a_datanets_own_numbers_are_shown() {
    let mut chain = Chain::new();
    let (datanet_id, owner) = (Uint64::new(5), chain.governance.to_string());
    let action = Action::Datanet { datanet_id, messages: vec![json(r#"{"accept":{"datanet_id":"5"}}"#)] };
    chain.datanets(&Exec::SetOwner { datanet_id, owner });
    let empty = simulate(&chain, proposal(action.clone()));
    assert!(!empty.accepted && empty.refusal.unwrap().contains("nobody could vote"));
    chain.datanets(&Exec::SetCredit { datanet_id, identity_id: Uint64::one(), power: Uint128::new(77) });
    chain.wait(1);
    let found = simulate(&chain, proposal(action));
    assert!(found.accepted && found.authorised);
    assert_eq!((found.total_power.u128(), found.quorum_power.u128(), found.min_deposit.u128()), (77, 16, 160));
}
