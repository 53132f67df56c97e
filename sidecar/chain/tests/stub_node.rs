//! The client against a node that answers as it is told: recovery, fallbacks and every failure's type.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use cosmwasm_std::Coin;
use openledger_chain::{ChainClient, ChainConfig, ChainError, Key, Signer};
use openledger_cosmos_api::{
    cosmos::{
        auth::v1beta1 as auth,
        base::{
            abci::v1beta1::{GasInfo, TxResponse},
            tendermint::v1beta1 as comet,
        },
        tx::v1beta1 as tx,
    },
    tendermint::p2p::DefaultNodeInfo,
};
use prost::Message;
use prost_types::Any;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, transport::Server};

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
}

#[derive(Clone)]
struct Node {
    manners: Manners,
    /// What the node expects next.
    sequence: Arc<AtomicU32>,
    /// How often the account was asked for.
    asked: Arc<AtomicU32>,
    /// Gas limit and sequence of the last accepted transaction.
    last: Arc<std::sync::Mutex<(u64, u64)>>,
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
        Ok(Response::new(comet::GetLatestBlockResponse::default()))
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
        let base = auth::BaseAccount {
            address: request.into_inner().address,
            account_number: 5,
            sequence: self.sequence.load(Ordering::SeqCst).into(),
            pub_key: None,
        };
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
    async fn simulate(&self, _: Request<tx::SimulateRequest>) -> Result<Response<tx::SimulateResponse>, Status> {
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
        if self.manners.forgets {
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
        let raw = tx::TxRaw::decode(request.into_inner().tx_bytes.as_slice()).expect("a transaction");
        let auth = tx::AuthInfo::decode(raw.auth_info_bytes.as_slice()).expect("decodes");
        let used = auth.signer_infos[0].sequence;
        let expected = u64::from(self.sequence.load(Ordering::SeqCst));
        let mut answer = TxResponse { txhash: "AB".repeat(32), ..TxResponse::default() };
        if used == expected {
            let hidden = self.manners.hidden_sequences;
            let step = if used == 0 { 1 + hidden } else { 1 };
            self.sequence.fetch_add(step, Ordering::SeqCst);
            *self.last.lock().expect("whole") = (auth.fee.expect("a fee").gas_limit, used);
        } else {
            answer.code = 32;
            answer.codespace = "sdk".to_owned();
            answer.raw_log = format!("account sequence mismatch, expected {expected}, got {used}");
        }
        Ok(Response::new(tx::BroadcastTxResponse { tx_response: Some(answer) }))
    }
}

async fn node(manners: Manners) -> (Node, Signer) {
    let node = Node { manners, sequence: Arc::default(), asked: Arc::default(), last: Arc::default() };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let server = Server::builder()
        .add_service(comet::service_server::ServiceServer::new(node.clone()))
        .add_service(auth::query_server::QueryServer::new(node.clone()))
        .add_service(tx::service_server::ServiceServer::new(node.clone()));
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    let config = ChainConfig {
        poll_interval: Duration::from_millis(5),
        inclusion_deadline: Duration::from_millis(60),
        ..ChainConfig::default()
    };
    let client = ChainClient::connect_with(&url, config).await.expect("connects");
    assert_eq!(client.chain_id(), "stub-1");
    (node, client.signer(Key::generate("stub").expect("randomness")))
}

async fn send(signer: &Signer) -> Result<openledger_chain::TxOutcome, ChainError> {
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
