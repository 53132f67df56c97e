//! Random histories of a chain and its reader.

use std::time::Duration;

use openledger_chain::events::{Cursor, EventStream, StreamConfig};
use proptest::prelude::*;
use tokio::time::timeout;

use super::{chain::serve, connect, filter, ledger::Ledger, quick, settle};

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
