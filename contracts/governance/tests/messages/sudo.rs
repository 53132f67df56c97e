use cosmwasm_std::{Uint128, Uint64};
use governance::msg::{ConfigResponse, GuardiansResponse, Params, QueryMsg, SudoMsg};

use crate::chain::{params, Attributes, Chain};

#[test]
fn chain_governance_pauses_sets_parameters_and_replaces_guardians() {
    let mut chain = Chain::new();
    let (contracts, until) = (vec![chain.governed.to_string()], Uint64::new(chain.now() + 100));
    let response = chain.sudo(&SudoMsg::Pause { contracts, until }).unwrap();
    assert_eq!(response.count("governance/paused"), 1);
    assert_eq!(chain.governed_config().paused_until, Some(until));
    let changed = Params { min_deposit: Uint128::new(3_000), ..params() };
    chain.sudo(&SudoMsg::UpdateParams { params: changed.clone() }).unwrap();
    assert_eq!(chain.query::<ConfigResponse>(&QueryMsg::Config {}).params, changed);
    let heir = chain.account("heir");
    chain.sudo(&SudoMsg::ReplaceGuardians { guardians: vec![heir.to_string()] }).unwrap();
    let found: GuardiansResponse = chain.query(&QueryMsg::Guardians {});
    assert_eq!(found.guardians.into_iter().map(|guardian| guardian.account).collect::<Vec<_>>(), [heir]);
}

#[test]
fn its_bounds_are_everybodys() {
    let mut chain = Chain::new();
    let contracts = vec![chain.governed.to_string()];
    let until = Uint64::new(chain.now() + 601);
    assert!(chain.sudo(&SudoMsg::Pause { contracts, until }).is_err());
    let (contracts, until) = (vec![chain.staking.to_string()], Uint64::new(chain.now() + 10));
    assert!(chain.sudo(&SudoMsg::Pause { contracts, until }).is_err());
    let wrong = Params { voting_seconds: Uint64::zero(), ..params() };
    assert!(chain.sudo(&SudoMsg::UpdateParams { params: wrong }).is_err());
    let six = (0..6).map(|n| chain.account(&format!("{n}")).to_string()).collect();
    assert!(chain.sudo(&SudoMsg::ReplaceGuardians { guardians: six }).is_err());
}
