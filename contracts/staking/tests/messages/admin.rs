use cosmwasm_std::{Empty, Uint64};
use cw_multi_test::Executor;
use openledger_contract_kit::KitError;
use staking::{
    msg::{ConfigResponse, ExecuteMsg, MigrateMsg, Params, QueryMsg, SudoMsg},
    ContractError,
};

use crate::chain::{contract, params, Chain};

fn config(chain: &Chain) -> ConfigResponse {
    chain.query(&QueryMsg::Config {})
}

#[test]
fn only_the_owner_updates_parameters_and_within_bounds() {
    let mut chain = Chain::new();
    let changed = Params { max_validators: 7, ..params() };
    let update = ExecuteMsg::UpdateParams { params: changed.clone() };
    let stranger = chain.account("stranger");
    assert!(matches!(chain.refused(&stranger, &update), ContractError::Kit(KitError::Unauthorized { .. })));
    let owner = chain.owner.clone();
    let wrong = ExecuteMsg::UpdateParams { params: Params { max_validators: 101, ..params() } };
    assert!(matches!(chain.refused(&owner, &wrong), ContractError::ParamOutOfBounds { .. }));
    chain.send(&owner, &update);
    assert_eq!(config(&chain).params, changed);
}

#[test]
fn open_unbondings_keep_their_times() {
    let mut chain = Chain::new();
    chain.register(0, 300);
    chain.unbond(0, 100);
    let before = chain.unbonding(0);
    let longer = Params { unbonding_seconds: Uint64::new(5_000), ..params() };
    chain.send(&chain.owner.clone(), &ExecuteMsg::UpdateParams { params: longer });
    assert_eq!(chain.unbonding(0), before);
}

#[test]
fn ownership_moves_in_two_steps() {
    let mut chain = Chain::new();
    let (owner, next, other) = (chain.owner.clone(), chain.account("next"), chain.account("other"));
    let propose = ExecuteMsg::ProposeOwner { account: next.to_string(), expires_at: Uint64::new(chain.now() + 100) };
    let accept = ExecuteMsg::AcceptOwnership {};
    assert!(matches!(chain.refused(&other, &propose), ContractError::Kit(KitError::Unauthorized { .. })));
    chain.send(&owner, &propose);
    assert!(matches!(chain.refused(&other, &accept), ContractError::Kit(KitError::Unauthorized { .. })));
    chain.send(&next, &accept);
    assert_eq!(config(&chain).ownership.owner, next);
    assert!(matches!(chain.refused(&owner, &propose), ContractError::Kit(KitError::Unauthorized { .. })));
}

#[test]
fn governance_replaces_parameters_and_owner_only() {
    let mut chain = Chain::new();
    let heir = chain.account("heir");
    chain.sudo(&SudoMsg::UpdateParams { params: Params { max_validators: 9, ..params() } }).unwrap();
    chain.sudo(&SudoMsg::ReplaceOwner { owner: heir.to_string() }).unwrap();
    assert_eq!((config(&chain).params.max_validators, config(&chain).ownership.owner), (9, heir));
    let wrong = SudoMsg::UpdateParams { params: Params { max_validators: 0, ..params() } };
    assert!(matches!(chain.sudo(&wrong), Err(ContractError::ParamOutOfBounds { .. })));
}

#[test]
fn migration_needs_an_older_version_of_this_contract() {
    let mut chain = Chain::new();
    let code = chain.app.store_code(contract());
    let (owner, staking) = (chain.owner.clone(), chain.staking.clone());
    let mut migrate = |address| {
        chain
            .app
            .migrate_contract(owner.clone(), address, &MigrateMsg {}, code)
            .map(|_| ())
            .map_err(|error| error.downcast::<ContractError>().unwrap())
    };
    assert!(matches!(migrate(staking.clone()), Err(ContractError::Kit(KitError::MigrateNotNewer { .. }))));
    cw2::set_contract_version(&mut *chain.app.contract_storage_mut(&staking), staking::identity::NAME, "0.0.1")
        .unwrap();
    let migrated = chain.app.migrate_contract(owner.clone(), staking.clone(), &MigrateMsg {}, code);
    assert!(migrated.is_ok());
    cw2::set_contract_version(&mut *chain.app.contract_storage_mut(&staking), "somebody/else", "0.0.1").unwrap();
    let error = chain.app.migrate_contract(owner, staking, &Empty {}, code).unwrap_err();
    assert!(matches!(
        error.downcast::<ContractError>().unwrap(),
        ContractError::Kit(KitError::MigrateOtherContract { .. })
    ));
}
