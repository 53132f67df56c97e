use crate::scene::Scene;
use cosmwasm_std::Uint64;
use disputes::msg::{CasesResponse, DisputesResponse, ExecuteMsg, QueryMsg};

#[test]
fn lists_are_paged_and_bounded() {
    let mut scene = Scene::new();
    let ground = scene.ground();
    let batch = ground.honest();
    let batch_id = scene.submit(&ground, 1, &batch);
    let anyone = scene.chain.buyer(2);
    let disputes = scene.disputes.clone();
    scene.chain.allow(&anyone, &disputes, 1_000);
    for index in 0..3 {
        let receipt = batch.data().open_receipt(index).unwrap().into();
        scene.send(&anyone, &ExecuteMsg::OpenDispute { batch_id: Uint64::new(batch_id), receipt });
    }
    let page = |start_after: Option<u64>, limit| -> Vec<u64> {
        let start_after = start_after.map(Uint64::new);
        let found: DisputesResponse = scene.query(&QueryMsg::Disputes { start_after, limit });
        found.disputes.iter().map(|dispute| dispute.dispute_id.u64()).collect()
    };
    assert_eq!(page(None, None), [1, 2, 3]);
    assert_eq!(page(Some(1), Some(1)), [2]);
    assert_eq!(page(Some(3), None), Vec::<u64>::new());
    assert_eq!(scene.bonds(), 303);
    let cases: CasesResponse = scene.query(&QueryMsg::Cases { start_after: None, limit: Some(u32::MAX) });
    assert_eq!(cases.cases, []);
}
