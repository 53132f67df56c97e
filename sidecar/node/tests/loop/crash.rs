//! Killing the node between receipt and batch loses nothing.

use std::{
    process::{Child, Command, Stdio},
    time::Duration,
};

use futures::{StreamExt, stream::FuturesUnordered};
use openledger_node::{
    api::{
        GetReceiptRequest, VoucherReference, generate_response::Event, get_receipt_request::Receipt as Key,
        inference_service_client::InferenceServiceClient, receipt_service_client::ReceiptServiceClient,
    },
    devnet::{
        Stage,
        ask::{Session, max_fee},
        sidecars::{bond_node, write_config},
    },
    home::Home,
};
use openledger_protocol::credits::receipts_root;
use settlement::msg::{BatchResponse, NodeResponse, QueryMsg};
use tokio::time::{Instant, sleep};

use crate::stage::{ask, reason, set};

/// Answers whose text has ended are owed a receipt, whatever happens to the node before it is signed; the others cost nothing.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_delivered_gets_its_receipt_after_kill_9() {
    let (stage, scratch) = set().await;
    let path = scratch.path().join("killed");
    let (url, mut node) = node_without_batches(&stage, &path).await;

    let session = Session::open(&stage).await.unwrap();
    let mut client = InferenceServiceClient::connect(url.clone()).await.unwrap();
    let (mut streams, mut promised) = (Vec::new(), 0);
    for (sequence, question) in (1u64..).zip(&stage.examples.questions) {
        promised += max_fee(question).unwrap();
        let request = session.request(&stage, question, session.voucher(sequence, promised).unwrap()).unwrap();
        streams.push((sequence, client.generate(request).await.unwrap().into_inner()));
    }
    let reading = streams.into_iter().map(|(sequence, mut stream)| async move {
        // The connection breaks with the node.
        while let Ok(Some(message)) = stream.message().await {
            if let Some(Event::Finished(finished)) = message.event {
                return Some((sequence, finished.fee));
            }
        }
        None
    });
    // Three texts are whole, some of their receipts are not there yet, and other answers are being made.
    let delivered: Vec<_> =
        reading.collect::<FuturesUnordered<_>>().filter_map(std::future::ready).take(3).collect().await;
    node.kill().unwrap(); // SIGKILL
    node.wait().unwrap();
    let mut node = start(&path);
    until_ready(&url).await;

    let mut client = ReceiptServiceClient::connect(url.clone()).await.unwrap();
    let end = Instant::now() + Duration::from_secs(60);
    let session_id = session.session_id;
    let mut charged = 0u128;
    for sequence in 1..=stage.examples.questions.len() as u64 {
        let promised = delivered.iter().find(|(delivered, _)| *delivered == sequence);
        let found = loop {
            let voucher = Key::Voucher(VoucherReference { session_id, sequence });
            match client.get_receipt(GetReceiptRequest { receipt: Some(voucher) }).await {
                Ok(found) => break found.into_inner().receipt.unwrap().receipt,
                Err(status) if reason(&status) == "RECEIPT_PENDING" => {
                    assert!(Instant::now() < end, "{sequence} is never attributed");
                    sleep(Duration::from_millis(50)).await;
                }
                Err(status) => {
                    assert_eq!(reason(&status), "NOT_FOUND");
                    break None;
                }
            }
        };
        assert!(found.is_some() || promised.is_none(), "{sequence} was delivered and has no receipt");
        let Some(receipt) = found else { continue };
        assert!(promised.is_none_or(|(_, fee)| *fee == receipt.fee));
        assert_eq!(receipt.attribution.unwrap().shares.len(), 6);
        charged += receipt.fee.parse::<u128>().unwrap();
    }
    // The books agree: the next answer's voucher has to cover what was charged and not what was lost.
    let question = &stage.examples.questions[0];
    let covered = charged + max_fee(question).unwrap();
    let next = session.voucher(99, covered.max(promised)).unwrap();
    let receipt = ask(&url, session.request(&stage, question, next).unwrap()).await.unwrap().receipt.unwrap();
    let fee: u128 = receipt.fee.parse().unwrap();
    assert_eq!(receipt.cumulative_fee, (charged + fee).to_string());
    node.kill().unwrap();
    node.wait().unwrap();
}

fn start(home: &std::path::Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_openledger"))
        .args(["start", "--home"])
        .arg(home)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// A bonded node in a process of its own, and its address. No batch and no epoch comes before it is killed.
async fn node_without_batches(stage: &Stage, path: &std::path::Path) -> (String, Child) {
    let home = Home::at(path);
    let url = stage.write_home(&home, &stage.accounts.node, None).unwrap();
    bond_node(&stage.accounts.node, &stage.contracts, &url).await.unwrap();
    let mut config = home.config().unwrap();
    config.serving.batch_seconds = 3_600;
    config.serving.epoch_seconds = 3_600;
    write_config(&home, &config).unwrap();
    let node = start(path);
    until_ready(&url).await;
    (url, node)
}

async fn until_ready(url: &str) {
    let end = Instant::now() + Duration::from_secs(120);
    while ReceiptServiceClient::connect(url.to_owned()).await.is_err() {
        assert!(Instant::now() < end, "the node does not answer at {url}");
        sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_survives_kill_9_and_is_in_the_next_batch() {
    let (stage, scratch) = set().await;
    let path = scratch.path().join("killed");
    let (url, mut node) = node_without_batches(&stage, &path).await;

    let session = Session::open(&stage).await.unwrap();
    let question = &stage.examples.questions[0];
    let price = max_fee(question).unwrap();
    let request =
        |sequence, amount| session.request(&stage, question, session.voucher(sequence, amount).unwrap()).unwrap();
    let receipt = ask(&url, request(1, price)).await.unwrap();

    node.kill().unwrap(); // SIGKILL
    node.wait().unwrap();
    let home = Home::at(&path);
    let mut config = home.config().unwrap();
    config.serving.batch_seconds = 1;
    write_config(&home, &config).unwrap();
    let mut node = start(&path);
    until_ready(&url).await;

    // The used voucher stays used.
    let replay = ask(&url, request(1, price)).await.unwrap_err();
    assert_eq!(reason(&replay), "VOUCHER_REPLAYED");

    let query = QueryMsg::Node { address: stage.accounts.node.address().into() };
    let end = Instant::now() + Duration::from_secs(60);
    let batch_id = loop {
        let answer: NodeResponse = stage.chain.client.query_smart(&stage.contracts.settlement, &query).await.unwrap();
        if let Some(batch_id) = answer.last_batch_id {
            break batch_id;
        }
        assert!(Instant::now() < end, "no batch after the restart");
        sleep(Duration::from_millis(200)).await;
    };
    let batch: BatchResponse =
        stage.chain.client.query_smart(&stage.contracts.settlement, &QueryMsg::Batch { batch_id }).await.unwrap();
    let signed = receipt.receipt.clone().unwrap();
    assert_eq!(batch.batch.receipt_count.u64(), 1);
    assert_eq!(batch.batch.receipts_root.to_string(), hex::encode(receipts_root(std::slice::from_ref(&signed))));
    assert_eq!(batch.batch.total.to_string(), signed.fee);

    let mut client = ReceiptServiceClient::connect(url.clone()).await.unwrap();
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let stored = client
            .get_receipt(GetReceiptRequest { receipt: Some(Key::Id(receipt.id.clone())) })
            .await
            .unwrap()
            .into_inner();
        assert_eq!(stored.receipt.as_ref(), Some(&receipt));
        if stored.batch_id == batch_id.u64() {
            break;
        }
        assert!(Instant::now() < end, "the receipt does not name its batch");
        sleep(Duration::from_millis(200)).await;
    }
    node.kill().unwrap();
    node.wait().unwrap();
}
