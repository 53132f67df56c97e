use cw_multi_test::Executor;
use governance::{identity, msg::MigrateMsg, ContractError};
use openledger_contract_kit::KitError;

use crate::chain::Chain;

fn migrate(chain: &mut Chain) -> Result<(), ContractError> {
    let result =
        chain.app.migrate_contract(chain.deployer.clone(), chain.governance.clone(), &MigrateMsg {}, chain.code);
    result.map(|_| ()).map_err(|error| error.downcast().unwrap())
}

fn set_version(chain: &mut Chain, name: &str, version: &str) {
    let contract = chain.governance.clone();
    let mut storage = chain.app.contract_storage_mut(&contract);
    cw2::set_contract_version(storage.as_mut(), name, version).unwrap();
}

#[test]
fn only_from_an_older_version_of_this_contract() {
    let mut chain = Chain::new();
    assert!(matches!(migrate(&mut chain), Err(ContractError::Kit(KitError::MigrateNotNewer { .. }))));
    set_version(&mut chain, identity::NAME, "99.0.0");
    assert!(matches!(migrate(&mut chain), Err(ContractError::Kit(KitError::MigrateNotNewer { .. }))));
    set_version(&mut chain, "openledger:models", "0.0.1");
    assert!(matches!(migrate(&mut chain), Err(ContractError::Kit(KitError::MigrateOtherContract { .. }))));
    set_version(&mut chain, identity::NAME, "0.0.1");
    migrate(&mut chain).unwrap();
    let contract = chain.governance.clone();
    let stored = cw2::get_contract_version(chain.app.contract_storage(&contract).as_ref()).unwrap();
    assert_eq!(stored.version, identity::VERSION);
}
