use cosmwasm_std::Uint64;
use cw_multi_test::Executor;
use openledger_contract_kit::KitError;
use settlement::{
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
    let changed = Params { max_charges_per_batch: 64, ..params() };
    let update = ExecuteMsg::UpdateParams { params: changed.clone() };
    let (owner, stranger) = (chain.owner.clone(), chain.account("stranger"));
    assert!(matches!(chain.refused(&stranger, &update), ContractError::Kit(KitError::Unauthorized { .. })));
    for wrong in [
        Params { max_charges_per_batch: 65, ..params() },
        Params { set_overlap_seconds: Uint64::new(2_001), ..params() },
    ] {
        let update = ExecuteMsg::UpdateParams { params: wrong };
        assert!(matches!(chain.refused(&owner, &update), ContractError::ParamOutOfBounds { .. }));
    }
    chain.send(&owner, &update);
    assert_eq!(config(&chain).params, changed);
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
    chain.wait(100);
    assert!(matches!(chain.refused(&next, &accept), ContractError::Kit(KitError::ProposalExpired { .. })));
    let propose = ExecuteMsg::ProposeOwner { account: next.to_string(), expires_at: Uint64::new(chain.now() + 100) };
    chain.send(&owner, &propose);
    chain.send(&next, &accept);
    assert_eq!(config(&chain).ownership.owner, next);
}

#[test]
fn governance_replaces_parameters_and_owner() {
    let mut chain = Chain::new();
    let heir = chain.account("heir");
    chain.sudo(&SudoMsg::UpdateParams { params: Params { set_overlap: 4, ..params() } }).unwrap();
    chain.sudo(&SudoMsg::ReplaceOwner { owner: heir.to_string() }).unwrap();
    assert_eq!((config(&chain).params.set_overlap, config(&chain).ownership.owner), (4, heir));
    let wrong = SudoMsg::UpdateParams { params: Params { set_overlap: 5, ..params() } };
    assert!(matches!(chain.sudo(&wrong), Err(ContractError::ParamOutOfBounds { .. })));
}

#[test]
fn migration_needs_an_older_version_of_this_contract() {
    let mut chain = Chain::new();
    let code = chain.app.store_code(contract());
    let (owner, settlement) = (chain.owner.clone(), chain.settlement.clone());
    let mut migrate = |name: &str, version: &str| {
        cw2::set_contract_version(&mut *chain.app.contract_storage_mut(&settlement), name, version).unwrap();
        chain
            .app
            .migrate_contract(owner.clone(), settlement.clone(), &MigrateMsg {}, code)
            .map(|_| ())
            .map_err(|error| error.downcast::<ContractError>().unwrap())
    };
    assert_eq!(migrate(settlement::identity::NAME, "0.0.1"), Ok(()));
    for version in [env!("CARGO_PKG_VERSION"), "99.0.0"] {
        let error = migrate(settlement::identity::NAME, version).unwrap_err();
        assert!(matches!(error, ContractError::Kit(KitError::MigrateNotNewer { .. })));
    }
    let error = migrate("somebody/else", "0.0.1").unwrap_err();
    assert!(matches!(error, ContractError::Kit(KitError::MigrateOtherContract { .. })));
}
