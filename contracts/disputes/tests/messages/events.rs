//! Events of a whole story, as they are on chain.

use cosmwasm_std::Uint64;
use cw_multi_test::AppResponse;
use disputes::msg::{ExecuteMsg, SudoMsg};
use openledger_forgeries::{findings, FORGERIES};

use crate::scene::{params, Scene};

fn lines(done: &AppResponse) -> Vec<String> {
    let ours = done.events.iter().filter(|event| event.ty.starts_with("wasm-disputes/"));
    let values = |event: &cosmwasm_std::Event| {
        let pairs = event.attributes.iter().filter(|pair| pair.key != "_contract_address");
        pairs.map(|pair| format!("{}={}", pair.key, pair.value)).collect::<Vec<_>>().join(" ")
    };
    ours.map(|event| format!("{} {}", event.ty, values(event))).collect()
}

#[test]
fn events_tell_the_whole_story() {
    let mut scene = Scene::new();
    let mut told = Vec::new();
    let (owner, anyone, challenger) = (scene.chain.owner.clone(), scene.anyone(), scene.chain.buyer(2));
    told.extend(lines(&scene.send(&owner, &ExecuteMsg::UpdateParams { params: params() })));
    let ground = scene.ground();
    let batch = ground.honest();
    scene.submit(&ground, 1, &batch);
    let disputes = scene.disputes.clone();
    scene.chain.allow(&challenger, &disputes, 1_000);
    let receipt = batch.data().open_receipt(0).unwrap().into();
    told.extend(lines(&scene.send(&challenger, &ExecuteMsg::OpenDispute { batch_id: Uint64::one(), receipt })));
    scene.chain.wait(60);
    told.extend(lines(&scene.send(&anyone, &ExecuteMsg::ExpireDispute { dispute_id: Uint64::one() })));
    let ground = scene.ground();
    let batch = (FORGERIES[0].make)(&ground);
    let batch_id = scene.submit(&ground, 2, &batch);
    let proof = findings(&ground, &batch, batch_id).remove(0);
    told.extend(lines(&scene.send(&anyone, &Scene::prove(batch_id, proof))));
    told.extend(lines(&scene.sudo(&SudoMsg::ReplaceOwner { owner: anyone.to_string() }).unwrap()));
    goldie::assert!(told.join("\n"));
}
