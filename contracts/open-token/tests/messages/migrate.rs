use cosmwasm_std::Addr;
use cw_multi_test::Executor;
use open_token::{identity, msg::MigrateMsg, ContractError};
use openledger_contract_kit::KitError;

use crate::suite::{store, Suite};

fn migrate(suite: &mut Suite) -> Result<(), ContractError> {
    let admin: Addr = suite.account("admin");
    let code = store(&mut suite.app);
    let result = suite.app.migrate_contract(admin, suite.contract.clone(), &MigrateMsg {}, code);
    result.map(|_| ()).map_err(|error| error.downcast().unwrap())
}

fn set_version(suite: &mut Suite, name: &str, version: &str) {
    let contract = suite.contract.clone();
    let mut storage = suite.app.contract_storage_mut(&contract);
    cw2::set_contract_version(storage.as_mut(), name, version).unwrap();
}

#[test]
fn only_from_an_older_version_of_this_contract() {
    let mut suite = Suite::new();
    assert!(matches!(migrate(&mut suite), Err(ContractError::Kit(KitError::MigrateNotNewer { .. }))));
    set_version(&mut suite, identity::NAME, "99.0.0");
    assert!(matches!(migrate(&mut suite), Err(ContractError::Kit(KitError::MigrateNotNewer { .. }))));
    set_version(&mut suite, "crates.io:cw20-base", "0.0.1");
    assert!(matches!(migrate(&mut suite), Err(ContractError::Kit(KitError::MigrateOtherContract { .. }))));
    set_version(&mut suite, identity::NAME, "0.0.1");
    migrate(&mut suite).unwrap();
    let contract = suite.contract.clone();
    let stored = cw2::get_contract_version(suite.app.contract_storage(&contract).as_ref()).unwrap();
    assert_eq!(stored.version, identity::VERSION);
}
