use cosmwasm_std::Uint64;
use settlement::msg::{
    BatchStatus, BatchesResponse, MaybeEpochResponse, NodeResponse, QueryMsg, SessionResponse, SessionsResponse,
};

use crate::chain::Chain;

fn ids(response: BatchesResponse) -> Vec<u64> {
    response.batches.iter().map(|batch| batch.batch_id.u64()).collect()
}

#[test]
fn lists_are_paged_and_bounded() {
    let mut chain = Chain::new();
    for _ in 0..35 {
        chain.open(0, 1);
    }
    chain.open(1, 1);
    let owner = chain.buyer(0).to_string();
    let page = |start_after, limit| -> Vec<u64> {
        let query = QueryMsg::Sessions { owner: owner.clone(), start_after, limit };
        let found: SessionsResponse = chain.query(&query);
        found.sessions.iter().map(|session| session.session_id.u64()).collect()
    };
    assert_eq!(page(None, None), (1..=10).collect::<Vec<_>>());
    assert_eq!(page(Some(Uint64::new(10)), Some(3)), [11, 12, 13]);
    assert_eq!(page(None, Some(u32::MAX)).len(), 30);
    assert_eq!(page(Some(Uint64::new(34)), None), [35]);
    assert!(page(Some(Uint64::MAX), None).is_empty());
}

#[test]
fn batches_are_listed_by_status() {
    let mut chain = Chain::new();
    chain.with_batch();
    for sequence in 2..=3 {
        let charge = chain.charge(0, 1, 600 + u128::from(sequence) - 1, sequence);
        chain.submit(sequence, 1, charge);
    }
    chain.accept(1, &[1]);
    let list = |chain: &Chain, status| ids(chain.query(&QueryMsg::Batches { status, start_after: None, limit: None }));
    assert_eq!(list(&chain, BatchStatus::Pending), [2, 3]);
    assert_eq!(list(&chain, BatchStatus::Accepted), [1]);
    chain.wait(1_000);
    let refund = settlement::msg::ExecuteMsg::RefundBatch { batch_id: Uint64::new(2) };
    chain.send(&chain.node(), &refund);
    assert_eq!(list(&chain, BatchStatus::Pending), [3]);
    assert_eq!(list(&chain, BatchStatus::Refunded), [2]);
}

#[test]
fn what_does_not_exist_is_said_plainly() {
    let chain = Chain::new();
    for query in [QueryMsg::LatestEpoch {}, QueryMsg::ClaimableEpoch {}] {
        assert_eq!(chain.query::<MaybeEpochResponse>(&query).epoch, None);
    }
    let node: NodeResponse = chain.query(&QueryMsg::Node { address: chain.node().to_string() });
    assert_eq!((node.last_sequence.u64(), node.last_batch_id), (0, None));
    assert_eq!(chain.claimed(&chain.node()), 0);
    let query = QueryMsg::Session { session_id: Uint64::new(1) };
    let error = chain.app.wrap().query_wasm_smart::<SessionResponse>(&chain.settlement, &query).unwrap_err();
    assert!(error.to_string().contains("session 1 does not exist"), "{error}");
}
