//! The client against a node that answers as it is told: recovery, fallbacks and every failure's type.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use cosmwasm_std::Coin;
use k256::ecdsa::{Signature, VerifyingKey, signature::Verifier};
use openledger_chain::{ChainClient, ChainConfig, ChainError, Key, Signer, TxOutcome, address_of};
use openledger_cosmos_api::{
    cosmos::{
        auth::v1beta1 as auth,
        base::v1beta1 as base,
        base::{
            abci::v1beta1::{GasInfo, TxResponse},
            tendermint::v1beta1 as comet,
        },
        crypto::secp256k1::PubKey,
        tx::v1beta1 as tx,
    },
    tendermint::{
        p2p::DefaultNodeInfo,
        types::{Block, Header},
    },
};
use prost::Message;
use prost_types::{Any, Timestamp};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, transport::Server};

/// The account number of every account.
const ACCOUNT: u64 = 5;

/// How the node behaves.
#[derive(Clone, Copy, Default)]
struct Manners {
    /// It knows no estimates.
    no_simulation: bool,
    /// Estimates fail with this text.
    simulation_fails: Option<&'static str>,
    /// Gas it estimates.
    gas: u64,
    /// It counts this many sequences ahead of what it tells, once.
    hidden_sequences: u32,
    /// It never includes anything.
    forgets: bool,
    /// What included transactions end with.
    delivered: u32,
    /// The account is of another type.
    odd_account: bool,
    /// So many broadcasts are lost on their way.
    lost_requests: u32,
    /// So many broadcasts are taken and their answers lost.
    lost_answers: u32,
    /// So many broadcasts are taken and answered too late.
    late_answers: u32,
    /// Accounts are told as of this many transactions ago: those wait for their block.
    waiting: u32,
    /// So many look-ups find nothing yet.
    slow_index: u32,
    /// What is accepted a second time is called a copy in the mempool.
    keeps_copies: bool,
    /// The chain has made blocks up to here.
    height: u64,
}

#[derive(Clone)]
struct Node {
    manners: Manners,
    /// What the node expects next, by account.
    sequences: Arc<Mutex<BTreeMap<String, u32>>>,
    /// How often the account was asked for.
    asked: Arc<AtomicU32>,
    /// Gas limit and sequence of the last accepted transaction.
    last: Arc<Mutex<(u64, u64)>>,
    /// Every broadcast that came, in order.
    received: Arc<Mutex<Vec<Vec<u8>>>>,
    /// What was taken, by hash.
    accepted: Arc<Mutex<HashSet<String>>>,
    looked_up: Arc<AtomicU32>,
    /// What was last estimated.
    simulated: Arc<Mutex<Vec<u8>>>,
    height: Arc<AtomicU64>,
}

impl Node {
    fn received(&self) -> Vec<Vec<u8>> {
        self.received.lock().expect("whole").clone()
    }

    /// How many different transactions came.
    fn different(&self) -> usize {
        self.received().into_iter().collect::<HashSet<_>>().len()
    }

    /// The last broadcast, taken apart.
    fn last_tx(&self) -> (tx::TxRaw, tx::AuthInfo) {
        let raw = tx::TxRaw::decode(self.received().last().expect("some").as_slice()).expect("a transaction");
        let auth = tx::AuthInfo::decode(raw.auth_info_bytes.as_slice()).expect("decodes");
        (raw, auth)
    }

    /// The check of a transaction: signatures and sequences of all who sign.
    fn check(&self, bytes: &[u8]) -> TxResponse {
        let raw = tx::TxRaw::decode(bytes).expect("a transaction");
        let auth = tx::AuthInfo::decode(raw.auth_info_bytes.as_slice()).expect("decodes");
        let hash = hex::encode_upper(Sha256::digest(bytes));
        let refused = |code, log: String| TxResponse {
            txhash: hash.clone(),
            code,
            codespace: "sdk".to_owned(),
            raw_log: log,
            ..TxResponse::default()
        };
        let mut accepted = self.accepted.lock().expect("whole");
        if self.manners.keeps_copies && accepted.contains(&hash) {
            return refused(19, "tx already in mempool".to_owned());
        }
        let document = tx::SignDoc {
            body_bytes: raw.body_bytes.clone(),
            auth_info_bytes: raw.auth_info_bytes.clone(),
            chain_id: "stub-1".to_owned(),
            account_number: ACCOUNT,
        };
        let mut sequences = self.sequences.lock().expect("whole");
        assert_eq!(auth.signer_infos.len(), raw.signatures.len());
        let mut signers = Vec::new();
        for (info, signature) in auth.signer_infos.iter().zip(&raw.signatures) {
            let key = PubKey::decode(info.public_key.as_ref().expect("a key").value.as_slice()).expect("decodes").key;
            VerifyingKey::from_sec1_bytes(&key)
                .expect("a point")
                .verify(&document.encode_to_vec(), &Signature::from_slice(signature).expect("two scalars"))
                .expect("the signature fits");
            let address = address_of(&key).expect("a key");
            let expected = sequences.get(&address).copied().unwrap_or(0);
            if info.sequence != u64::from(expected) {
                let log = format!("account sequence mismatch, expected {expected}, got {}", info.sequence);
                return refused(32, format!("{log}: incorrect account sequence"));
            }
            signers.push((address, expected));
        }
        for (address, used) in signers {
            let step = if used == 0 { 1 + self.manners.hidden_sequences } else { 1 };
            sequences.insert(address, used + step);
            *self.last.lock().expect("whole") = (auth.fee.as_ref().expect("a fee").gas_limit, used.into());
        }
        accepted.insert(hash.clone());
        TxResponse { txhash: hash, ..TxResponse::default() }
    }
}

#[tonic::async_trait]
impl comet::service_server::Service for Node {
    async fn get_node_info(
        &self,
        _: Request<comet::GetNodeInfoRequest>,
    ) -> Result<Response<comet::GetNodeInfoResponse>, Status> {
        let info = DefaultNodeInfo { network: "stub-1".to_owned(), ..DefaultNodeInfo::default() };
        Ok(Response::new(comet::GetNodeInfoResponse { default_node_info: Some(info), application_version: None }))
    }

    async fn get_syncing(
        &self,
        _: Request<comet::GetSyncingRequest>,
    ) -> Result<Response<comet::GetSyncingResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn get_latest_block(
        &self,
        _: Request<comet::GetLatestBlockRequest>,
    ) -> Result<Response<comet::GetLatestBlockResponse>, Status> {
        let height = self.height.load(Ordering::SeqCst);
        if height == 0 {
            return Ok(Response::new(comet::GetLatestBlockResponse::default()));
        }
        let time = Some(Timestamp { seconds: 1, nanos: 0 });
        let header = Header { height: i64::try_from(height).expect("small"), time, ..Header::default() };
        let block = Some(Block { header: Some(header), data: None });
        Ok(Response::new(comet::GetLatestBlockResponse { block, ..comet::GetLatestBlockResponse::default() }))
    }

    async fn get_block_by_height(
        &self,
        _: Request<comet::GetBlockByHeightRequest>,
    ) -> Result<Response<comet::GetBlockByHeightResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }
}

#[tonic::async_trait]
impl auth::query_server::Query for Node {
    async fn account(
        &self,
        request: Request<auth::QueryAccountRequest>,
    ) -> Result<Response<auth::QueryAccountResponse>, Status> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let address = request.into_inner().address;
        let sequence = self.sequences.lock().expect("whole").get(&address).copied().unwrap_or(0);
        let sequence = sequence.saturating_sub(self.manners.waiting).into();
        let base = auth::BaseAccount { address, account_number: ACCOUNT, sequence, pub_key: None };
        let account = if self.manners.odd_account {
            Any::from_msg(&auth::ModuleAccount { base_account: Some(base), ..auth::ModuleAccount::default() })
        } else {
            Any::from_msg(&base)
        };
        Ok(Response::new(auth::QueryAccountResponse { account: account.ok() }))
    }

    async fn account_info(
        &self,
        _: Request<auth::QueryAccountInfoRequest>,
    ) -> Result<Response<auth::QueryAccountInfoResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn params(
        &self,
        _: Request<auth::QueryParamsRequest>,
    ) -> Result<Response<auth::QueryParamsResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn module_account_by_name(
        &self,
        _: Request<auth::QueryModuleAccountByNameRequest>,
    ) -> Result<Response<auth::QueryModuleAccountByNameResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn bech32_prefix(
        &self,
        _: Request<auth::Bech32PrefixRequest>,
    ) -> Result<Response<auth::Bech32PrefixResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }
}

#[tonic::async_trait]
impl tx::service_server::Service for Node {
    async fn simulate(&self, request: Request<tx::SimulateRequest>) -> Result<Response<tx::SimulateResponse>, Status> {
        *self.simulated.lock().expect("whole") = request.into_inner().tx_bytes;
        if self.manners.no_simulation {
            return Err(Status::unimplemented("no estimates here"));
        }
        if let Some(text) = self.manners.simulation_fails {
            return Err(Status::unknown(text));
        }
        let info = GasInfo { gas_wanted: 0, gas_used: self.manners.gas };
        Ok(Response::new(tx::SimulateResponse { gas_info: Some(info), result: None }))
    }

    async fn get_tx(&self, request: Request<tx::GetTxRequest>) -> Result<Response<tx::GetTxResponse>, Status> {
        let looked = self.looked_up.fetch_add(1, Ordering::SeqCst);
        let known = self.accepted.lock().expect("whole").contains(&request.get_ref().hash);
        if self.manners.forgets || !known || looked < self.manners.slow_index {
            return Err(Status::not_found("tx not found"));
        }
        let answer = TxResponse {
            txhash: request.into_inner().hash,
            height: 9,
            code: self.manners.delivered,
            codespace: "wasm".to_owned(),
            raw_log: "the contract's words".to_owned(),
            ..TxResponse::default()
        };
        Ok(Response::new(tx::GetTxResponse { tx: None, tx_response: Some(answer) }))
    }

    async fn broadcast_tx(
        &self,
        request: Request<tx::BroadcastTxRequest>,
    ) -> Result<Response<tx::BroadcastTxResponse>, Status> {
        let bytes = request.into_inner().tx_bytes;
        let before = {
            let mut received = self.received.lock().expect("whole");
            received.push(bytes.clone());
            u32::try_from(received.len()).expect("few") - 1
        };
        if before < self.manners.lost_requests {
            return Err(Status::unavailable("connection reset"));
        }
        let answer = self.check(&bytes);
        if before < self.manners.lost_answers {
            return Err(Status::unavailable("connection reset"));
        }
        if before < self.manners.late_answers {
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
        Ok(Response::new(tx::BroadcastTxResponse { tx_response: Some(answer) }))
    }
}

async fn node(manners: Manners) -> (Node, Signer) {
    node_with(manners, |_| {}).await
}

async fn node_with(manners: Manners, adapt: impl FnOnce(&mut ChainConfig)) -> (Node, Signer) {
    let node = Node {
        manners,
        sequences: Arc::default(),
        asked: Arc::default(),
        last: Arc::default(),
        received: Arc::default(),
        accepted: Arc::default(),
        looked_up: Arc::default(),
        simulated: Arc::default(),
        height: Arc::new(AtomicU64::new(manners.height)),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let server = Server::builder()
        .add_service(comet::service_server::ServiceServer::new(node.clone()))
        .add_service(auth::query_server::QueryServer::new(node.clone()))
        .add_service(tx::service_server::ServiceServer::new(node.clone()));
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    let mut config = ChainConfig {
        poll_interval: Duration::from_millis(5),
        inclusion_deadline: Duration::from_millis(60),
        ..ChainConfig::default()
    };
    adapt(&mut config);
    let client = ChainClient::connect_with(&url, config).await.expect("connects");
    assert_eq!(client.chain_id(), "stub-1");
    (node, client.signer(Key::generate("stub").expect("randomness")))
}

async fn send(signer: &Signer) -> Result<TxOutcome, ChainError> {
    let to = signer.address().to_owned();
    signer.send(&to, vec![Coin::new(1u128, "ustake")]).await
}

#[tokio::test]
async fn gas_is_the_estimate_with_a_margin_and_the_sequence_is_remembered() {
    let (node, signer) = node(Manners { gas: 100_001, ..Manners::default() }).await;
    let outcome = send(&signer).await.expect("included");
    assert_eq!(outcome.fee, Coin::new(3_501u128, "ustake"), "140002 gas at 0.025, rounded up");
    send(&signer).await.expect("included");
    assert_eq!(*node.last.lock().expect("whole"), (140_002, 1));
    assert_eq!(node.asked.load(Ordering::SeqCst), 1, "the account is asked for once");
}

#[tokio::test]
async fn a_node_without_estimates_gets_the_fixed_gas() {
    let (node, signer) = node(Manners { no_simulation: true, ..Manners::default() }).await;
    send(&signer).await.expect("included");
    assert_eq!(node.last.lock().expect("whole").0, ChainConfig::default().fixed_gas);
}

#[tokio::test]
async fn a_sequence_mismatch_is_survived_once() {
    let (node, signer) = node(Manners { gas: 1, hidden_sequences: 3, ..Manners::default() }).await;
    send(&signer).await.expect("included");
    send(&signer).await.expect("asks again and is included");
    assert_eq!(node.last.lock().expect("whole").1, 4);
    assert_eq!(node.asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn estimates_that_fail_for_the_sequence_are_survived_too_and_others_are_not_repeated() {
    let text = "account sequence mismatch, expected 9, got 0: incorrect account sequence";
    let (node_, signer) = node(Manners { simulation_fails: Some(text), ..Manners::default() }).await;
    let error = send(&signer).await.expect_err("always fails");
    assert!(error.is_sequence_mismatch(), "{error}");
    assert_eq!(node_.asked.load(Ordering::SeqCst), 1, "fresh numbers are not asked for twice");
    let (_, signer) = node(Manners { simulation_fails: Some("contract: no"), ..Manners::default() }).await;
    let error = send(&signer).await.expect_err("fails");
    assert_eq!(error.code(), "CHAIN_SIMULATION_FAILED");
}

#[tokio::test]
async fn failures_keep_their_types() {
    let (_, signer) = node(Manners { gas: u64::MAX, ..Manners::default() }).await;
    assert_eq!(send(&signer).await.expect_err("too much gas").code(), "CHAIN_GAS_LIMIT");
    let (node_, signer) = node(Manners { gas: 1, forgets: true, ..Manners::default() }).await;
    assert_eq!(send(&signer).await.expect_err("never included").code(), "CHAIN_TX_NOT_INCLUDED");
    assert_eq!(send(&signer).await.expect_err("never included").code(), "CHAIN_TX_NOT_INCLUDED");
    assert_eq!(node_.asked.load(Ordering::SeqCst), 2, "a lost transaction makes the numbers uncertain");
    let (_, signer) = node(Manners { gas: 1, delivered: 5, ..Manners::default() }).await;
    let error = send(&signer).await.expect_err("fails in its block");
    assert!(
        matches!(&error, ChainError::Failed { code: 5, codespace, height: 9, .. } if codespace == "wasm"),
        "{error}"
    );
    let (_, signer) = node(Manners { odd_account: true, ..Manners::default() }).await;
    assert_eq!(send(&signer).await.expect_err("no key").code(), "CHAIN_BAD_ANSWER");
    assert_eq!(signer.client().latest_block().await.expect_err("empty").code(), "CHAIN_BAD_ANSWER");
    let error = signer.send("cosmos1x", vec![]).await.expect_err("no address");
    assert_eq!(error.code(), "CHAIN_INVALID_VALUE");
    let error = signer.send(signer.address(), vec![Coin::new(1u128, "!")]).await.expect_err("no denomination");
    assert_eq!(error.code(), "CHAIN_INVALID_VALUE");
}

#[tokio::test]
async fn a_lost_answer_is_settled_by_the_hash_and_nothing_is_signed_twice() {
    for late in [false, true] {
        let (lost_answers, late_answers) = if late { (0, 1) } else { (1, 0) };
        let manners = Manners { gas: 1, lost_answers, late_answers, ..Manners::default() };
        let (node, signer) = node_with(manners, |config| {
            config.call_timeout = Duration::from_millis(400);
            config.inclusion_deadline = Duration::from_secs(5);
        })
        .await;
        let outcome = send(&signer).await.expect("it was taken");
        assert_eq!(node.received().len(), 1, "the hash was looked up before anything else was sent");
        assert!(node.accepted.lock().expect("whole").contains(&outcome.hash));
        send(&signer).await.expect("included");
        assert_eq!(node.last.lock().expect("whole").1, 1, "the sequence went on");
        assert_eq!(node.asked.load(Ordering::SeqCst), 1, "without asking again");
    }
}

#[tokio::test]
async fn a_lost_request_is_sent_again_as_the_same_bytes() {
    let manners = Manners { gas: 1, lost_requests: 2, ..Manners::default() };
    let (node, signer) = node_with(manners, |config| config.inclusion_deadline = Duration::from_secs(5)).await;
    send(&signer).await.expect("the third arrived");
    assert_eq!((node.received().len(), node.different()), (3, 1));
    send(&signer).await.expect("included");
    assert_eq!(node.accepted.lock().expect("whole").len(), 2);
}

#[tokio::test]
async fn a_copy_that_the_node_has_already_is_no_failure() {
    for keeps_copies in [true, false] {
        // The index is slow, so that the copy is sent although the first was taken.
        let manners = Manners { gas: 1, lost_answers: 1, slow_index: 3, keeps_copies, ..Manners::default() };
        let (node, signer) = node_with(manners, |config| config.inclusion_deadline = Duration::from_secs(5)).await;
        send(&signer).await.expect("it was taken");
        assert_eq!((node.received().len(), node.different()), (2, 1));
        assert_eq!(node.accepted.lock().expect("whole").len(), 1);
    }
}

#[tokio::test]
async fn a_transaction_of_unknown_fate_is_reported_and_never_signed_anew() {
    let (node, signer) = node(Manners { gas: 1, lost_requests: u32::MAX, ..Manners::default() }).await;
    let error = send(&signer).await.expect_err("nothing gets through");
    let hash = hex::encode_upper(Sha256::digest(node.received()[0].as_slice()));
    assert!(matches!(&error, ChainError::NotIncluded { hash: named, .. } if *named == hash), "{error}");
    assert_eq!(node.different(), 1);
    assert_eq!(node.asked.load(Ordering::SeqCst), 1);
    send(&signer).await.expect_err("nothing gets through");
    assert_eq!(node.asked.load(Ordering::SeqCst), 2, "the sequence is asked for again");
}

#[tokio::test]
async fn the_sequence_in_a_refusal_wins_over_an_account_that_lags() {
    let (node, signer) = node(Manners { gas: 1, waiting: 2, ..Manners::default() }).await;
    for _ in 0..3 {
        send(&signer).await.expect("included");
    }
    // Another process with the same key asks for the account, and is told of the last block only.
    let twin = signer.client().signer(Key::from_mnemonic("twin", signer.key().mnemonic()).expect("words"));
    send(&twin).await.expect("signs with what the refusal asks for");
    assert_eq!(node.last.lock().expect("whole").1, 3);
    assert_eq!(node.asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn concurrent_broadcasts_use_the_sequences_in_order() {
    let (node, signer) = node(Manners { gas: 1, ..Manners::default() }).await;
    let sends: Vec<_> = (0..12)
        .map(|_| {
            let signer = signer.clone();
            tokio::spawn(async move { send(&signer).await })
        })
        .collect();
    for task in sends {
        task.await.expect("no panic").expect("included");
    }
    assert_eq!((node.received().len(), node.different()), (12, 12), "none was refused");
    assert_eq!(node.last.lock().expect("whole").1, 11);
    assert_eq!(node.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn with_a_last_height_a_lost_transaction_is_known_to_be_lost() {
    let manners = Manners { gas: 1, forgets: true, height: 40, ..Manners::default() };
    let (node, signer) = node_with(manners, |config| {
        config.timeout_blocks = Some(10);
        config.inclusion_deadline = Duration::from_secs(10);
    })
    .await;
    let sending = tokio::spawn(async move { send(&signer).await });
    while node.received().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let (raw, _) = node.last_tx();
    let body = tx::TxBody::decode(raw.body_bytes.as_slice()).expect("decodes");
    assert_eq!(body.timeout_height, 50);
    node.height.store(51, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!sending.is_finished(), "the index may be behind the last height");
    node.height.store(52, Ordering::SeqCst);
    let error = sending.await.expect("no panic").expect_err("expired");
    assert!(matches!(error, ChainError::Expired { height: 50, .. }), "{error}");
}

#[tokio::test]
async fn an_estimate_is_never_a_transaction_that_a_node_could_keep() {
    let (node, signer) = node(Manners { gas: 1, ..Manners::default() }).await;
    send(&signer).await.expect("included");
    let simulated = node.simulated.lock().expect("whole").clone();
    let raw = tx::TxRaw::decode(simulated.as_slice()).expect("a transaction");
    assert_eq!(raw.signatures, vec![vec![0; 64]], "as long as a signature, and none");
}

#[tokio::test]
async fn fees_come_from_an_allowance_or_from_a_payer_who_signs_too() {
    let (node, signer) = node(Manners { gas: 100_000, ..Manners::default() }).await;
    let other = signer.client().signer(Key::generate("other").expect("randomness"));
    let granted = signer.with_fee_granter(other.address()).expect("an address");
    send(&granted).await.expect("included");
    let (_, auth) = node.last_tx();
    let fee = auth.fee.expect("a fee");
    assert_eq!((fee.granter.as_str(), fee.payer.as_str()), (other.address(), ""));
    assert_eq!(fee.amount, vec![base::Coin { denom: "ustake".to_owned(), amount: "3500".to_owned() }]);
    assert_eq!(signer.with_fee_granter("nobody").expect_err("no address").code(), "CHAIN_INVALID_VALUE");

    let paid = signer.with_fee_payer(&other);
    send(&paid).await.expect("both signatures fit");
    let (raw, auth) = node.last_tx();
    assert_eq!((raw.signatures.len(), auth.signer_infos[0].sequence, auth.signer_infos[1].sequence), (2, 1, 0));
    assert_eq!(auth.fee.expect("a fee").payer, other.address());
    // Both sequences went on, also for those who do not know of the payment.
    send(&other).await.expect("included");
    send(&signer).await.expect("included");
    let own = signer.with_fee_payer(&signer);
    send(&own).await.expect("included");
    assert_eq!(node.last_tx().0.signatures.len(), 1, "who pays for itself signs once");
    // Two that pay for each other do not wait for each other.
    let back = other.with_fee_payer(&signer);
    let crossed = (0..6).map(|index| {
        let signer = if index % 2 == 0 { paid.clone() } else { back.clone() };
        tokio::spawn(async move { send(&signer).await })
    });
    for task in crossed.collect::<Vec<_>>() {
        tokio::time::timeout(Duration::from_secs(20), task).await.expect("no deadlock").expect("no panic").expect("ok");
    }
    assert_eq!(node.received().len(), node.accepted.lock().expect("whole").len(), "none was refused");
}
