//! Killing the node between receipt and batch loses nothing.

use std::{
    process::{Child, Command, Stdio},
    time::Duration,
};

use openledger_node::{
    api::{GetReceiptRequest, get_receipt_request::Receipt as Key, receipt_service_client::ReceiptServiceClient},
    devnet::{
        ask::{Session, max_fee},
        sidecars::{bond_node, write_config},
    },
    home::Home,
};
use openledger_protocol::credits::receipts_root;
use settlement::msg::{BatchResponse, NodeResponse, QueryMsg};
use tokio::time::{Instant, sleep};

use crate::stage::{ask, reason, set};

fn start(home: &std::path::Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_openledger"))
        .args(["start", "--home"])
        .arg(home)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
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
    let home = Home::at(&path);
    let url = stage.write_home(&home, &stage.accounts.node, None).unwrap();
    bond_node(&stage.accounts.node, &stage.contracts, &url).await.unwrap();
    // No batch and no epoch before the kill.
    let mut config = home.config().unwrap();
    config.serving.batch_seconds = 3_600;
    config.serving.epoch_seconds = 3_600;
    write_config(&home, &config).unwrap();
    let mut node = start(&path);
    until_ready(&url).await;

    let session = Session::open(&stage).await.unwrap();
    let question = &stage.examples.questions[0];
    let price = max_fee(question).unwrap();
    let request =
        |sequence, amount| session.request(&stage, question, session.voucher(sequence, amount).unwrap()).unwrap();
    let receipt = ask(&url, request(1, price)).await.unwrap();

    node.kill().unwrap(); // SIGKILL
    node.wait().unwrap();
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
