use cosmwasm_std::Addr;
use cw_multi_test::Executor;
use openledger_contract_kit::KitError;
use vesting::{identity, msg::MigrateMsg, ContractError};

use crate::chain::{contract, Chain};

fn migrate(chain: &mut Chain, code: u64) -> Result<(), ContractError> {
    let (admin, vesting): (Addr, Addr) = (chain.account("admin"), chain.vesting.clone());
    let result = chain.app.migrate_contract(admin, vesting, &MigrateMsg {}, code);
    result.map(|_| ()).map_err(|error| error.downcast().unwrap())
}

fn set_version(chain: &mut Chain, name: &str, version: &str) {
    let vesting = chain.vesting.clone();
    cw2::set_contract_version(chain.app.contract_storage_mut(&vesting).as_mut(), name, version).unwrap();
}

#[test]
fn only_from_an_older_version_of_this_contract() {
    let mut chain = Chain::new();
    let code = chain.app.store_code(contract());
    assert!(matches!(migrate(&mut chain, code), Err(ContractError::Kit(KitError::MigrateNotNewer { .. }))));
    set_version(&mut chain, identity::NAME, "99.0.0");
    assert!(matches!(migrate(&mut chain, code), Err(ContractError::Kit(KitError::MigrateNotNewer { .. }))));
    set_version(&mut chain, "crates.io:cw20-base", "0.0.1");
    assert!(matches!(migrate(&mut chain, code), Err(ContractError::Kit(KitError::MigrateOtherContract { .. }))));
    set_version(&mut chain, identity::NAME, "0.0.1");
    migrate(&mut chain, code).unwrap();
    let stored = cw2::get_contract_version(chain.app.contract_storage(&chain.vesting).as_ref()).unwrap();
    assert_eq!((stored.contract.as_str(), stored.version.as_str()), (identity::NAME, identity::VERSION));
}
