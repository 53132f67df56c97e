//! A chain that disconnects, lags, repeats itself and changes its past.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use openledger_cosmos_api::{
    cosmos::{
        base::{abci::v1beta1::TxResponse, tendermint::v1beta1 as comet},
        tx::v1beta1 as tx,
    },
    tendermint::{
        abci::{Event, EventAttribute},
        types::{Block, BlockId, Data, Header},
    },
};
use prost_types::Timestamp;
use sha2::{Digest, Sha256};
use tonic::{Response, Status};

use crate::served::{self, Answer, Blocks, Transactions};

/// The contract that counts.
pub const CONTRACT: &str = "wasm1contract";

/// A transaction: what it reports, or that it failed.
#[derive(Clone, Debug)]
pub struct Tx {
    pub bytes: Vec<u8>,
    pub id: Option<String>,
}

#[derive(Clone, Debug)]
pub struct StubBlock {
    pub hash: [u8; 32],
    pub parent: Option<[u8; 32]>,
    pub txs: Vec<Tx>,
}

/// What the chain is, and how its node misbehaves.
#[derive(Default)]
pub struct State {
    pub chain_id: String,
    /// Block `i` has height `i + 1`.
    pub blocks: Vec<StubBlock>,
    /// Counts forks and transactions, so that none is like another.
    pub made: u64,
    /// Answers that fail from now on.
    pub failures: u32,
    /// Blocks that the node hides: it lags behind.
    pub lag: usize,
    /// Answers with the block before the one that was asked for.
    pub repeats: u32,
    /// Look-ups of transactions that find nothing yet.
    pub unindexed: u32,
    /// Answers that are cut short by a missing header.
    pub headless: u32,
    /// History changes right after the next block was read, by this much.
    pub fork_while_reading: Option<usize>,
    pub calls: u64,
}

impl State {
    pub fn grow(&mut self, txs: usize) {
        let parent = self.blocks.last().map(|block| block.hash);
        let height = self.blocks.len() + 1;
        let mut list = Vec::new();
        for index in 0..txs {
            self.made += 1;
            let id = (index % 3 != 2).then(|| format!("{height}/{index}/{}", self.made));
            list.push(Tx { bytes: format!("tx {}", self.made).into_bytes(), id });
        }
        self.made += 1;
        let hash = Sha256::digest(format!("block {height} {}", self.made)).into();
        self.blocks.push(StubBlock { hash, parent, txs: list });
    }

    /// Replaces the last blocks by `depth` others.
    pub fn fork(&mut self, depth: usize) {
        let depth = depth.min(self.blocks.len());
        self.blocks.truncate(self.blocks.len() - depth);
        for _ in 0..depth {
            self.grow(2);
        }
    }

    pub fn visible(&self) -> usize {
        self.blocks.len().saturating_sub(self.lag).max(1)
    }

    /// What every block reports, by height.
    pub fn truth(&self, confirmations: usize) -> BTreeMap<u64, Vec<String>> {
        let final_blocks = self.blocks.len().saturating_sub(confirmations);
        let reported = |block: &StubBlock| block.txs.iter().filter_map(|tx| tx.id.clone()).collect();
        (1..).zip(self.blocks.iter().take(final_blocks).map(reported)).collect()
    }

    pub fn wire(&self, height: usize) -> (Option<BlockId>, Option<Block>) {
        let block = &self.blocks[height - 1];
        let id = |hash: [u8; 32]| Some(BlockId { hash: hash.to_vec(), part_set_header: None });
        let header = Header {
            chain_id: self.chain_id.clone(),
            height: i64::try_from(height).expect("small"),
            time: Some(Timestamp { seconds: i64::try_from(height).expect("small"), nanos: 5 }),
            last_block_id: block.parent.map_or(Some(BlockId::default()), id),
            ..Header::default()
        };
        let data = Data { txs: block.txs.iter().map(|tx| tx.bytes.clone()).collect() };
        (id(block.hash), Some(Block { header: Some(header), data: Some(data) }))
    }
}

#[derive(Clone, Default)]
pub struct Node(Arc<Mutex<State>>);

impl Node {
    pub fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().expect("whole"))
    }

    /// The state, unless this answer is to fail.
    pub fn answer<T>(&self, answer: impl FnOnce(&mut State) -> Result<T, Status>) -> Result<Response<T>, Status> {
        self.with(|state| {
            state.calls += 1;
            if state.failures > 0 {
                state.failures -= 1;
                return Err(Status::unavailable("restarting"));
            }
            answer(state).map(Response::new)
        })
    }
}

#[tonic::async_trait]
impl Blocks for Node {
    fn chain_id(&self) -> String {
        self.with(|state| state.chain_id.clone())
    }

    async fn latest_block(&self) -> Answer<comet::GetLatestBlockResponse> {
        self.answer(|state| {
            let (block_id, mut block) = state.wire(state.visible());
            if state.headless > 0 {
                state.headless -= 1;
                block = None;
            }
            Ok(comet::GetLatestBlockResponse { block_id, block, sdk_block: None })
        })
    }

    async fn block(&self, height: i64) -> Answer<comet::GetBlockByHeightResponse> {
        self.answer(|state| {
            let mut height = usize::try_from(height).expect("positive");
            if height == 0 || height > state.visible() {
                return Err(Status::invalid_argument("requested block height is bigger then the chain length"));
            }
            if state.repeats > 0 && height > 1 {
                state.repeats -= 1;
                height -= 1;
            }
            let (block_id, block) = state.wire(height);
            if let Some(depth) = state.fork_while_reading.take() {
                state.fork(depth);
            }
            Ok(comet::GetBlockByHeightResponse { block_id, block, sdk_block: None })
        })
    }
}

#[tonic::async_trait]
impl Transactions for Node {
    async fn find(&self, hash: String) -> Answer<tx::GetTxResponse> {
        self.answer(|state| {
            if state.unindexed > 0 {
                state.unindexed -= 1;
                return Err(Status::not_found("tx not found"));
            }
            // The index keeps the last place of a transaction.
            let found =
                (1i64..).zip(&state.blocks).collect::<Vec<_>>().into_iter().rev().find_map(|(height, block)| {
                    let same = |tx: &&Tx| hex::encode_upper(Sha256::digest(&tx.bytes)) == hash;
                    block.txs.iter().find(same).map(|tx| (height, tx.clone()))
                });
            let (height, tx) = found.ok_or_else(|| Status::not_found("tx not found"))?;
            let pair =
                |key: &str, value: &str| EventAttribute { key: key.to_owned(), value: value.to_owned(), index: true };
            let event = |kind: &str, contract: &str, id: &str| Event {
                r#type: kind.to_owned(),
                attributes: vec![pair("_contract_address", contract), pair("id", id), pair("msg_index", "0")],
            };
            let id = tx.id.clone().unwrap_or_default();
            let answer = TxResponse {
                txhash: hash,
                height,
                code: u32::from(tx.id.is_none()),
                events: vec![
                    event("transfer", CONTRACT, &id),
                    event("wasm-x/other", CONTRACT, &id),
                    event("wasm-x/counted", "wasm1stranger", &id),
                    event("wasm-x/counted", CONTRACT, &id),
                ],
                ..TxResponse::default()
            };
            Ok(tx::GetTxResponse { tx: None, tx_response: Some(answer) })
        })
    }
}

/// A chain of one block, and where it answers.
pub async fn serve(chain_id: &str) -> (Node, SocketAddr) {
    let node = Node::default();
    node.with(|state| {
        state.chain_id = chain_id.to_owned();
        state.grow(0);
    });
    let address = served::listen(served::chain(&node)).await;
    (node, address)
}
