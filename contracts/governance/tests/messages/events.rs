use std::collections::BTreeMap;

use cosmwasm_std::{Event, Uint128, Uint64};
use cw_multi_test::AppResponse;
use governance::msg::{Action, ExecuteMsg, ParamChange, VoteOption};

use crate::chain::{json, params, proposal, Chain};

/// This contract's events of a response, one per line, addresses by name.
fn lines(chain: &Chain, events: &[Event], into: &mut Vec<String>) {
    let accounts =
        ["erin", "depositor 0", "alice", "bob", "guardian"].map(|name| (chain.account(name).to_string(), name));
    let contracts = [
        (chain.token.to_string(), "token"),
        (chain.staking.to_string(), "staking"),
        (chain.datanets.to_string(), "datanets"),
        (chain.governed.to_string(), "governed"),
        (chain.governance.to_string(), "governance"),
    ];
    let names: BTreeMap<String, &str> = accounts.into_iter().chain(contracts).collect();
    for event in events.iter().filter(|event| event.ty.starts_with("wasm-governance/")) {
        let mut line = event.ty.trim_start_matches("wasm-").to_owned();
        for attribute in event.attributes.iter().filter(|attribute| attribute.key != "_contract_address") {
            let value = names.get(&attribute.value).copied().unwrap_or(&attribute.value);
            line += &format!(" {}={value}", attribute.key);
        }
        into.push(line);
    }
}

/// Deposits held, as somebody rebuilds them who sees nothing but events.
fn rebuild(told: &[String]) -> u128 {
    let value = |line: &str, key: &str| -> u128 {
        line.split(' ').find_map(|pair| pair.strip_prefix(key)).unwrap().parse().unwrap()
    };
    told.iter().fold(0, |held, line| match line.split(' ').next().unwrap() {
        "governance/deposited" => held + value(line, "amount="),
        "governance/deposit_returned" | "governance/deposit_burned" => held - value(line, "amount="),
        _ => held,
    })
}

/// One whole life. A change of an event is a change of the interface, and shows here.
#[test]
fn events_tell_the_whole_story_and_rebuild_the_books() {
    let mut chain = Chain::new();
    let (erin, other, guardian, anyone) =
        (chain.account("erin"), chain.account("depositor 0"), chain.account("guardian"), chain.account("anyone"));
    let (alice, bob, governed) = (chain.account("alice"), chain.account("bob"), chain.governed.to_string());
    chain.allow(&erin, 50_000);
    chain.allow(&other, 50_000);
    let first = chain.proposal(1).summary.proposal_id.u64() + 1;
    let id = |number: u64| Uint64::new(first + number);
    let change = Action::ParamChange {
        contract: governed.clone(),
        changes: vec![ParamChange { name: "count".try_into().unwrap(), value: json("4") }],
    };
    let fails = chain.calls(&[r#"{"fail":{}}"#]);
    let mut expedited =
        proposal(chain.self_action(&ExecuteMsg::SetGuardians { guardians: vec![guardian.to_string()] }));
    expedited.expedited = true;
    let propose = |proposal, deposit: u128| ExecuteMsg::Propose { proposal, deposit: Uint128::new(deposit) };
    let vote = |number, vote| ExecuteMsg::Vote { proposal_id: id(number), vote };
    let execute = |number| ExecuteMsg::Execute { proposal_id: id(number) };
    let until = Uint64::new(chain.now() + 50);
    let contracts = vec![governed.clone()];
    let story: Vec<(&cosmwasm_std::Addr, ExecuteMsg, u64)> = vec![
        (&guardian, ExecuteMsg::EmergencyPause { contracts: contracts.clone(), until }, 0),
        (&guardian, ExecuteMsg::EndEmergencyPause { contracts }, 0),
        (&erin, propose(proposal(change), 400), 0),
        (&other, ExecuteMsg::Deposit { proposal_id: id(0), amount: Uint128::new(1_200) }, 0),
        (&erin, propose(proposal(fails), 1_600), 0),
        (&erin, propose(expedited, 3_200), 0),
        (&erin, propose(proposal(Action::Text {}), 1_600), 0),
        (&alice, vote(0, VoteOption::No), 0),
        (&alice, vote(0, VoteOption::Yes), 0),
        (&alice, vote(1, VoteOption::Yes), 0),
        (&alice, vote(3, VoteOption::Veto), 200),
        (&alice, vote(2, VoteOption::Yes), 0),
        (&bob, vote(2, VoteOption::Abstain), 300),
        (&anyone, ExecuteMsg::Close { proposal_id: id(3) }, 300),
        (&anyone, execute(0), 0),
        (&anyone, execute(1), 0),
        (&anyone, execute(2), 0),
    ];
    let mut told = Vec::new();
    for (sender, message, wait) in story {
        let response: AppResponse = chain.send(sender, &message);
        lines(&chain, &response.events, &mut told);
        assert_eq!(rebuild(&told), chain.solvency().deposits.u128(), "{told:?}");
        chain.wait(wait);
    }
    assert_eq!(chain.governed_config().params.count, 4);
    // The error is the chain's, and says more on this one than on a real one.
    for line in &mut told {
        if let Some(at) = line.find(" error=") {
            let attempts = line.rfind(" attempts=").unwrap();
            line.replace_range(at..attempts, " error=..");
        }
    }
    goldie::assert!(told.join("\n"));
}

/// What begins a contract and what a proposal changes of it.
#[test]
fn configuration_events() {
    use governance::{events::GovernanceEvent as E, msg::*, state::Config};
    use openledger_contract_kit::Event as _;
    let address = |name: &str| cosmwasm_std::Addr::unchecked(name);
    let config = Config { token: address("token"), staking: address("staking"), datanets: address("datanets") };
    let rule =
        ParamRule { name: "count".try_into().unwrap(), kind: ParamKind::Number, min: Some(Uint128::one()), max: None };
    let entry = RegisteredContract {
        contract: address("models"),
        name: "models".try_into().unwrap(),
        pausable: true,
        params: vec![rule],
    };
    let guardian = |name| Guardian { account: address(name), term_ends_at: Uint64::new(9) };
    let all = [
        E::Instantiated { config, params: params() },
        E::Migrated { from: "0.1.0".into(), to: "0.2.0".into() },
        E::ParamsUpdated { params: params() },
        E::GuardiansSet { guardians: vec![guardian("one"), guardian("two")] },
        E::ContractRegistered { entry },
        E::ContractUnregistered { contract: address("models") },
        E::DatanetMessagesSet { messages: vec!["accept".try_into().unwrap(), "reject".try_into().unwrap()] },
        E::OwnershipAccepted { contract: address("models") },
        E::DatanetAccepted { datanet_id: 5 },
    ];
    let lines: Vec<String> = all.iter().map(|event| event.line()).collect();
    goldie::assert!(lines.join("\n"));
}
