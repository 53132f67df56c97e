use cosmwasm_std::{Addr, Uint128, Uint64};
use governance::{
    msg::{ConfigResponse, GuardiansResponse, InstantiateMsg, Params, QueryMsg, RegistryResponse},
    ContractError,
};

use crate::chain::{bare, params, part, Chain};

#[test]
fn begins_with_a_guardian_and_a_registry() {
    let chain = Chain::new();
    let config: ConfigResponse = chain.query(&QueryMsg::Config {});
    assert_eq!((config.token, config.staking), (chain.token.clone(), chain.staking.clone()));
    assert_eq!((config.params, config.executing), (params(), None));
    assert!(config.datanet_messages.iter().any(|name| name.as_str() == "propose_curator"));
    let guardians: GuardiansResponse = chain.query(&QueryMsg::Guardians {});
    assert_eq!(guardians.guardians.len(), 1);
    assert_eq!(guardians.guardians[0].account, chain.account("guardian"));
    let registry: RegistryResponse = chain.query(&QueryMsg::Registry { start_after: None, limit: None });
    let mut names: Vec<String> = registry.contracts.iter().map(|entry| entry.name.to_string()).collect();
    names.sort();
    assert_eq!(names, ["datanets", "governance", "governed", "staking"]);
}

#[test]
fn models_and_settlement_enter_the_registry_when_named() {
    let mut chain = bare();
    let msg = InstantiateMsg {
        models: Some(chain.account("models").to_string()),
        settlement: Some(chain.account("settlement").to_string()),
        disputes: Some(chain.account("disputes").to_string()),
        guardian: None,
        ..chain.init_msg(params())
    };
    chain.governance = chain.instantiate_with(&msg).unwrap();
    let registry: RegistryResponse = chain.query(&QueryMsg::Registry { start_after: None, limit: None });
    let pausable = |name: &str| registry.contracts.iter().find(|entry| entry.name.as_str() == name).unwrap().pausable;
    assert!(pausable("models") && pausable("settlement") && pausable("datanets"));
    assert!(!pausable("staking") && !pausable("governance"));
    let guardians: GuardiansResponse = chain.query(&QueryMsg::Guardians {});
    assert!(guardians.guardians.is_empty());
}

#[test]
fn a_staking_contract_of_another_token_is_refused() {
    let mut chain = bare();
    let msg = InstantiateMsg { token: chain.account("another token").to_string(), ..chain.init_msg(params()) };
    assert!(matches!(chain.instantiate_with(&msg), Err(ContractError::StakingToken { .. })));
    let msg = InstantiateMsg { staking: chain.token.to_string(), ..chain.init_msg(params()) };
    assert!(matches!(chain.instantiate_with(&msg), Err(ContractError::NoConfig { .. })));
}

#[test]
fn addresses_are_validated() {
    let mut chain = bare();
    let upper = Addr::unchecked(chain.token.to_string().to_uppercase()).to_string();
    for msg in [
        InstantiateMsg { token: "nobody".into(), ..chain.init_msg(params()) },
        InstantiateMsg { token: upper, ..chain.init_msg(params()) },
        InstantiateMsg { guardian: Some("nobody".into()), ..chain.init_msg(params()) },
    ] {
        assert!(matches!(chain.instantiate_with(&msg), Err(ContractError::Std(_))));
    }
}

#[test]
fn every_parameter_has_bounds() {
    let amount = Uint128::new;
    let seconds = Uint64::new;
    let supply = 1_000_000_000_000_000u128;
    let wrong = [
        Params { min_deposit: amount(0), ..params() },
        Params { min_deposit: amount(supply + 1), expedited_min_deposit: amount(supply + 1), ..params() },
        Params { expedited_min_deposit: amount(1_599), ..params() },
        Params { expedited_min_deposit: amount(supply + 1), ..params() },
        Params { datanet_min_deposit: amount(0), ..params() },
        Params { deposit_seconds: seconds(0), ..params() },
        Params { deposit_seconds: seconds(2_592_001), ..params() },
        Params { voting_seconds: seconds(9), expedited_voting_seconds: seconds(5), ..params() },
        Params { voting_seconds: seconds(2_592_001), ..params() },
        Params { expedited_voting_seconds: seconds(4), ..params() },
        Params { expedited_voting_seconds: seconds(500), ..params() },
        Params { timelock_seconds: seconds(2_592_001), ..params() },
        Params { expedited_timelock_seconds: seconds(301), ..params() },
        Params { execution_seconds: seconds(0), ..params() },
        Params { execution_seconds: seconds(2_592_001), ..params() },
        Params { quorum: part(99), ..params() },
        Params { quorum: part(9_001), ..params() },
        Params { threshold: part(4_999), ..params() },
        Params { threshold: part(6_700), ..params() },
        Params { expedited_threshold: part(5_000), ..params() },
        Params { expedited_threshold: part(9_501), ..params() },
        Params { veto_threshold: part(999), ..params() },
        Params { veto_threshold: part(5_001), ..params() },
        Params { datanet_quorum: part(99), ..params() },
        Params { datanet_quorum: part(9_001), ..params() },
        Params { max_pause_seconds: seconds(0), ..params() },
        Params { max_pause_seconds: seconds(1_209_601), ..params() },
        Params { guardian_term_seconds: seconds(0), ..params() },
        Params { guardian_term_seconds: seconds(31_536_001), ..params() },
    ];
    let mut chain = bare();
    for params in wrong {
        let result = chain.instantiate(params.clone());
        assert!(matches!(result, Err(ContractError::ParamOutOfBounds { .. })), "{params:?}: {result:?}");
    }
    chain.instantiate(params()).unwrap();
}
