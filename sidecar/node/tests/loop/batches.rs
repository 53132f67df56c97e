//! Batches under way while answers are made, and sessions that end before they are batched.

use openledger_node::{
    api::{
        GetReceiptRequest, SignedReceipt, generate_response::Event, get_receipt_request::Receipt as Key,
        inference_service_client::InferenceServiceClient, receipt_service_client::ReceiptServiceClient,
    },
    devnet::{
        ask::{Session, max_fee},
        sidecars::Sidecars,
    },
};
use openledger_protocol::Signed;
use settlement::msg::{BatchResponse, ExecuteMsg, QueryMsg, SessionResponse};

use crate::stage::{ask, reason, set};

/// The voucher of an answer in flight is already the session's best when a batch leaves; the answer is charged by it later.
#[tokio::test(flavor = "multi_thread")]
async fn one_session_is_charged_by_many_batches_while_it_goes_on() {
    let (stage, _scratch) = set().await;
    let sidecars = Sidecars::start(&stage).await.unwrap();
    let session = Session::open(&stage).await.unwrap();
    let operator = sidecars.operator();
    let (mut promised, mut receipts) = (0u128, Vec::new());
    let mut requests = (1u64..).zip(&stage.examples.questions).map(|(sequence, question)| {
        promised += max_fee(question).unwrap();
        session.request(&stage, question, session.voucher(sequence, promised).unwrap()).unwrap()
    });
    receipts.push(ask(&sidecars.node_url, requests.next().unwrap()).await.unwrap());
    operator.commit_batch().await.unwrap().expect("the first answer");
    let mut batches = 1;

    // Batches leave at any moment of the other answers: none at all, or several.
    let mut client = InferenceServiceClient::connect(sidecars.node_url.clone()).await.unwrap();
    let mut streams = Vec::new();
    for request in requests {
        streams.push(client.generate(request).await.unwrap().into_inner());
    }
    let reading = async {
        let mut receipts = Vec::new();
        for mut stream in streams {
            while let Some(message) = stream.message().await.unwrap() {
                if let Some(Event::Receipt(receipt)) = message.event {
                    receipts.push(receipt);
                }
            }
        }
        receipts
    };
    tokio::pin!(reading);
    receipts.extend(loop {
        tokio::select! {
            others = &mut reading => break others,
            batch = operator.commit_batch() => batches += usize::from(batch.unwrap().is_some()),
        }
    });
    while operator.commit_batch().await.unwrap().is_some() {
        batches += 1;
    }
    assert!(batches >= 2, "{batches}");
    assert_eq!(receipts.len(), stage.examples.questions.len());
    let fee = |receipt: &SignedReceipt| receipt.receipt.as_ref().unwrap().fee.parse::<u128>().unwrap();
    let fees: u128 = receipts.iter().map(fee).sum();
    let query = QueryMsg::Session { session_id: session.session_id.into() };
    let on_chain: SessionResponse = stage.chain.client.query_smart(&stage.contracts.settlement, &query).await.unwrap();
    assert_eq!(on_chain.charged.u128(), fees);
    let epoch = operator.close_epoch().await.unwrap().unwrap();
    assert_eq!(epoch.statement.batch_ids.len(), batches);
    assert_eq!(epoch.statement.payout_total, fees.to_string());
    assert_eq!(epoch.signers.len(), 4, "{:?}", epoch.absentees);
    sidecars.stop().await.unwrap();
}

/// A buyer who ends the session before the batch costs the node that answer and nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ended_unbatched_does_not_hold_up_the_others() {
    let (stage, _scratch) = set().await;
    let sidecars = Sidecars::start(&stage).await.unwrap();
    let operator = sidecars.operator();
    let question = &stage.examples.questions[0];
    let price = max_fee(question).unwrap();

    let ended = Session::open(&stage).await.unwrap();
    let request = ended.request(&stage, question, ended.voucher(1, price).unwrap()).unwrap();
    let lost = ask(&sidecars.node_url, request).await.unwrap();
    let session_id = ended.session_id.into();
    let close = ExecuteMsg::CloseSession { session_id };
    stage.accounts.user.execute(&stage.contracts.settlement, &close, vec![]).await.unwrap();
    let query = QueryMsg::Session { session_id };
    let closed: SessionResponse = stage.chain.client.query_smart(&stage.contracts.settlement, &query).await.unwrap();
    stage.chain.reach(closed.settles_at.u64()).await.unwrap();
    let request = ended.request(&stage, question, ended.voucher(2, 2 * price).unwrap()).unwrap();
    assert_eq!(reason(&ask(&sidecars.node_url, request).await.unwrap_err()), "SESSION_UNUSABLE");

    let open = Session::open(&stage).await.unwrap();
    let request = open.request(&stage, question, open.voucher(1, price).unwrap()).unwrap();
    let paid = ask(&sidecars.node_url, request).await.unwrap().receipt.unwrap();
    let batch_id = operator.commit_batch().await.unwrap().unwrap();
    let query = QueryMsg::Batch { batch_id: batch_id.into() };
    let batch: BatchResponse = stage.chain.client.query_smart(&stage.contracts.settlement, &query).await.unwrap();
    assert_eq!(batch.batch.receipt_count.u64(), 1);
    assert_eq!(batch.batch.total.to_string(), paid.fee);
    assert_eq!(batch.charges[0].session_id.u64(), open.session_id);
    assert_eq!(operator.commit_batch().await.unwrap(), None);

    // The lost receipt is still there for whoever asks, in no batch.
    let mut client = ReceiptServiceClient::connect(sidecars.node_url.clone()).await.unwrap();
    let kept =
        client.get_receipt(GetReceiptRequest { receipt: Some(Key::Id(lost.id.clone())) }).await.unwrap().into_inner();
    assert_eq!(kept.batch_id, 0);
    assert_eq!(kept.receipt.unwrap().receipt.unwrap().digest().as_slice(), lost.id);
    sidecars.stop().await.unwrap();
}

/// A client that goes away mid-answer owes what it was sent, and its voucher is not stuck.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_pays_for_what_it_was_sent() {
    use openledger_node::api::{generate_response::Event, inference_service_client::InferenceServiceClient};

    let (stage, _scratch) = set().await;
    let sidecars = Sidecars::start(&stage).await.unwrap();
    let session = Session::open(&stage).await.unwrap();
    let question = &stage.examples.questions[3];
    let price = max_fee(question).unwrap();
    let request = session.request(&stage, question, session.voucher(1, price).unwrap()).unwrap();
    let mut client = InferenceServiceClient::connect(sidecars.node_url.clone()).await.unwrap();
    let mut stream = client.generate(request).await.unwrap().into_inner();
    while let Some(message) = stream.message().await.unwrap() {
        if matches!(message.event, Some(Event::Token(_))) {
            break;
        }
    }
    drop(stream);
    drop(client);

    let whole = session.request(&stage, question, session.voucher(2, 3 * price).unwrap()).unwrap();
    let full = ask(&sidecars.node_url, whole).await.unwrap().receipt.unwrap();
    let end = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    let batch_id = loop {
        if let Some(batch_id) = sidecars.operator().commit_batch().await.unwrap() {
            break batch_id;
        }
        assert!(tokio::time::Instant::now() < end, "nothing to batch");
    };
    let query = QueryMsg::Session { session_id: session.session_id.into() };
    let mut on_chain: SessionResponse =
        stage.chain.client.query_smart(&stage.contracts.settlement, &query).await.unwrap();
    // The part that was left may be settled after the whole one.
    while on_chain.charged.u128() <= full.fee.parse().unwrap() {
        assert!(tokio::time::Instant::now() < end, "the part that was delivered is not charged");
        sidecars.operator().commit_batch().await.unwrap();
        on_chain = stage.chain.client.query_smart(&stage.contracts.settlement, &query).await.unwrap();
    }
    assert!(batch_id >= 1);
    // A short answer may be on the wire as a whole before the client is seen to be gone; more than that it never owes.
    assert!(on_chain.charged.u128() <= 2 * full.fee.parse::<u128>().unwrap());
    // Validators find that the part is a prefix of what the model says.
    let epoch = sidecars.operator().close_epoch().await.unwrap().unwrap();
    assert_eq!(epoch.signers.len(), 4, "{:?}", epoch.absentees);
    sidecars.stop().await.unwrap();
}
