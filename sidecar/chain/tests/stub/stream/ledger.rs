//! Who reads the stream.

use std::collections::BTreeMap;

use openledger_chain::events::{Cursor, Update};

use super::chain::CONTRACT;

/// A consumer that keeps its cursor with what it counted, as a database transaction would.
#[derive(Clone, Debug, PartialEq)]
pub struct Ledger {
    pub counted: BTreeMap<u64, Vec<String>>,
    cursor: String,
}

impl Ledger {
    pub fn new(cursor: &Cursor) -> Self {
        Self { counted: BTreeMap::new(), cursor: serde_json::to_string(cursor).expect("writes") }
    }

    pub fn cursor(&self) -> Cursor {
        serde_json::from_str(&self.cursor).expect("reads")
    }

    pub fn apply(&mut self, update: Update) {
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
