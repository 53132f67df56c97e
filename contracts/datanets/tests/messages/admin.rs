use cosmwasm_std::{coins, Uint64};
use cw_multi_test::Executor;
use datanets::{
    msg::{ExecuteMsg, Membership, Params},
    ContractError,
};
use openledger_contract_kit::KitError;

use crate::suite::{digest, is_unauthorized, params, Suite};

fn pause(suite: &mut Suite, who: &str, seconds: u64) -> Result<(), ContractError> {
    let until = Uint64::new(suite.now() + seconds);
    suite.exec(who, ExecuteMsg::Pause { until }).map(|_| ())
}

#[test]
fn update_params_is_for_the_owner_and_checked() {
    let mut suite = Suite::new();
    let new = Params { max_rows: 5, ..params() };
    assert!(is_unauthorized(suite.exec("alice", ExecuteMsg::UpdateParams { params: new.clone() })));
    suite.exec("admin", ExecuteMsg::UpdateParams { params: new.clone() }).unwrap();
    assert_eq!(suite.config().params, new);
    let bad = Params { max_clusters: 0, ..params() };
    assert!(matches!(
        suite.exec("admin", ExecuteMsg::UpdateParams { params: bad }),
        Err(ContractError::Param { name: "max_clusters", .. })
    ));
}

#[test]
fn a_pause_stops_work_but_not_hand_overs_and_ends_by_itself() {
    let mut suite = Suite::new();
    let id = suite.create("alice", Membership::Open).unwrap();
    assert!(is_unauthorized(pause(&mut suite, "alice", 50)));
    pause(&mut suite, "admin", 50).unwrap();
    assert_eq!(suite.config().paused_until, Some(Uint64::new(suite.now() + 50)));
    for blocked in [
        suite.contribute("alice", id, digest(1)),
        suite.join("bob", id),
        suite.publish("alice", id, digest(1)),
        suite.accept("alice", id, 1),
    ] {
        assert!(matches!(blocked, Err(ContractError::Kit(KitError::Paused { .. }))));
    }
    let expires_at = Uint64::new(suite.now() + 5);
    let account = suite.account("bob").into_string();
    let datanet_id = Uint64::new(id);
    suite.exec("alice", ExecuteMsg::ProposeDatanetOwner { datanet_id, account, expires_at }).unwrap();
    suite.exec("bob", ExecuteMsg::AcceptDatanetOwnership { datanet_id }).unwrap();
    suite.wait(50);
    assert_eq!(suite.config().paused_until, None);
    suite.contribute("alice", id, digest(1)).unwrap();
}

#[test]
fn pauses_are_bounded_and_cannot_be_chained() {
    let mut suite = Suite::new();
    assert!(matches!(
        pause(&mut suite, "admin", 101),
        Err(ContractError::Kit(KitError::PauseLength { max_secs: 100, .. }))
    ));
    pause(&mut suite, "admin", 100).unwrap();
    suite.wait(100);
    assert!(matches!(pause(&mut suite, "admin", 1), Err(ContractError::Kit(KitError::PauseTooSoon { .. }))));
    suite.wait(100);
    pause(&mut suite, "admin", 100).unwrap();
}

#[test]
fn unpause_ends_it_at_once_and_is_for_the_owner() {
    let mut suite = Suite::new();
    assert_eq!(suite.exec("admin", ExecuteMsg::Unpause {}).unwrap_err(), ContractError::Kit(KitError::NotPaused));
    pause(&mut suite, "admin", 50).unwrap();
    assert!(is_unauthorized(suite.exec("alice", ExecuteMsg::Unpause {})));
    suite.exec("admin", ExecuteMsg::Unpause {}).unwrap();
    suite.create("alice", Membership::Open).unwrap();
}

#[test]
fn the_contract_changes_hands_in_two_steps() {
    let mut suite = Suite::new();
    let account = suite.account("bob").into_string();
    let expires_at = Uint64::new(suite.now() + 10);
    let propose = ExecuteMsg::ProposeOwner { account, expires_at };
    assert!(is_unauthorized(suite.exec("bob", propose.clone())));
    suite.exec("admin", propose).unwrap();
    assert!(is_unauthorized(suite.exec("mallory", ExecuteMsg::AcceptOwnership {})));
    assert_eq!(suite.config().ownership.owner, suite.account("admin"));
    suite.exec("bob", ExecuteMsg::AcceptOwnership {}).unwrap();
    assert_eq!(suite.config().ownership.owner, suite.account("bob"));
    assert!(is_unauthorized(suite.exec("admin", ExecuteMsg::Unpause {})));
}

#[test]
fn coins_are_refused() {
    let mut suite = Suite::new();
    let alice = suite.account("alice");
    suite.app.init_modules(|router, _, storage| {
        router.bank.init_balance(storage, &alice, coins(5, "ustake")).unwrap();
    });
    let msg = crate::suite::create_msg(alice.as_str(), Membership::Open);
    let error = suite.app.execute_contract(alice.clone(), suite.contract.clone(), &msg, &coins(5, "ustake"));
    assert_eq!(error.unwrap_err().downcast::<ContractError>().unwrap(), ContractError::Kit(KitError::UnexpectedFunds));
    assert_eq!(suite.app.wrap().query_balance(&alice, "ustake").unwrap().amount.u128(), 5);
}
