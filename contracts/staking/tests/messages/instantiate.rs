use cosmwasm_std::{Uint128, Uint64};
use staking::{
    msg::{ConfigResponse, Params, QueryMsg},
    ContractError,
};

use crate::chain::{bare, params, Chain};

#[test]
fn config_is_what_was_given() {
    let chain = Chain::new();
    let config: ConfigResponse = chain.query(&QueryMsg::Config {});
    assert_eq!(config.ownership.owner, chain.owner);
    assert_eq!(config.token, chain.token);
    assert_eq!(config.params, params());
}

#[test]
fn every_parameter_has_bounds() {
    let wrong = [
        ("unbonding_seconds", Params { unbonding_seconds: Uint64::zero(), ..params() }),
        ("unbonding_seconds", Params { unbonding_seconds: Uint64::new(31_536_001), ..params() }),
        ("min_self_bond", Params { min_self_bond: Uint128::zero(), ..params() }),
        ("max_validators", Params { max_validators: 0, ..params() }),
        ("max_validators", Params { max_validators: 101, ..params() }),
        ("max_unbonding_entries", Params { max_unbonding_entries: 0, ..params() }),
        ("max_unbonding_entries", Params { max_unbonding_entries: 33, ..params() }),
        ("snapshot_interval_seconds", Params { snapshot_interval_seconds: Uint64::new(86_401), ..params() }),
        ("max_delegations", Params { max_delegations: 0, ..params() }),
        ("max_delegations", Params { max_delegations: 17, ..params() }),
        ("jail_seconds", Params { jail_seconds: Uint64::new(31_536_001), ..params() }),
        ("min_operator_bond", Params { min_operator_bond: Uint128::zero(), ..params() }),
    ];
    let mut chain = bare();
    for (expected, params) in wrong {
        match chain.instantiate(params) {
            Err(ContractError::ParamOutOfBounds { name, .. }) => assert_eq!(name, expected),
            other => panic!("{expected}: {other:?}"),
        }
    }
}

#[test]
fn a_token_that_is_no_token_is_refused() {
    let mut chain = bare();
    chain.token = chain.account("nobody");
    assert!(matches!(chain.instantiate(params()), Err(ContractError::Std(_))));
}
