use cosmwasm_std::{Uint128, Uint64};
use disputes::{
    msg::{Bps, ConfigResponse, Params, QueryMsg},
    ContractError,
};

use crate::scene::{params, Scene};

#[test]
fn addresses_are_those_that_settlement_names() {
    let scene = Scene::new();
    let config: ConfigResponse = scene.query(&QueryMsg::Config {});
    assert_eq!(config.settlement, scene.chain.settlement);
    assert_eq!((config.token, config.staking), (scene.chain.token.clone(), scene.chain.staking.clone()));
    assert_eq!((config.ownership.owner, config.params), (scene.chain.owner.clone(), params()));
}

#[test]
fn every_parameter_has_bounds() {
    let mut scene = Scene::new();
    let refused = [
        (Params { dispute_bond: Uint128::zero(), ..params() }, "dispute_bond"),
        (Params { dispute_seconds: Uint64::zero(), ..params() }, "dispute_seconds"),
        (Params { dispute_seconds: Uint64::new(2_592_001), ..params() }, "dispute_seconds"),
        (Params { reward: Bps::new(5_001).unwrap(), ..params() }, "reward"),
    ];
    for (wrong, expected) in refused {
        let error = scene.instantiate(wrong).unwrap_err();
        assert!(matches!(error, ContractError::ParamOutOfBounds { name, .. } if name == expected), "{error}");
    }
    let edge = Params {
        node_slash: Bps::new(10_000).unwrap(),
        validator_slash: Bps::ZERO,
        reward: Bps::new(5_000).unwrap(),
        dispute_bond: Uint128::one(),
        dispute_seconds: Uint64::new(2_592_000),
    };
    scene.instantiate(edge).unwrap();
}
