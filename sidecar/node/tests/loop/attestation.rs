//! Validators refuse batches that do not follow from their receipts, and epochs that do not follow from their batches.

use openledger_node::{
    api::{
        AttestRequest, GetBatchRequest, GetBatchResponse, OpenedReceipt,
        attestation_service_client::AttestationServiceClient,
        batch_service_client::BatchServiceClient,
        batch_service_server::{BatchService, BatchServiceServer},
    },
    bls::BlsKey,
    devnet::{
        Stage,
        ask::{Session, max_fee},
        sidecars::Sidecars,
    },
    network::Network,
};
use openledger_protocol::{BatchAccess, EpochStatement, Signed, amount, credits, payouts::Payouts};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, transport::Server};

use crate::stage::{ask, reason, set};

type Tamper = fn(&mut GetBatchResponse);

/// A node that shows validators something else than it committed to.
struct Liar {
    honest: GetBatchResponse,
    tamper: Tamper,
}

#[tonic::async_trait]
impl BatchService for Liar {
    async fn get_batch(&self, _: Request<GetBatchRequest>) -> Result<Response<GetBatchResponse>, Status> {
        let mut answer = self.honest.clone();
        (self.tamper)(&mut answer);
        Ok(Response::new(answer))
    }
}

/// A receipt that is paid by an index.
fn indexed(batch: &mut GetBatchResponse) -> &mut OpenedReceipt {
    batch.receipts.iter_mut().find(|opened| !opened.query.is_empty()).expect("half of the story's answers")
}

async fn lie(honest: &GetBatchResponse, tamper: Tamper) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let liar = BatchServiceServer::new(Liar { honest: honest.clone(), tamper });
    tokio::spawn(Server::builder().add_service(liar).serve_with_incoming(TcpListenerStream::new(listener)));
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_false_is_signed() {
    let (mut stage, _scratch) = set().await;
    // Whoever is not drawn is not computed again; here everybody is.
    stage.sample_per_mille = 1000;
    let sidecars = Sidecars::start(&stage).await.unwrap();
    let session = Session::open(&stage).await.unwrap();
    session.ask_all(&stage, &sidecars.node_url).await.unwrap();
    let batch_id = sidecars.operator().commit_batch().await.unwrap().unwrap();
    assert_eq!(sidecars.operator().commit_batch().await.unwrap(), None, "the same receipts are not committed twice");

    let (header, receipts) = sidecars.operator().ledger.batch(batch_id).await.unwrap();
    let honest = GetBatchResponse { header: Some(header), receipts };
    strangers_see_no_batch(&sidecars.node_url, batch_id, &stage).await;
    let statement = statement(&stage, &sidecars, batch_id).await;
    let validator = sidecars.validator_urls[0].clone();
    let attest = |statement: EpochStatement, source: String| {
        let validator = validator.clone();
        let key = stage.accounts.node.key();
        let request = AttestRequest {
            node_public_key: key.public_key().to_vec(),
            node_signature: key.sign_digest(&statement.digest()).unwrap().to_vec(),
            statement: Some(statement),
            batch_source: source,
        };
        async move {
            let mut client = AttestationServiceClient::connect(validator).await.unwrap();
            client.attest(request).await
        }
    };

    let lies: [(&str, Tamper, &str); 9] = [
        (
            "one byte of a receipt",
            |batch| batch.receipts[0].receipt.as_mut().unwrap().receipt.as_mut().unwrap().base_digest[0] ^= 1,
            "RECEIPTS_MISMATCH",
        ),
        ("a signature", |batch| batch.receipts[0].receipt.as_mut().unwrap().signature[5] ^= 1, "RECEIPT_INVALID"),
        ("another prompt", |batch| batch.receipts[1].prompt[0] ^= 1, "RECEIPT_INVALID"),
        ("another seed", |batch| batch.receipts[2].sampling.as_mut().unwrap().seed += 1, "RECEIPT_INVALID"),
        ("another query", |batch| indexed(batch).query[0] ^= 1, "RECEIPT_INVALID"),
        ("a query on another scale", |batch| indexed(batch).query_exponent += 3, "RECEIPT_INVALID"),
        ("a wrong sum", |batch| batch.header.as_mut().unwrap().total = "1".into(), "BATCH_INVALID"),
        ("a missing receipt", |batch| _ = batch.receipts.pop(), "RECEIPTS_MISMATCH"),
        ("receipts in another order", |batch| batch.receipts.reverse(), "RECEIPTS_MISMATCH"),
    ];
    for (name, tamper, expected) in lies {
        let source = lie(&honest, tamper).await;
        let status = attest(statement.clone(), source).await.expect_err(name);
        assert_eq!(reason(&status), expected, "{name}: {status}");
    }

    let honest_source = sidecars.node_url.clone();
    let mut generous = statement.clone();
    generous.payout_total = "1000000".into();
    let mut crowded = statement.clone();
    crowded.payout_count += 1;
    let mut rerouted = statement.clone();
    rerouted.payout_root[0] ^= 1;
    let mut early = statement.clone();
    early.epoch = 2;
    let mut late = statement.clone();
    late.round = 1;
    let mut elsewhere = statement.clone();
    elsewhere.scope.as_mut().unwrap().contract = stage.contracts.staking.clone();
    let mut other_set = statement.clone();
    other_set.set_id = 9;
    let mut twice = statement.clone();
    twice.batch_ids = vec![batch_id, batch_id];
    for (name, false_statement) in [
        ("total", generous),
        ("root", rerouted),
        ("count", crowded),
        ("epoch", early),
        ("round", late),
        ("scope", elsewhere),
        ("set", other_set),
        ("batches", twice),
    ] {
        let status = attest(false_statement, honest_source.clone()).await.expect_err(name);
        assert_eq!(reason(&status), "EPOCH_INVALID", "{name}: {status}");
    }

    // Somebody else's proposal of the same batches, and one whose signature is of something else.
    let stranger = stage.accounts.user.key();
    let mut client = AttestationServiceClient::connect(validator.clone()).await.unwrap();
    for (signed, expected) in [(statement.digest(), "BATCH_INVALID"), ([7; 32], "BAD_REQUEST")] {
        let request = AttestRequest {
            statement: Some(statement.clone()),
            batch_source: honest_source.clone(),
            node_public_key: stranger.public_key().to_vec(),
            node_signature: stranger.sign_digest(&signed).unwrap().to_vec(),
        };
        assert_eq!(reason(&client.attest(request).await.unwrap_err()), expected);
    }

    // After all that the true statement is signed, and signed the same way again.
    let first = attest(statement.clone(), honest_source.clone()).await.unwrap().into_inner();
    let second = attest(statement.clone(), honest_source).await.unwrap().into_inner();
    assert_eq!(first.signature, second.signature);
    let set = network(&stage).await.latest_set().await.unwrap();
    let member = set.members.iter().find(|member| member.validator.as_str() == first.validator).unwrap();
    assert!(openledger_node::bls::verify(member.bls_public_key.as_bytes(), &statement.digest(), &first.signature));
    sidecars.stop().await.unwrap();
}

/// Only a member of the validator set reads what buyers wrote; only the batches' own node has an epoch signed.
async fn strangers_see_no_batch(url: &str, batch_id: u64, stage: &Stage) {
    let mut batches = BatchServiceClient::connect(url.to_owned()).await.unwrap();
    let validator = stage.accounts.validators[0].address().to_owned();
    let own = BlsKey::generate().unwrap();
    let scope = network(stage).await.scope();
    let access = BatchAccess { scope: Some(scope), validator: validator.clone(), batch_id };
    for (validator, signature) in [
        (validator.clone(), vec![]),
        (validator, own.sign(&access).to_vec()),
        (stage.accounts.user.address().to_owned(), own.sign(&access).to_vec()),
    ] {
        let request = GetBatchRequest { batch_id, validator, signature };
        assert_eq!(reason(&batches.get_batch(request).await.unwrap_err()), "NOT_A_VALIDATOR");
    }
}

/// Without two thirds of the power nothing is sent, and the batch waits.
#[tokio::test(flavor = "multi_thread")]
async fn two_of_four_validators_are_not_enough() {
    let (stage, _scratch) = set().await;
    let mut sidecars = Sidecars::start(&stage).await.unwrap();
    let session = Session::open(&stage).await.unwrap();
    session.ask_all(&stage, &sidecars.node_url).await.unwrap();
    sidecars.operator().commit_batch().await.unwrap().unwrap();
    sidecars.stop_last_validator().await.unwrap();
    sidecars.stop_last_validator().await.unwrap();
    let error = sidecars.operator().close_epoch().await.unwrap_err();
    assert_eq!(error.reason(), "NO_QUORUM", "{error}");
    assert!(network(&stage).await.latest_epoch().await.unwrap().is_none());
    assert_eq!(network(&stage).await.pending_batches(stage.accounts.node.address(), 0, 30).await.unwrap().len(), 1);
    sidecars.stop().await.unwrap();
}

/// Signatures that somebody collected and kept hold up a round, not the epoch.
#[tokio::test(flavor = "multi_thread")]
async fn an_epoch_that_was_signed_and_withheld_goes_on_in_the_next_round() {
    let (stage, _scratch) = set().await;
    let sidecars = Sidecars::start(&stage).await.unwrap();
    let operator = sidecars.operator();
    let session = Session::open(&stage).await.unwrap();
    let question = &stage.examples.questions[0];
    let price = max_fee(question).unwrap();
    let first = session.request(&stage, question, session.voucher(1, price).unwrap()).unwrap();
    ask(&sidecars.node_url, first).await.unwrap();
    let batch_id = operator.commit_batch().await.unwrap().unwrap();

    // Every validator signs a statement over the first batch that never reaches the chain.
    let withheld = statement(&stage, &sidecars, batch_id).await;
    let key = stage.accounts.node.key();
    for url in &sidecars.validator_urls {
        let request = AttestRequest {
            node_public_key: key.public_key().to_vec(),
            node_signature: key.sign_digest(&withheld.digest()).unwrap().to_vec(),
            statement: Some(withheld.clone()),
            batch_source: sidecars.node_url.clone(),
        };
        AttestationServiceClient::connect(url.clone()).await.unwrap().attest(request).await.unwrap();
    }
    let second = session.request(&stage, question, session.voucher(2, 2 * price).unwrap()).unwrap();
    ask(&sidecars.node_url, second).await.unwrap();
    operator.commit_batch().await.unwrap().unwrap();
    let error = operator.close_epoch().await.unwrap_err();
    assert!(error.reason() == "NO_QUORUM" && error.to_string().contains("signed before"), "{error}");

    let network = network(&stage).await;
    let advances_at = network.round().await.unwrap().advances_at.unwrap();
    stage.chain.reach(advances_at.u64()).await.unwrap();
    // The operator cannot know that nobody will sign; it finds out once more, and then begins the next round.
    assert_eq!(operator.close_epoch().await.unwrap_err().reason(), "NO_QUORUM");
    assert_eq!(network.round().await.unwrap().round, 1);
    let epoch = operator.close_epoch().await.unwrap().unwrap();
    assert_eq!((epoch.statement.epoch, epoch.statement.round), (1, 1));
    assert_eq!(epoch.statement.batch_ids.len(), 2);
    assert_eq!(epoch.signers.len(), 4, "{:?}", epoch.absentees);
    sidecars.stop().await.unwrap();
}

async fn network(stage: &Stage) -> Network {
    Network::connect(stage.chain.client.clone(), stage.contracts.clone()).await.unwrap()
}

async fn statement(stage: &Stage, sidecars: &Sidecars, batch_id: u64) -> EpochStatement {
    let network = network(stage).await;
    let mut all = sidecars.operator().credits(batch_id).await.unwrap();
    credits::sort(&mut all);
    let mut payouts = Payouts::default();
    payouts.add(&all).unwrap();
    let root = payouts.root(&network.scope()).unwrap();
    EpochStatement {
        scope: Some(network.scope()),
        epoch: 1,
        set_id: network.latest_set().await.unwrap().set_id.u64(),
        batch_ids: vec![batch_id],
        payout_root: root.hash.to_vec(),
        payout_total: amount::format(root.sum),
        payout_count: payouts.count(),
        round: 0,
    }
}
