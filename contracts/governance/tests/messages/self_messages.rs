//! What only a passed proposal may change here.

use cosmwasm_std::Uint128;
use governance::{
    msg::{
        ConfigResponse, ExecuteMsg, GuardiansResponse, ParamKind, ParamRule, Params, QueryMsg, RegisteredContract,
        RegistryResponse, RunOutcome, Status,
    },
    ContractError,
};
use openledger_contract_kit::KitError;

use crate::chain::{params, part, Chain};

/// Enacts and expects the run to fail, with nothing changed.
fn fails(chain: &mut Chain, message: &ExecuteMsg) {
    let before: (ConfigResponse, GuardiansResponse, RegistryResponse) = state(chain);
    let (id, status) = chain.enact(chain.self_action(message));
    assert_eq!(status, Status::ExecutionFailed, "{message:?}");
    assert!(matches!(chain.proposal(id).summary.outcome, Some(RunOutcome::Failed { .. })));
    assert_eq!(before, state(chain));
}

fn state(chain: &Chain) -> (ConfigResponse, GuardiansResponse, RegistryResponse) {
    let registry = QueryMsg::Registry { start_after: None, limit: Some(30) };
    (chain.query(&QueryMsg::Config {}), chain.query(&QueryMsg::Guardians {}), chain.query(&registry))
}

fn all(chain: &Chain) -> Vec<ExecuteMsg> {
    vec![
        ExecuteMsg::UpdateParams { params: params() },
        ExecuteMsg::SetGuardians { guardians: vec![chain.account("thief").to_string()] },
        ExecuteMsg::RegisterContract {
            contract: chain.token.to_string(),
            name: "token".try_into().unwrap(),
            pausable: true,
            params: vec![],
        },
        ExecuteMsg::UnregisterContract { contract: chain.governed.to_string() },
        ExecuteMsg::SetDatanetMessages { messages: vec!["accept".try_into().unwrap()] },
    ]
}

#[test]
fn nobody_else_configures_governance() {
    let mut chain = Chain::new();
    for name in ["deployer", "guardian", "alice", "anyone"] {
        let account = chain.account(name);
        for message in all(&chain) {
            let error = chain.refused(&account, &message);
            assert!(matches!(error, ContractError::Kit(KitError::Unauthorized { .. })), "{name} {message:?}");
        }
    }
}

#[test]
fn a_passed_proposal_does() {
    let mut chain = Chain::new();
    for message in all(&chain) {
        chain.enact_self(&message);
    }
    let (config, guardians, registry) = state(&chain);
    assert_eq!(config.datanet_messages.len(), 1);
    assert_eq!(guardians.guardians[0].account, chain.account("thief"));
    assert!(registry.contracts.iter().any(|entry| entry.contract == chain.token));
    assert!(registry.contracts.iter().all(|entry| entry.contract != chain.governed));
}

#[test]
fn parameters_stay_within_their_bounds() {
    let mut chain = Chain::new();
    fails(&mut chain, &ExecuteMsg::UpdateParams { params: Params { threshold: part(4_000), ..params() } });
}

#[test]
fn guardians_are_bounded_distinct_and_get_new_terms() {
    let mut chain = Chain::new();
    let accounts = |count: u8| (0..count).map(|n| chain.account(&format!("guardian {n}")).to_string()).collect();
    let (five, six): (Vec<String>, Vec<String>) = (accounts(5), accounts(6));
    let twice = vec![five[0].clone(), five[0].clone()];
    chain.enact_self(&ExecuteMsg::SetGuardians { guardians: five });
    let found: GuardiansResponse = chain.query(&QueryMsg::Guardians {});
    assert_eq!(found.guardians.len(), 5);
    assert!(found.guardians.iter().all(|guardian| guardian.term_ends_at.u64() == chain.now() + 10_000));
    fails(&mut chain, &ExecuteMsg::SetGuardians { guardians: six });
    fails(&mut chain, &ExecuteMsg::SetGuardians { guardians: twice });
    fails(&mut chain, &ExecuteMsg::SetGuardians { guardians: vec!["nobody".into()] });
    chain.enact_self(&ExecuteMsg::SetGuardians { guardians: vec![] });
    let found: GuardiansResponse = chain.query(&QueryMsg::Guardians {});
    assert!(found.guardians.is_empty());
}

fn rule(name: &str, kind: ParamKind, min: Option<u128>, max: Option<u128>) -> ParamRule {
    let bound = |value: Option<u128>| value.map(Uint128::new);
    ParamRule { name: name.try_into().unwrap(), kind, min: bound(min), max: bound(max) }
}

fn register(chain: &Chain, contract: &str, params: Vec<ParamRule>) -> ExecuteMsg {
    let contract = chain.account(contract).to_string();
    ExecuteMsg::RegisterContract { contract, name: "another".try_into().unwrap(), pausable: false, params }
}

#[test]
fn rules_that_contradict_themselves_are_refused() {
    let mut chain = Chain::new();
    let wrong = [
        vec![rule("a", ParamKind::Integer, Some(2), Some(1))],
        vec![rule("a", ParamKind::Number, None, Some(9_007_199_254_740_992))],
        vec![rule("a", ParamKind::Flag, Some(0), None)],
        vec![rule("a", ParamKind::Account, None, Some(5))],
        vec![rule("a", ParamKind::Text, None, Some(5))],
        vec![rule("a", ParamKind::Flag, None, None), rule("a", ParamKind::Flag, None, None)],
        (0..65).map(|n| rule(&format!("p{n}"), ParamKind::Flag, None, None)).collect(),
    ];
    for params in wrong {
        let message = register(&chain, "other", params);
        fails(&mut chain, &message);
    }
    let params: Vec<ParamRule> = (0..64).map(|n| rule(&format!("p{n}"), ParamKind::Flag, None, None)).collect();
    let message = register(&chain, "other", params);
    chain.enact_self(&message);
    let contract = chain.account("other").to_string();
    let found: RegisteredContract = chain.query(&QueryMsg::RegisteredContract { contract });
    assert_eq!(found.params.len(), 64);
}

#[test]
fn the_registry_is_bounded_and_places_come_free() {
    let mut chain = Chain::new();
    // Four are there: governance, staking, Datanets and the governed contract.
    let first = |chain: &Chain, from: u32, to: u32| {
        let messages = (from..to).map(|n| register(chain, &format!("other {n}"), vec![])).collect::<Vec<_>>();
        governance::msg::Action::Messages {
            messages: messages
                .iter()
                .map(|message| governance::msg::Call::Execute {
                    contract: chain.governance.to_string(),
                    message: cosmwasm_std::from_json(cosmwasm_std::to_json_vec(message).unwrap()).unwrap(),
                })
                .collect(),
        }
    };
    assert_eq!(chain.enact(first(&chain, 0, 16)).1, Status::Executed);
    assert_eq!(chain.enact(first(&chain, 16, 28)).1, Status::Executed);
    let one_more = register(&chain, "other 28", vec![]);
    fails(&mut chain, &one_more);
    // A known contract may be replaced, and a removed one leaves room.
    let known = register(&chain, "other 1", vec![rule("a", ParamKind::Flag, None, None)]);
    chain.enact_self(&known);
    chain.enact_self(&ExecuteMsg::UnregisterContract { contract: chain.account("other 2").to_string() });
    chain.enact_self(&one_more);
    let missing = ExecuteMsg::UnregisterContract { contract: chain.account("other 2").to_string() };
    fails(&mut chain, &missing);
    // Pages are exclusive and bounded.
    let page = |start_after: Option<String>, limit| -> RegistryResponse {
        chain.query(&QueryMsg::Registry { start_after, limit: Some(limit) })
    };
    let head = page(None, 100).contracts;
    assert_eq!(head.len(), 30);
    assert_eq!(page(Some(head[29].contract.to_string()), 100).contracts.len(), 2);
}

#[test]
fn the_list_of_datanet_messages_is_bounded_and_distinct() {
    let mut chain = Chain::new();
    let names = |count: u8| (0..count).map(|n| format!("message_{n}").as_str().try_into().unwrap()).collect();
    chain.enact_self(&ExecuteMsg::SetDatanetMessages { messages: names(32) });
    fails(&mut chain, &ExecuteMsg::SetDatanetMessages { messages: names(33) });
    fails(&mut chain, &ExecuteMsg::SetDatanetMessages { messages: vec![] });
    let twice = vec!["accept".try_into().unwrap(), "accept".try_into().unwrap()];
    fails(&mut chain, &ExecuteMsg::SetDatanetMessages { messages: twice });
}
