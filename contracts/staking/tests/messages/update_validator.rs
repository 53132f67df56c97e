use staking::{
    msg::{ExecuteMsg, QueryMsg, ValidatorResponse},
    ContractError,
};

use crate::chain::Chain;

#[test]
fn endpoint_and_moniker_change_one_by_one() {
    let mut chain = Chain::new();
    chain.register(0, 100);
    let account = chain.validator(0);
    let endpoint = Some("https://validator.example:443".try_into().unwrap());
    chain.send(&account, &ExecuteMsg::UpdateValidator { endpoint, moniker: None, description: None });
    let moniker = Some("renamed".try_into().unwrap());
    chain.send(&account, &ExecuteMsg::UpdateValidator { endpoint: None, moniker, description: None });
    let validator: ValidatorResponse = chain.query(&QueryMsg::Validator { validator: account.to_string() });
    assert_eq!((validator.endpoint.as_str(), validator.moniker.as_str()), ("https://validator.example:443", "renamed"));
}

#[test]
fn strangers_and_empty_changes_are_refused() {
    let mut chain = Chain::new();
    chain.register(0, 100);
    let nothing = ExecuteMsg::UpdateValidator { endpoint: None, moniker: None, description: None };
    assert_eq!(chain.refused(&chain.validator(0), &nothing), ContractError::NothingToUpdate);
    let stranger = chain.validator(1);
    let change =
        ExecuteMsg::UpdateValidator { endpoint: None, moniker: Some("me".try_into().unwrap()), description: None };
    assert_eq!(chain.refused(&stranger, &change), ContractError::NotRegistered { validator: stranger });
}
