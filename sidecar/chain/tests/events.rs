//! The event stream against a chain that disconnects, lags, repeats itself and changes its past: every event counts
//! exactly once.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use openledger_chain::{
    ChainClient, ChainConfig, ChainError,
    events::{Cursor, EventFilter, EventStream, StreamConfig, Update},
};
use openledger_cosmos_api::{
    cosmos::{
        base::{abci::v1beta1::TxResponse, tendermint::v1beta1 as comet},
        tx::v1beta1 as tx,
    },
    tendermint::{
        abci::{Event, EventAttribute},
        p2p::DefaultNodeInfo,
        types::{Block, BlockId, Data, Header},
    },
};
use proptest::prelude::*;
use prost_types::Timestamp;
use sha2::{Digest, Sha256};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use tonic::{
    Request, Response, Status,
    transport::{Server, server::TcpIncoming},
};

const CONTRACT: &str = "wasm1contract";
const SOON: Duration = Duration::from_secs(20);

/// A transaction: what it reports, or that it failed.
#[derive(Clone, Debug)]
struct Tx {
    bytes: Vec<u8>,
    id: Option<String>,
}

#[derive(Clone, Debug)]
struct StubBlock {
    hash: [u8; 32],
    parent: Option<[u8; 32]>,
    txs: Vec<Tx>,
}

/// What the chain is, and how its node misbehaves.
#[derive(Default)]
struct State {
    chain_id: String,
    /// Block `i` has height `i + 1`.
    blocks: Vec<StubBlock>,
    /// Counts forks and transactions, so that none is like another.
    made: u64,
    /// Answers that fail from now on.
    failures: u32,
    /// Blocks that the node hides: it lags behind.
    lag: usize,
    /// Answers with the block before the one that was asked for.
    repeats: u32,
    /// Look-ups of transactions that find nothing yet.
    unindexed: u32,
    /// Answers that are cut short by a missing header.
    headless: u32,
    /// History changes right after the next block was read, by this much.
    fork_while_reading: Option<usize>,
    calls: u64,
}

impl State {
    fn grow(&mut self, txs: usize) {
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
    fn fork(&mut self, depth: usize) {
        let depth = depth.min(self.blocks.len());
        self.blocks.truncate(self.blocks.len() - depth);
        for _ in 0..depth {
            self.grow(2);
        }
    }

    fn visible(&self) -> usize {
        self.blocks.len().saturating_sub(self.lag).max(1)
    }

    /// What every block reports, by height.
    fn truth(&self, confirmations: usize) -> BTreeMap<u64, Vec<String>> {
        let final_blocks = self.blocks.len().saturating_sub(confirmations);
        let reported = |block: &StubBlock| block.txs.iter().filter_map(|tx| tx.id.clone()).collect();
        (1..).zip(self.blocks.iter().take(final_blocks).map(reported)).collect()
    }

    fn wire(&self, height: usize) -> (Option<BlockId>, Option<Block>) {
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
struct Node(Arc<Mutex<State>>);

impl Node {
    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().expect("whole"))
    }

    /// The state, unless this answer is to fail.
    fn answer<T>(&self, answer: impl FnOnce(&mut State) -> Result<T, Status>) -> Result<Response<T>, Status> {
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
impl comet::service_server::Service for Node {
    async fn get_node_info(
        &self,
        _: Request<comet::GetNodeInfoRequest>,
    ) -> Result<Response<comet::GetNodeInfoResponse>, Status> {
        let network = self.with(|state| state.chain_id.clone());
        let info = DefaultNodeInfo { network, ..DefaultNodeInfo::default() };
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
        self.answer(|state| {
            let (block_id, mut block) = state.wire(state.visible());
            if state.headless > 0 {
                state.headless -= 1;
                block = None;
            }
            Ok(comet::GetLatestBlockResponse { block_id, block, sdk_block: None })
        })
    }

    async fn get_block_by_height(
        &self,
        request: Request<comet::GetBlockByHeightRequest>,
    ) -> Result<Response<comet::GetBlockByHeightResponse>, Status> {
        self.answer(|state| {
            let mut height = usize::try_from(request.into_inner().height).expect("positive");
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
impl tx::service_server::Service for Node {
    async fn simulate(&self, _: Request<tx::SimulateRequest>) -> Result<Response<tx::SimulateResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn broadcast_tx(
        &self,
        _: Request<tx::BroadcastTxRequest>,
    ) -> Result<Response<tx::BroadcastTxResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn get_tx(&self, request: Request<tx::GetTxRequest>) -> Result<Response<tx::GetTxResponse>, Status> {
        self.answer(|state| {
            if state.unindexed > 0 {
                state.unindexed -= 1;
                return Err(Status::not_found("tx not found"));
            }
            let hash = request.into_inner().hash;
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

async fn serve(chain_id: &str) -> (Node, SocketAddr) {
    let node = Node::default();
    node.with(|state| {
        state.chain_id = chain_id.to_owned();
        state.grow(0);
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let server = Server::builder()
        .add_service(comet::service_server::ServiceServer::new(node.clone()))
        .add_service(tx::service_server::ServiceServer::new(node.clone()));
    tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener).with_nodelay(Some(true))));
    (node, address)
}

async fn connect(address: SocketAddr) -> ChainClient {
    let config = ChainConfig { call_timeout: Duration::from_secs(5), ..ChainConfig::default() };
    ChainClient::connect_with(&format!("http://{address}"), config).await.expect("connects")
}

fn quick(confirmations: u64) -> StreamConfig {
    StreamConfig {
        confirmations,
        remembered: 50,
        poll_interval: Duration::from_millis(2),
        first_pause: Duration::from_millis(1),
        longest_pause: Duration::from_millis(8),
        patience: SOON,
    }
}

fn filter() -> EventFilter {
    EventFilter::contracts([CONTRACT]).names(["x/counted"])
}

/// A consumer that keeps its cursor with what it counted, as a database transaction would.
#[derive(Clone, Debug, PartialEq)]
struct Ledger {
    counted: BTreeMap<u64, Vec<String>>,
    cursor: String,
}

impl Ledger {
    fn new(cursor: &Cursor) -> Self {
        Self { counted: BTreeMap::new(), cursor: serde_json::to_string(cursor).expect("writes") }
    }

    fn cursor(&self) -> Cursor {
        serde_json::from_str(&self.cursor).expect("reads")
    }

    fn apply(&mut self, update: Update) {
        match update {
            Update::Block(block) => {
                assert_eq!(block.height, self.cursor().next_height(), "no gap and no repeat");
                assert_eq!(block.time_ns, block.height * 1_000_000_000 + 5);
                assert_eq!(block.cursor.hash_at(block.height), Some(block.hash));
                let ids = block.events.iter().map(|event| {
                    assert_eq!((event.height, event.contract.as_str()), (block.height, CONTRACT));
                    assert_eq!((event.name.as_str(), event.event_index), ("x/counted", 3));
                    event.get("id").expect("an id").to_owned()
                });
                let ids = ids.collect();
                assert_eq!(self.counted.insert(block.height, ids), None, "counted twice");
                self.cursor = serde_json::to_string(&block.cursor).expect("writes");
            }
            Update::Reorg { from_height, cursor } => {
                assert!(from_height < self.cursor().next_height(), "there is something to take back");
                assert_eq!(cursor.next_height(), from_height);
                self.counted.retain(|height, _| *height < from_height);
                self.cursor = serde_json::to_string(&cursor).expect("writes");
            }
        }
    }
}

/// Reads until everything final was counted.
async fn settle(node: &Node, stream: &mut EventStream, ledger: &mut Ledger, confirmations: usize) {
    let reading = async {
        while ledger.counted != node.with(|state| state.truth(confirmations)) {
            ledger.apply(stream.next().await.expect("goes on"));
        }
    };
    timeout(SOON, reading).await.expect("comes to the end");
}

async fn start(confirmations: u64) -> (Node, EventStream, Ledger) {
    let (node, address) = serve("stub-1").await;
    let cursor = Cursor::new("stub-1", 1);
    let ledger = Ledger::new(&cursor);
    let stream = EventStream::new(connect(address).await, filter(), cursor, quick(confirmations)).expect("same chain");
    (node, stream, ledger)
}

/// Nothing comes within a few looks.
async fn quiet(stream: &mut EventStream) {
    let update = timeout(Duration::from_millis(60), stream.next()).await;
    assert!(update.is_err(), "{update:?}");
}

#[tokio::test]
async fn blocks_come_in_order_once_and_only_when_enough_lie_above() {
    let (node, mut stream, mut ledger) = start(2).await;
    quiet(&mut stream).await;
    node.with(|state| (0..5).for_each(|txs| state.grow(txs)));
    settle(&node, &mut stream, &mut ledger, 2).await;
    assert_eq!(ledger.counted.len(), 4, "two of six blocks are not deep enough");
    assert_eq!(stream.lag(), Some(2));
    quiet(&mut stream).await;
    // The head jumps by several blocks at once: none is skipped.
    node.with(|state| (0..30).for_each(|_| state.grow(1)));
    settle(&node, &mut stream, &mut ledger, 2).await;
    assert_eq!(ledger.counted.len(), 34);
    assert_eq!(ledger.counted.values().flatten().count(), 8 + 28, "failed transactions count for nothing");
}

#[tokio::test]
async fn failures_repeats_and_unindexed_transactions_are_waited_out() {
    let (node, mut stream, mut ledger) = start(0).await;
    for round in 0..6 {
        node.with(|state| {
            state.grow(3);
            state.grow(2);
            state.failures = round;
            state.repeats = round;
            state.unindexed = 2 * round;
            state.headless = round;
        });
        settle(&node, &mut stream, &mut ledger, 0).await;
    }
}

#[tokio::test]
async fn a_node_that_lags_is_waited_for() {
    let (node, mut stream, mut ledger) = start(0).await;
    node.with(|state| (0..9).for_each(|_| state.grow(1)));
    settle(&node, &mut stream, &mut ledger, 0).await;
    let before = ledger.clone();
    for lag in [1, 5, 9] {
        node.with(|state| state.lag = lag);
        quiet(&mut stream).await;
    }
    node.with(|state| {
        state.lag = 0;
        state.grow(1);
    });
    settle(&node, &mut stream, &mut ledger, 0).await;
    assert_eq!(ledger.counted.len(), before.counted.len() + 1, "nothing was taken back for it");
}

#[tokio::test]
async fn a_changed_history_is_taken_back_from_the_height_where_it_changed() {
    let (node, mut stream, mut ledger) = start(0).await;
    node.with(|state| (0..9).for_each(|_| state.grow(2)));
    settle(&node, &mut stream, &mut ledger, 0).await;
    // Same height, other blocks.
    node.with(|state| state.fork(3));
    match timeout(SOON, stream.next()).await.expect("soon").expect("goes on") {
        Update::Reorg { from_height: 8, cursor } => {
            assert_eq!((cursor.next_height(), stream.cursor()), (8, &cursor));
            ledger.apply(Update::Reorg { from_height: 8, cursor });
        }
        other => panic!("{other:?}"),
    }
    settle(&node, &mut stream, &mut ledger, 0).await;
    // Longer by the time it is seen.
    node.with(|state| {
        state.fork(4);
        state.grow(1);
        state.grow(1);
    });
    settle(&node, &mut stream, &mut ledger, 0).await;
    // Shorter: restored from a copy, with another block at its end.
    node.with(|state| {
        state.fork(5);
        state.blocks.truncate(9);
    });
    settle(&node, &mut stream, &mut ledger, 0).await;
    // Shorter and the same: that is only a node which lags.
    node.with(|state| state.blocks.truncate(7));
    quiet(&mut stream).await;
    node.with(|state| (0..4).for_each(|_| state.grow(2)));
    settle(&node, &mut stream, &mut ledger, 0).await;
    assert_eq!(ledger.counted.len(), 11);
}

#[tokio::test]
async fn a_change_below_the_confirmations_is_never_seen_and_one_above_is() {
    let (node, mut stream, mut ledger) = start(3).await;
    node.with(|state| (0..9).for_each(|_| state.grow(2)));
    settle(&node, &mut stream, &mut ledger, 3).await;
    node.with(|state| state.fork(3));
    quiet(&mut stream).await;
    // One deeper, and still nothing new to hand out: the last block that was is compared.
    node.with(|state| state.fork(4));
    let update = timeout(SOON, stream.next()).await.expect("soon").expect("goes on");
    assert!(matches!(update, Update::Reorg { from_height: 7, .. }), "{update:?}");
    ledger.apply(update);
    settle(&node, &mut stream, &mut ledger, 3).await;
}

#[tokio::test]
async fn a_change_while_a_block_is_read_never_mixes_two_histories() {
    let (node, mut stream, mut ledger) = start(0).await;
    for depth in 1..5 {
        node.with(|state| {
            (0..4).for_each(|_| state.grow(3));
            state.fork_while_reading = Some(depth);
        });
        settle(&node, &mut stream, &mut ledger, 0).await;
    }
}

#[tokio::test]
async fn the_same_bytes_in_two_blocks_count_where_they_succeeded() {
    let (node, mut stream, mut ledger) = start(0).await;
    node.with(|state| {
        state.grow(1);
        let twice = state.blocks[1].txs[0].clone();
        state.grow(1);
        state.blocks[2].txs.push(twice);
    });
    // The stub's index keeps the last place, so the first failed.
    let mut truth = node.with(|state| state.truth(0));
    truth.insert(2, vec![]);
    let reading = async {
        while ledger.counted != truth {
            ledger.apply(stream.next().await.expect("goes on"));
        }
    };
    timeout(SOON, reading).await.expect("comes to the end");
}

#[tokio::test]
async fn a_history_that_changed_deeper_than_remembered_needs_a_new_cursor() {
    let (node, address) = serve("stub-1").await;
    node.with(|state| (0..20).for_each(|_| state.grow(1)));
    let config = StreamConfig { remembered: 4, ..quick(0) };
    let mut stream =
        EventStream::new(connect(address).await, filter(), Cursor::new("stub-1", 1), config.clone()).expect("fits");
    let mut ledger = Ledger::new(stream.cursor());
    settle(&node, &mut stream, &mut ledger, 0).await;
    node.with(|state| state.fork(4));
    let error = timeout(SOON, stream.next()).await.expect("soon").expect_err("too deep");
    assert!(matches!(error, ChainError::HistoryReplaced { oldest: 18 }), "{error}");
    let error = timeout(SOON, stream.next()).await.expect("soon").expect_err("still too deep");
    assert_eq!(error.code(), "CHAIN_HISTORY_REPLACED");
    let restarted = Cursor::new("stub-1", 1);
    ledger = Ledger::new(&restarted);
    let mut stream = EventStream::new(connect(address).await, filter(), restarted, config).expect("fits");
    settle(&node, &mut stream, &mut ledger, 0).await;
}

#[tokio::test]
async fn another_chain_is_refused_at_the_start_and_on_the_way() {
    let (node, mut stream, mut ledger) = start(0).await;
    node.with(|state| state.grow(1));
    settle(&node, &mut stream, &mut ledger, 0).await;
    node.with(|state| {
        state.chain_id = "other-1".to_owned();
        state.grow(1);
    });
    let error = timeout(SOON, stream.next()).await.expect("soon").expect_err("another chain");
    assert!(matches!(&error, ChainError::OtherChain { expected, found } if expected == "stub-1" && found == "other-1"));
    let (_, address) = serve("other-1").await;
    let error = EventStream::new(connect(address).await, filter(), ledger.cursor(), quick(0)).expect_err("another");
    assert_eq!(error.code(), "CHAIN_OTHER_CHAIN");
}

#[tokio::test]
async fn a_stall_is_reported_and_the_stream_goes_on_afterwards() {
    let (node, address) = serve("stub-1").await;
    node.with(|state| (0..3).for_each(|_| state.grow(1)));
    let config = StreamConfig { patience: Duration::from_millis(50), ..quick(0) };
    let mut stream =
        EventStream::new(connect(address).await, filter(), Cursor::new("stub-1", 1), config).expect("fits");
    let mut ledger = Ledger::new(stream.cursor());
    node.with(|state| state.failures = u32::MAX);
    let error = timeout(SOON, stream.next()).await.expect("soon").expect_err("no answers");
    assert!(matches!(&error, ChainError::StreamStalled { height: 1, reason, .. } if reason.contains("restarting")));
    let calls = node.with(|state| state.calls);
    assert!(calls < 60, "{calls} calls in 50 ms are no pause");
    node.with(|state| state.failures = 0);
    settle(&node, &mut stream, &mut ledger, 0).await;
}

#[tokio::test]
async fn a_dropped_wait_takes_nothing_from_the_stream() {
    let (node, mut stream, mut ledger) = start(0).await;
    node.with(|state| (0..20).for_each(|_| state.grow(3)));
    let truth = node.with(|state| state.truth(0));
    let mut pause = 1;
    let mut given_up = 0;
    while ledger.counted != truth {
        // Many waits are given up in the middle of reading.
        pause = pause * 7 % 40_009;
        if let Ok(update) = timeout(Duration::from_micros(pause), stream.next()).await {
            ledger.apply(update.expect("goes on"));
        } else {
            given_up += 1;
        }
    }
    assert!(given_up > 3, "{given_up}");
}

#[tokio::test]
async fn a_hint_ends_the_wait() {
    let (node, address) = serve("stub-1").await;
    let config = StreamConfig { poll_interval: Duration::from_secs(3_600), ..quick(0) };
    let client = connect(address).await;
    let mut stream = EventStream::from_now(client, filter(), config).await.expect("a head");
    assert_eq!(stream.cursor().next_height(), 2);
    let hint = stream.hint();
    let waiting = tokio::spawn(async move { stream.next().await });
    while node.with(|state| state.calls) < 2 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    node.with(|state| state.grow(1));
    tokio::time::sleep(Duration::from_millis(30)).await;
    assert!(!waiting.is_finished());
    hint.look();
    let update = timeout(SOON, waiting).await.expect("soon").expect("no panic").expect("a block");
    assert!(matches!(update, Update::Block(block) if block.height == 2 && block.events.len() == 1));
}

/// Connections pass through here, and can be cut.
struct Wire {
    address: SocketAddr,
    cut: Arc<Mutex<CancellationToken>>,
    up: Arc<Mutex<bool>>,
}

impl Wire {
    async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (cut, up) = (Arc::new(Mutex::new(CancellationToken::new())), Arc::new(Mutex::new(true)));
        let (cutting, state) = (cut.clone(), up.clone());
        tokio::spawn(async move {
            while let Ok((mut from, _)) = listener.accept().await {
                if !*state.lock().expect("whole") {
                    continue;
                }
                let token = cutting.lock().expect("whole").clone();
                tokio::spawn(async move {
                    let mut to = TcpStream::connect(target).await.expect("the stub listens");
                    let _ = token.run_until_cancelled(copy_bidirectional(&mut from, &mut to)).await;
                });
            }
        });
        Self { address, cut, up }
    }

    fn set(&self, up: bool) {
        *self.up.lock().expect("whole") = up;
        if !up {
            std::mem::take(&mut *self.cut.lock().expect("whole")).cancel();
        }
    }
}

#[tokio::test]
async fn a_cut_connection_is_made_again_and_nothing_is_lost() {
    let (node, address) = serve("stub-1").await;
    let wire = Wire::to(address).await;
    let cursor = Cursor::new("stub-1", 1);
    let mut ledger = Ledger::new(&cursor);
    let stream = EventStream::new(connect(wire.address).await, filter(), cursor, quick(0)).expect("fits");
    let stop = CancellationToken::new();
    let mut subscription = stream.subscribe(4, &stop);
    for round in 0..8 {
        node.with(|state| (0..10).for_each(|_| state.grow(2)));
        if round % 2 == 0 {
            wire.set(false);
        }
        let half = ledger.counted.len() + 5;
        let reading = async {
            while ledger.counted != node.with(|state| state.truth(0)) {
                if ledger.counted.len() == half {
                    wire.set(false);
                }
                wire.set(true);
                ledger.apply(subscription.next().await.expect("goes on").expect("no failure is final"));
            }
        };
        timeout(SOON, reading).await.expect("comes to the end");
    }
    assert_eq!(ledger.counted.len(), 81);
}

#[tokio::test]
async fn reading_ahead_is_bounded_and_ends_when_told() {
    let (node, address) = serve("stub-1").await;
    node.with(|state| (0..200).for_each(|_| state.grow(1)));
    let stream = EventStream::new(connect(address).await, filter(), Cursor::new("stub-1", 1), quick(0)).expect("fits");
    let stop = CancellationToken::new();
    let mut subscription = stream.subscribe(3, &stop);
    let mut last = 0;
    // The reading comes to rest although there is more.
    loop {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let calls = node.with(|state| state.calls);
        if calls == last && calls > 0 {
            break;
        }
        last = calls;
    }
    assert!(last <= 5 * 4 + 4, "{last} calls for three blocks in stock and one in hand");
    let first = subscription.next().await.expect("a block").expect("a block");
    assert!(matches!(first, Update::Block(block) if block.height == 1));
    stop.cancel();
    let rest = timeout(SOON, async {
        let mut rest = 0;
        while subscription.next().await.is_some() {
            rest += 1;
        }
        rest
    });
    assert!(rest.await.expect("ends") <= 5, "what was in stock, and the end");
}

/// What can happen to a chain and its reader.
#[derive(Clone, Debug)]
enum Happening {
    Grow {
        blocks: usize,
        txs: usize,
    },
    Fork(usize),
    ForkWhileReading(usize),
    Fail(u32),
    Repeat(u32),
    Unindexed(u32),
    Lag(usize),
    /// The consumer takes some updates.
    Read(usize),
    /// The process stops and starts again with what the consumer kept.
    Restart,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        4 => (1usize..6, 0usize..4).prop_map(|(blocks, txs)| Happening::Grow { blocks, txs }),
        2 => (1usize..8).prop_map(Happening::Fork),
        1 => (1usize..6).prop_map(Happening::ForkWhileReading),
        1 => (1u32..6).prop_map(Happening::Fail),
        1 => (1u32..4).prop_map(Happening::Repeat),
        1 => (1u32..6).prop_map(Happening::Unindexed),
        1 => (0usize..6).prop_map(Happening::Lag),
        5 => (1usize..8).prop_map(Happening::Read),
        1 => Just(Happening::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_every_event_counts_exactly_once(
        happenings in proptest::collection::vec(happening(), 1..40),
        confirmations in 0usize..4,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let (node, address) = serve("stub-1").await;
            let config = StreamConfig { remembered: 500, ..quick(u64::try_from(confirmations).expect("small")) };
            let open = |cursor| async {
                EventStream::new(connect(address).await, filter(), cursor, config.clone()).expect("same chain")
            };
            let mut ledger = Ledger::new(&Cursor::new("stub-1", 1));
            let mut stream = open(ledger.cursor()).await;
            // The first block is read first and never replaced: a cursor that remembers none cannot go back.
            node.with(|state| (0..=confirmations).for_each(|_| state.grow(1)));
            ledger.apply(stream.next().await.expect("the first block"));
            for happening in happenings {
                match happening {
                    Happening::Grow { blocks, txs } => node.with(|state| (0..blocks).for_each(|_| state.grow(txs))),
                    Happening::Fork(depth) => node.with(|state| {
                        let depth = depth.min(state.blocks.len() - 1);
                        state.fork(depth);
                    }),
                    Happening::ForkWhileReading(depth) => node.with(|state| {
                        state.fork_while_reading = Some(depth.min(state.blocks.len() - 1));
                    }),
                    Happening::Fail(times) => node.with(|state| state.failures = times),
                    Happening::Repeat(times) => node.with(|state| state.repeats = times),
                    Happening::Unindexed(times) => node.with(|state| state.unindexed = times),
                    Happening::Lag(blocks) => node.with(|state| state.lag = blocks),
                    Happening::Read(updates) => {
                        for _ in 0..updates {
                            let update = timeout(Duration::from_millis(15), stream.next()).await;
                            let Ok(update) = update else { break };
                            ledger.apply(update.expect("goes on"));
                        }
                    }
                    Happening::Restart => stream = open(ledger.cursor()).await,
                }
            }
            node.with(|state| {
                state.lag = 0;
                state.grow(1);
            });
            settle(&node, &mut stream, &mut ledger, confirmations).await;
        });
    }
}
