use cosmwasm_std::Uint64;
use cw_multi_test::Executor;
use governance::{msg::ExecuteMsg, ContractError};

use crate::{
    chain::{Attributes, Chain},
    stub_datanets_power, stub_governed,
};

#[test]
fn anyone_completes_a_hand_over_that_the_owner_began() {
    let mut chain = Chain::new();
    let deployer = chain.deployer.clone();
    // The owner of a contract of the registry: give the governed contract back first, by a proposal.
    let expires_at = chain.now() + 5_000;
    let away = format!(r#"{{"propose_owner":{{"account":"{deployer}","expires_at":"{expires_at}"}}}}"#);
    chain.enact(chain.calls(&[&away]));
    let governed = chain.governed.clone();
    let accept = stub_governed::Exec::AcceptOwnership {};
    chain.app.execute_contract(deployer.clone(), governed.clone(), &accept, &[]).unwrap();
    assert_eq!(chain.governed_config().ownership.owner, deployer);

    let anyone = chain.account("anyone");
    let message = ExecuteMsg::AcceptOwnership { contract: governed.to_string() };
    let governance = chain.governance.clone();
    chain.refused_raw(&anyone, &governance, &message);
    let expires_at = Uint64::new(chain.now() + 100);
    let back = stub_governed::Exec::ProposeOwner { account: governance.to_string(), expires_at };
    chain.app.execute_contract(deployer, governed.clone(), &back, &[]).unwrap();
    let response = chain.send(&anyone, &message);
    assert_eq!(response.custom_attrs_of("governance/ownership_accepted", "contract"), governed.to_string());
    assert_eq!(chain.governed_config().ownership.owner, governance);
}

#[test]
fn only_contracts_of_the_registry_are_called() {
    let mut chain = Chain::new();
    let stranger = chain.account("stranger");
    let other = chain.governed_contract(&stranger);
    let anyone = chain.account("anyone");
    let error = chain.refused(&anyone, &ExecuteMsg::AcceptOwnership { contract: other.to_string() });
    assert_eq!(error, ContractError::NotRegistered { contract: other });
    let error = chain.refused(&anyone, &ExecuteMsg::AcceptOwnership { contract: "nobody".into() });
    assert!(matches!(error, ContractError::Std(_)));
}

#[test]
fn a_datanet_that_was_offered_is_taken() {
    let mut chain = Chain::new();
    let (deployer, anyone, datanet_id) = (chain.deployer.clone(), chain.account("anyone"), Uint64::new(5));
    chain.datanets(&stub_datanets_power::Exec::SetOwner { datanet_id, owner: deployer.to_string() });
    let message = ExecuteMsg::AcceptDatanetOwnership { datanet_id };
    let governance = chain.governance.clone();
    chain.refused_raw(&anyone, &governance, &message);
    let account = governance.to_string();
    let offer = stub_datanets_power::Exec::ProposeDatanetOwner { datanet_id, account, expires_at: Uint64::one() };
    chain.datanets(&offer);
    let response = chain.send(&anyone, &message);
    assert_eq!(response.custom_attrs_of("governance/datanet_accepted", "datanet_id"), "5");
}
