//! The event stream: whatever the chain does, every event counts exactly once.

mod anything;
mod chain;
mod ledger;
mod wire;

use std::{future::poll_fn, net::SocketAddr, pin::pin, task::Poll, time::Duration};

use openledger_chain::{
    ChainClient, ChainConfig, ChainError,
    events::{Cursor, EventFilter, EventStream, StreamConfig, Update},
};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use self::{
    chain::{CONTRACT, Node, serve},
    ledger::Ledger,
    wire::Wire,
};

const SOON: Duration = Duration::from_secs(20);

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
    let (mut patience, mut given_up) = (0, 0);
    while ledger.counted != truth {
        // Every wait is given up at every point in the middle of reading before one may end.
        if let Some(update) = polled(stream.next(), patience).await {
            ledger.apply(update.expect("goes on"));
            patience = 0;
        } else {
            patience += 1;
            given_up += 1;
        }
    }
    assert!(given_up > 20, "{given_up}");
}

/// What a future comes to when it is polled so many times at most.
async fn polled<T>(future: impl Future<Output = T>, times: u32) -> Option<T> {
    let mut future = pin!(future);
    let mut left = times;
    poll_fn(move |context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(context).map(Some)
    })
    .await
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
