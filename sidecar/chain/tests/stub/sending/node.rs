//! A node of bad manners.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use k256::ecdsa::{Signature, VerifyingKey, signature::Verifier};
use openledger_chain::{ChainClient, ChainConfig, Key, Signer, address_of};
use openledger_cosmos_api::{
    cosmos::{
        auth::v1beta1 as auth,
        base::{
            abci::v1beta1::{GasInfo, TxResponse},
            tendermint::v1beta1 as comet,
        },
        crypto::secp256k1::PubKey,
        tx::v1beta1 as tx,
    },
    tendermint::types::{Block, Header},
};
use prost::Message;
use prost_types::{Any, Timestamp};
use sha2::{Digest, Sha256};
use tonic::{Request, Response, Status};

use crate::served::{self, Answer, Blocks, Transactions, unserved};

/// The account number of every account.
const ACCOUNT: u64 = 5;

/// How the node behaves.
#[derive(Clone, Copy, Default)]
pub struct Manners {
    /// It knows no estimates.
    pub no_simulation: bool,
    /// Estimates fail with this text.
    pub simulation_fails: Option<&'static str>,
    /// Gas it estimates.
    pub gas: u64,
    /// It counts this many sequences ahead of what it tells, once.
    pub hidden_sequences: u32,
    /// It never includes anything.
    pub forgets: bool,
    /// What included transactions end with.
    pub delivered: u32,
    /// The account is of another type.
    pub odd_account: bool,
    /// So many broadcasts are lost on their way.
    pub lost_requests: u32,
    /// So many broadcasts are taken and their answers lost.
    pub lost_answers: u32,
    /// So many broadcasts are taken and answered too late.
    pub late_answers: u32,
    /// Accounts are told as of this many transactions ago: those wait for their block.
    pub waiting: u32,
    /// So many look-ups find nothing yet.
    pub slow_index: u32,
    /// What is accepted a second time is called a copy in the mempool.
    pub keeps_copies: bool,
    /// The chain has made blocks up to here.
    pub height: u64,
}

#[derive(Clone)]
pub struct Node {
    pub manners: Manners,
    /// What the node expects next, by account.
    pub sequences: Arc<Mutex<BTreeMap<String, u32>>>,
    /// How often the account was asked for.
    pub asked: Arc<AtomicU32>,
    /// Gas limit and sequence of the last accepted transaction.
    pub last: Arc<Mutex<(u64, u64)>>,
    /// Every broadcast that came, in order.
    pub received: Arc<Mutex<Vec<Vec<u8>>>>,
    /// What was taken, by hash.
    pub accepted: Arc<Mutex<HashSet<String>>>,
    pub looked_up: Arc<AtomicU32>,
    /// What was last estimated.
    pub simulated: Arc<Mutex<Vec<u8>>>,
    pub height: Arc<AtomicU64>,
}

impl Node {
    pub fn received(&self) -> Vec<Vec<u8>> {
        self.received.lock().expect("whole").clone()
    }

    /// How many different transactions came.
    pub fn different(&self) -> usize {
        self.received().into_iter().collect::<HashSet<_>>().len()
    }

    /// The last broadcast, taken apart.
    pub fn last_tx(&self) -> (tx::TxRaw, tx::AuthInfo) {
        let raw = tx::TxRaw::decode(self.received().last().expect("some").as_slice()).expect("a transaction");
        let auth = tx::AuthInfo::decode(raw.auth_info_bytes.as_slice()).expect("decodes");
        (raw, auth)
    }

    /// The check of a transaction: signatures and sequences of all who sign.
    pub fn check(&self, bytes: &[u8]) -> TxResponse {
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
impl Blocks for Node {
    async fn latest_block(&self) -> Answer<comet::GetLatestBlockResponse> {
        let height = self.height.load(Ordering::SeqCst);
        if height == 0 {
            return Ok(Response::new(comet::GetLatestBlockResponse::default()));
        }
        let time = Some(Timestamp { seconds: 1, nanos: 0 });
        let header = Header { height: i64::try_from(height).expect("small"), time, ..Header::default() };
        let block = Some(Block { header: Some(header), data: None });
        Ok(Response::new(comet::GetLatestBlockResponse { block, ..comet::GetLatestBlockResponse::default() }))
    }
}

#[tonic::async_trait]
impl auth::query_server::Query for Node {
    async fn account(&self, request: Request<auth::QueryAccountRequest>) -> Answer<auth::QueryAccountResponse> {
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

    async fn account_info(&self, _: Request<auth::QueryAccountInfoRequest>) -> Answer<auth::QueryAccountInfoResponse> {
        unserved()
    }

    async fn params(&self, _: Request<auth::QueryParamsRequest>) -> Answer<auth::QueryParamsResponse> {
        unserved()
    }

    async fn module_account_by_name(
        &self,
        _: Request<auth::QueryModuleAccountByNameRequest>,
    ) -> Answer<auth::QueryModuleAccountByNameResponse> {
        unserved()
    }

    async fn bech32_prefix(&self, _: Request<auth::Bech32PrefixRequest>) -> Answer<auth::Bech32PrefixResponse> {
        unserved()
    }
}

#[tonic::async_trait]
impl Transactions for Node {
    async fn simulate(&self, tx: Vec<u8>) -> Answer<tx::SimulateResponse> {
        *self.simulated.lock().expect("whole") = tx;
        if self.manners.no_simulation {
            return Err(Status::unimplemented("no estimates here"));
        }
        if let Some(text) = self.manners.simulation_fails {
            return Err(Status::unknown(text));
        }
        let info = GasInfo { gas_wanted: 0, gas_used: self.manners.gas };
        Ok(Response::new(tx::SimulateResponse { gas_info: Some(info), result: None }))
    }

    async fn find(&self, hash: String) -> Answer<tx::GetTxResponse> {
        let looked = self.looked_up.fetch_add(1, Ordering::SeqCst);
        let known = self.accepted.lock().expect("whole").contains(&hash);
        if self.manners.forgets || !known || looked < self.manners.slow_index {
            return Err(Status::not_found("tx not found"));
        }
        let answer = TxResponse {
            txhash: hash,
            height: 9,
            code: self.manners.delivered,
            codespace: "wasm".to_owned(),
            raw_log: "the contract's words".to_owned(),
            ..TxResponse::default()
        };
        Ok(Response::new(tx::GetTxResponse { tx: None, tx_response: Some(answer) }))
    }

    async fn broadcast(&self, tx: Vec<u8>) -> Answer<tx::BroadcastTxResponse> {
        let before = {
            let mut received = self.received.lock().expect("whole");
            received.push(tx.clone());
            u32::try_from(received.len()).expect("few") - 1
        };
        if before < self.manners.lost_requests {
            return Err(Status::unavailable("connection reset"));
        }
        let answer = self.check(&tx);
        if before < self.manners.lost_answers {
            return Err(Status::unavailable("connection reset"));
        }
        if before < self.manners.late_answers {
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
        Ok(Response::new(tx::BroadcastTxResponse { tx_response: Some(answer) }))
    }
}

pub async fn node(manners: Manners) -> (Node, Signer) {
    node_with(manners, |_| {}).await
}

pub async fn node_with(manners: Manners, adapt: impl FnOnce(&mut ChainConfig)) -> (Node, Signer) {
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
    let router = served::chain(&node).add_service(auth::query_server::QueryServer::new(node.clone()));
    let url = format!("http://{}", served::listen(router).await);
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
