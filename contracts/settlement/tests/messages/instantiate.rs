use cosmwasm_std::Uint64;
use settlement::{
    msg::{ConfigResponse, Params, QueryMsg},
    ContractError,
};

use crate::chain::{bare, params, Chain};

#[test]
fn config_is_what_was_given() {
    let chain = Chain::new();
    let config: ConfigResponse = chain.query(&QueryMsg::Config {});
    assert_eq!(config.ownership.owner, chain.owner);
    assert_eq!((config.token, config.staking), (chain.token.clone(), chain.staking.clone()));
    assert_eq!((config.models, config.treasury), (chain.account("models"), chain.account("treasury")));
    assert_eq!((config.params, config.paused_until), (params(), None));
}

#[test]
fn every_parameter_has_bounds() {
    let seconds = Uint64::new;
    let month = 2_592_001;
    let wrong = [
        ("challenge_window_seconds", Params { challenge_window_seconds: seconds(month), ..params() }),
        ("attestation_deadline_seconds", Params { attestation_deadline_seconds: seconds(0), ..params() }),
        ("attestation_deadline_seconds", Params { attestation_deadline_seconds: seconds(month), ..params() }),
        ("max_session_seconds", Params { max_session_seconds: seconds(0), ..params() }),
        ("max_session_seconds", Params { max_session_seconds: seconds(31_536_001), ..params() }),
        ("settle_grace_seconds", Params { settle_grace_seconds: seconds(month), ..params() }),
        ("set_overlap_seconds", Params { set_overlap_seconds: seconds(month), ..params() }),
        // More than the staking contract's unbonding time.
        ("set_overlap_seconds", Params { set_overlap_seconds: seconds(2_001), ..params() }),
        ("challenge_window_seconds", Params { challenge_window_seconds: seconds(2_001), ..params() }),
        ("max_pause_seconds", Params { max_pause_seconds: seconds(0), ..params() }),
        ("round_seconds", Params { round_seconds: seconds(0), ..params() }),
        ("max_open_epochs", Params { max_open_epochs: 0, ..params() }),
        ("max_open_epochs", Params { max_open_epochs: 17, ..params() }),
        ("round_seconds", Params { round_seconds: seconds(2_592_001), ..params() }),
        ("max_charges_per_batch", Params { max_charges_per_batch: 0, ..params() }),
        ("max_charges_per_batch", Params { max_charges_per_batch: 65, ..params() }),
        ("max_batches_per_epoch", Params { max_batches_per_epoch: 0, ..params() }),
        ("max_batches_per_epoch", Params { max_batches_per_epoch: 65, ..params() }),
        ("set_overlap", Params { set_overlap: 5, ..params() }),
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
fn staking_must_exist_and_bond_the_same_token() {
    let mut chain = bare();
    let nobody = chain.account("nobody");
    let staking = std::mem::replace(&mut chain.staking, nobody);
    assert!(matches!(chain.instantiate(params()), Err(ContractError::Std(_))));
    chain.staking = staking;
    chain.token = chain.account("another token");
    assert!(matches!(chain.instantiate(params()), Err(ContractError::StakingToken { .. })));
}
