use cosmwasm_std::{Uint128, Uint64};
use disputes::{
    msg::{ConfigResponse, ExecuteMsg, Params, QueryMsg, SudoMsg},
    ContractError,
};
use openledger_contract_kit::KitError;

use crate::scene::{params, Scene};

#[test]
fn only_the_owner_changes_parameters_and_within_bounds() {
    let mut scene = Scene::new();
    let (owner, anyone) = (scene.chain.owner.clone(), scene.anyone());
    let other = Params { dispute_bond: Uint128::new(7), ..params() };
    let update = ExecuteMsg::UpdateParams { params: other.clone() };
    assert!(matches!(scene.refused(&anyone, &update), ContractError::Kit(KitError::Unauthorized { .. })));
    scene.send(&owner, &update);
    assert_eq!(scene.query::<ConfigResponse>(&QueryMsg::Config {}).params, other);
    let wrong = Params { dispute_bond: Uint128::zero(), ..params() };
    let refused = scene.refused(&owner, &ExecuteMsg::UpdateParams { params: wrong.clone() });
    assert!(matches!(refused, ContractError::ParamOutOfBounds { name: "dispute_bond", .. }));
    assert_eq!(scene.sudo(&SudoMsg::UpdateParams { params: wrong }).unwrap_err(), refused);
    scene.sudo(&SudoMsg::UpdateParams { params: params() }).unwrap();
    assert_eq!(scene.query::<ConfigResponse>(&QueryMsg::Config {}).params, params());
}

#[test]
fn ownership_moves_in_two_steps_and_governance_can_replace_it() {
    let mut scene = Scene::new();
    let (owner, next, anyone) = (scene.chain.owner.clone(), scene.chain.account("next"), scene.anyone());
    let expires_at = Uint64::new(scene.chain.now() + 100);
    scene.send(&owner, &ExecuteMsg::ProposeOwner { account: next.to_string(), expires_at });
    scene.refused(&anyone, &ExecuteMsg::AcceptOwnership {});
    scene.send(&next, &ExecuteMsg::AcceptOwnership {});
    assert_eq!(scene.query::<ConfigResponse>(&QueryMsg::Config {}).ownership.owner, next);
    scene.refused(&owner, &ExecuteMsg::UpdateParams { params: params() });
    scene.sudo(&SudoMsg::ReplaceOwner { owner: owner.to_string() }).unwrap();
    scene.send(&owner, &ExecuteMsg::UpdateParams { params: params() });
}
