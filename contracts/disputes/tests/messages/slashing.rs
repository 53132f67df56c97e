//! What a proven fraud costs, and where the money goes: sessions, challenger, nobody.

use cosmwasm_std::{to_json_binary, Uint128, Uint64};
use cw20::Cw20ReceiveMsg;
use cw_multi_test::Executor;
use disputes::{
    msg::{ExecuteMsg, ReceiveMsg},
    ContractError,
};
use openledger_contract_kit::KitError;
use openledger_forgeries::{payout_proof, stolen, Batch, FORGERIES};
use staking::msg::{OperatorResponse, QueryMsg, ValidatorResponse};

use crate::{chain::validator_name, scene::Scene};

/// A forged batch of 400, proven after its epoch has paid.
fn proven_late(bond: u128) -> Scene {
    proven_after_gifts(bond, 0)
}

/// The same, where somebody gave the batch's sessions a part back of its own accord before the proof.
fn proven_after_gifts(bond: u128, gift: u128) -> Scene {
    let mut scene = Scene::new();
    if bond > 0 {
        scene.bond_node(bond);
    }
    let ground = scene.ground();
    let batch = (FORGERIES[0].make)(&ground);
    scene.submit(&ground, 1, &batch);
    scene.accept(1, &[1], &stolen(&batch, scene.chain.account("thief").as_str()));
    scene.chain.wait(100);
    if gift > 0 {
        let (rich, token) = (scene.chain.account("validator 4"), scene.chain.token.clone());
        let msg = settlement::client::restitution_hook(1).unwrap();
        let contract = scene.chain.settlement.to_string();
        let send = cw20::Cw20ExecuteMsg::Send { contract, amount: Uint128::new(gift), msg };
        scene.chain.app.execute_contract(rich, token, &send, &[]).unwrap();
    }
    let message = Scene::prove(1, FORGERIES[0].proof(&ground, &batch, 1));
    let anyone = scene.anyone();
    scene.send(&anyone, &message);
    scene
}

fn prove_now(scene: &mut Scene, batch: &Batch) {
    let ground = scene.ground();
    let message = Scene::prove(1, FORGERIES[0].proof(&ground, batch, 1));
    let anyone = scene.anyone();
    scene.send(&anyone, &message);
}

/// Slashed, restored, rewarded and burned, checked against what people hold.
fn outcome(scene: &Scene) -> [u128; 4] {
    let case = scene.case(1);
    let [slashed, restored, rewarded, burned] =
        [case.slashed, case.restored, case.rewarded, case.burned].map(|amount| amount.u128());
    assert_eq!(slashed, restored + rewarded + burned);
    assert_eq!(scene.chain.balance(&scene.anyone()), rewarded);
    assert_eq!(scene.chain.balance(&scene.disputes), 0);
    [slashed, restored, rewarded, burned]
}

fn operator(scene: &Scene) -> OperatorResponse {
    let question = QueryMsg::Operator { operator: scene.chain.node().into_string() };
    scene.chain.app.wrap().query_wasm_smart(&scene.chain.staking, &question).unwrap()
}

fn validator(scene: &Scene, number: u8) -> ValidatorResponse {
    let validator = scene.chain.account(&validator_name(number)).into_string();
    scene.chain.app.wrap().query_wasm_smart(&scene.chain.staking, &QueryMsg::Validator { validator }).unwrap()
}

#[test]
fn a_voided_batch_owes_nothing_so_the_slash_is_reward_and_burn() {
    let mut scene = Scene::new();
    scene.bond_node(1_000);
    let supply = scene.supply();
    let ground = scene.ground();
    let batch = (FORGERIES[0].make)(&ground);
    scene.submit(&ground, 1, &batch);
    let message = Scene::prove(1, FORGERIES[0].proof(&ground, &batch, 1));
    let anyone = scene.anyone();
    scene.send(&anyone, &message);
    // Half of the bond; two fifths of it are the challenger's.
    assert_eq!(outcome(&scene), [500, 0, 200, 300]);
    assert_eq!(scene.supply(), supply - 300);
    let operator = operator(&scene);
    assert_eq!((operator.bond.u128(), operator.barred), (500, true));
    assert_eq!(scene.chain.books(), [2_000, 0, 0, 0]);
}

#[test]
fn after_the_epoch_pays_the_sessions_come_first() {
    let scene = proven_late(1_000);
    // 500 slashed: 400 make the sessions whole, and of the rest the challenger gets two fifths.
    assert_eq!(outcome(&scene), [500, 400, 40, 60]);
    assert_eq!([1, 2].map(|id| scene.chain.session(id).refunded.u128()), [300, 100]);
    assert_eq!(scene.chain.books(), [2_000, 0, 400, 0]);
}

/// Who fears a proof could pay one unit back and hope that settlement then refuses the rest, and the slash with it.
#[test]
fn a_gift_to_the_sessions_does_not_save_the_bond() {
    let scene = proven_after_gifts(1_000, 1);
    assert_eq!(outcome(&scene), [500, 399, 40, 61]);
    assert_eq!((operator(&scene).bond.u128(), operator(&scene).barred), (500, true));
    assert_eq!([1, 2].map(|id| scene.chain.session(id).refunded.u128()), [300, 100]);

    // When nothing is missing any more, nothing is owed.
    let scene = proven_after_gifts(1_000, 400);
    assert_eq!(outcome(&scene), [500, 0, 200, 300]);
    assert_eq!([1, 2].map(|id| scene.chain.session(id).refunded.u128()), [300, 100]);
}

#[test]
fn a_small_bond_restores_in_proportion_and_rewards_nobody() {
    let scene = proven_late(400);
    assert_eq!(outcome(&scene), [200, 200, 0, 0]);
    assert_eq!([1, 2].map(|id| scene.chain.session(id).refunded.u128()), [150, 50]);
}

#[test]
fn a_node_that_bonded_nothing_loses_its_batch_and_its_place_all_the_same() {
    let mut scene = Scene::new();
    let ground = scene.ground();
    let batch = (FORGERIES[0].make)(&ground);
    scene.submit(&ground, 1, &batch);
    prove_now(&mut scene, &batch);
    assert_eq!(outcome(&scene), [0; 4]);
    assert_eq!(scene.chain.books(), [2_000, 0, 0, 0]);
    let node = scene.chain.node();
    let again = scene.chain.batch(2, 10, vec![scene.chain.charge(0, 1, 999, 9)]);
    assert_eq!(scene.chain.refused(&node, &again), settlement::ContractError::Barred { node });
}

#[test]
fn a_bond_on_its_way_out_is_reached() {
    let mut scene = Scene::new();
    scene.bond_node(1_000);
    let ground = scene.ground();
    let batch = (FORGERIES[0].make)(&ground);
    scene.submit(&ground, 1, &batch);
    let (node, staking) = (scene.chain.node(), scene.chain.staking.clone());
    let leave = staking::msg::ExecuteMsg::UnbondOperator { amount: Uint128::new(1_000) };
    scene.chain.app.execute_contract(node, staking, &leave, &[]).unwrap();
    prove_now(&mut scene, &batch);
    assert_eq!(outcome(&scene), [500, 0, 200, 300]);
    assert_eq!(operator(&scene).unbonding.u128(), 500);
}

#[test]
fn validators_that_signed_a_false_root_lose_a_fifth_and_their_place_for_ever() {
    let mut scene = Scene::new();
    let ground = scene.ground();
    let batch = ground.honest();
    scene.submit(&ground, 1, &batch);
    let payouts = stolen(&batch, scene.chain.account("thief").as_str());
    scene.accept(1, &[1], &payouts);
    let proof = payout_proof(&scene.chain.scope(), None, &payouts, &batch).unwrap();
    let anyone = scene.anyone();
    scene.send(&anyone, &ExecuteMsg::ProveEpochFraud { epoch: Uint64::one(), proof });
    // 260, 250 and 250; the fourth did not sign.
    assert_eq!(outcome(&scene), [52 + 50 + 50, 0, 60, 92]);
    let state =
        [0, 1, 2, 3].map(|number| validator(&scene, number)).map(|found| (found.bonded.u128(), found.tombstoned));
    assert_eq!(state, [(208, true), (200, true), (200, true), (240, false)]);
    let set = scene.chain.snapshot();
    assert_eq!(set.members.len(), 1);
}

#[test]
fn only_the_staking_contract_delivers_slashed_money() {
    let mut scene = proven_late(0);
    let msg = to_json_binary(&ReceiveMsg::Slashed { case_id: Uint64::one() }).unwrap();
    let (anyone, rich) = (scene.anyone(), scene.chain.account("validator 4"));
    let forged =
        Cw20ReceiveMsg { sender: scene.chain.staking.to_string(), amount: Uint128::new(100), msg: msg.clone() };
    let error = scene.refused(&anyone, &ExecuteMsg::Receive(forged));
    assert!(matches!(error, ContractError::Kit(KitError::Unauthorized { .. })));
    let send = cw20::Cw20ExecuteMsg::Send { contract: scene.disputes.to_string(), amount: Uint128::new(100), msg };
    let token = scene.chain.token.clone();
    let error = scene.chain.app.execute_contract(rich.clone(), token, &send, &[]).unwrap_err();
    assert_eq!(error.downcast::<ContractError>().unwrap(), ContractError::NotStaking { sender: rich });
}
