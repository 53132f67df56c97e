use cosmwasm_std::{Uint128, Uint64};
use models::{
    msg::{ExecuteMsg, Params},
    ContractError,
};
use openledger_contract_kit::KitError;

use crate::suite::{base_msg, digest, is_unauthorized, params, register_msg, terms, Suite};

#[test]
fn update_params_is_for_the_owner_and_does_not_touch_versions() {
    let mut suite = Suite::new();
    suite.exec("dave", register_msg(1, 1, terms())).unwrap();
    let before = suite.adapter(1);
    let new = Params { max_token_price: Uint128::one(), ..params() };
    assert!(is_unauthorized(suite.exec("dave", ExecuteMsg::UpdateParams { params: new.clone() })));
    suite.exec("admin", ExecuteMsg::UpdateParams { params: new.clone() }).unwrap();
    assert_eq!(suite.config().params, new);
    assert_eq!(suite.adapter(1), before);
    assert!(matches!(
        suite.exec("dave", register_msg(1, 1, terms())),
        Err(ContractError::Price { field: "prompt_price", .. })
    ));
}

#[test]
fn a_pause_stops_registrations_and_ends() {
    let mut suite = Suite::new();
    let until = Uint64::new(suite.now() + 100);
    assert!(is_unauthorized(suite.exec("dave", ExecuteMsg::Pause { until })));
    suite.exec("admin", ExecuteMsg::Pause { until }).unwrap();
    for msg in [base_msg(digest(1)), register_msg(1, 1, terms())] {
        assert!(matches!(suite.exec("dave", msg), Err(ContractError::Kit(KitError::Paused { .. }))));
    }
    suite.wait(100);
    suite.exec("dave", base_msg(digest(1))).unwrap();
}

#[test]
fn unpause_ends_it_at_once() {
    let mut suite = Suite::new();
    assert!(is_unauthorized(suite.exec("dave", ExecuteMsg::Unpause {})));
    let until = Uint64::new(suite.now() + 100);
    suite.exec("admin", ExecuteMsg::Pause { until }).unwrap();
    suite.exec("admin", ExecuteMsg::Unpause {}).unwrap();
    assert_eq!(suite.config().paused_until, None);
    suite.exec("dave", base_msg(digest(1))).unwrap();
}

#[test]
fn the_contract_changes_hands_in_two_steps() {
    let mut suite = Suite::new();
    let account = suite.account("bob").into_string();
    let propose = ExecuteMsg::ProposeOwner { account, expires_at: Uint64::new(suite.now() + 10) };
    assert!(is_unauthorized(suite.exec("bob", propose.clone())));
    suite.exec("admin", propose.clone()).unwrap();
    suite.wait(10);
    assert!(matches!(
        suite.exec("bob", ExecuteMsg::AcceptOwnership {}),
        Err(ContractError::Kit(KitError::ProposalExpired { .. }))
    ));
    let account = suite.account("bob").into_string();
    let expires_at = Uint64::new(suite.now() + 10);
    suite.exec("admin", ExecuteMsg::ProposeOwner { account, expires_at }).unwrap();
    suite.exec("bob", ExecuteMsg::AcceptOwnership {}).unwrap();
    assert_eq!(suite.config().ownership.owner, suite.account("bob"));
}
