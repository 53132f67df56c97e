use cosmwasm_std::{Uint128, Uint64};
use governance::{
    json::Json,
    msg::{Action, DiffResponse, ExecuteMsg, ParamChange, ParamDiff, QueryMsg, Status},
    ContractError,
};

use crate::chain::{json, params, proposal, Attributes, Chain};

fn change(chain: &Chain, changes: &[(&str, &str)]) -> Action {
    change_of(&chain.governed, changes)
}

fn change_of(contract: &cosmwasm_std::Addr, changes: &[(&str, &str)]) -> Action {
    let changes = changes
        .iter()
        .map(|(name, value)| ParamChange { name: (*name).try_into().unwrap(), value: json(value) })
        .collect();
    Action::ParamChange { contract: contract.to_string(), changes }
}

fn diff(chain: &Chain, id: u64) -> DiffResponse {
    chain.query(&QueryMsg::Diff { proposal_id: Uint64::new(id) })
}

#[test]
fn only_what_is_named_changes() {
    let mut chain = Chain::new();
    let payee = format!("\"{}\"", chain.account("payee"));
    let id = chain.propose(change(&chain, &[("amount", "\"55\""), ("active", "false"), ("payee", &payee)]));
    let shown = diff(&chain, id);
    assert_eq!(shown.contract, Some(chain.governed.clone()));
    let expected = ParamDiff { name: "amount".try_into().unwrap(), from: json("\"7\""), to: json("\"55\"") };
    assert_eq!(shown.changes[0], expected);
    assert_eq!((&shown.changes[1].from, &shown.changes[2].from), (&Json::Bool(true), &Json::Null));
    chain.pass(id);
    let response = chain.execute(id);
    assert_eq!(chain.status(id), Status::Executed);
    assert_eq!(response.custom_attrs_of("governance/param_changed", "from"), "\"7\"");
    assert_eq!(response.count("governance/param_changed"), 3);
    let found = chain.governed_config().params;
    assert_eq!((found.amount.u128(), found.count, found.active, found.label.as_str()), (55, 3, false, "one"));
    assert_eq!(found.payee, Some(chain.account("payee").to_string()));
}

/// Two proposals about different parameters do not undo each other: each merges what is there when it runs.
#[test]
fn the_merge_is_with_the_values_at_execution() {
    let mut chain = Chain::new();
    let (one, two) =
        (chain.propose(change(&chain, &[("count", "9")])), chain.propose(change(&chain, &[("label", "\"two\"")])));
    for id in [one, two] {
        chain.vote(id, "alice", governance::msg::VoteOption::Yes);
    }
    chain.wait(800);
    chain.execute(one);
    chain.execute(two);
    let found = chain.governed_config().params;
    assert_eq!((found.count, found.label.as_str()), (9, "two"));
}

#[test]
fn every_bound_and_type_is_checked() {
    let mut chain = Chain::new();
    let long = format!("\"{}\"", "x".repeat(257));
    for (name, value) in [
        ("amount", "\"0\""),
        ("amount", "\"1001\""),
        ("amount", "5"),
        ("amount", "\"-5\""),
        ("amount", "\"05\""),
        ("amount", "\"+5\""),
        ("amount", "\"\""),
        ("amount", "\"340282366920938463463374607431768211456\""),
        ("amount", "null"),
        ("count", "0"),
        ("count", "11"),
        ("count", "-1"),
        ("count", "\"5\""),
        ("active", "1"),
        ("payee", "\"nobody\""),
        ("payee", "5"),
        ("label", "5"),
        ("label", &long),
        ("label", "{}"),
    ] {
        let error = chain.propose_refused(proposal(change(&chain, &[(name, value)])));
        assert!(matches!(error, ContractError::ParamValue { .. }), "{name} {value}: {error}");
    }
    for (name, value) in [("amount", "\"1\""), ("amount", "\"1000\""), ("count", "1"), ("count", "10")] {
        chain.propose(change(&chain, &[(name, value)]));
    }
}

#[test]
fn unknown_contracts_and_parameters_are_refused() {
    let mut chain = Chain::new();
    let error = chain.propose_refused(proposal(change(&chain, &[("owner", "\"me\"")])));
    assert!(matches!(error, ContractError::UnknownParam { .. }));
    // In the registry, not in the code.
    let error = chain.propose_refused(proposal(change(&chain, &[("future", "true")])));
    assert!(matches!(error, ContractError::NoSuchParam { .. }));
    let error = chain.propose_refused(proposal(change_of(&chain.token.clone(), &[("amount", "\"5\"")])));
    assert_eq!(error, ContractError::NotRegistered { contract: chain.token.clone() });
    let twice = [("count", "5"), ("count", "6")];
    let error = chain.propose_refused(proposal(change(&chain, &twice)));
    assert!(matches!(error, ContractError::Duplicate { .. }));
    let error = chain.propose_refused(proposal(change(&chain, &[])));
    assert_eq!(error, ContractError::Empty { what: "changes" });
    let many = vec![("count", "5"); 33];
    let error = chain.propose_refused(proposal(change(&chain, &many)));
    assert!(matches!(error, ContractError::Kit(_)));
}

#[test]
fn governance_changes_its_own_parameters_and_its_own_bounds_hold() {
    let mut chain = Chain::new();
    let governance = chain.governance.clone();
    let (_, status) = chain.enact(change_of(&governance, &[("min_deposit", "\"2000\""), ("quorum", "4000")]));
    assert_eq!(status, Status::Executed);
    let config: governance::msg::ConfigResponse = chain.query(&QueryMsg::Config {});
    let expected =
        governance::msg::Params { min_deposit: Uint128::new(2_000), quorum: crate::chain::part(4_000), ..params() };
    assert_eq!(config.params, expected);
    // Within each row, and not together: the contract's own check has the last word.
    let id = chain.propose_with(proposal(change_of(&governance, &[("timelock_seconds", "\"10\"")])), 2_000);
    chain.pass(id);
    chain.execute(id);
    assert_eq!(chain.status(id), Status::ExecutionFailed);
}

#[test]
fn rules_that_tightened_since_hold_at_execution() {
    let mut chain = Chain::new();
    let id = chain.propose(change(&chain, &[("count", "9")]));
    let unregister = ExecuteMsg::UnregisterContract { contract: chain.governed.to_string() };
    let other = chain.propose(chain.self_action(&unregister));
    for id in [id, other] {
        chain.vote(id, "alice", governance::msg::VoteOption::Yes);
    }
    chain.wait(800);
    chain.execute(other);
    assert_eq!(chain.status(other), Status::Executed);
    chain.execute(id);
    assert_eq!((chain.status(id), chain.governed_config().params.count), (Status::ExecutionFailed, 3));
}
