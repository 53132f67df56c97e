//! What contracts report, block by block, without gaps and without repeats.
//!
//! [`EventStream`] asks for one height after another, which every node answers, so that a lost connection or a restart
//! loses nothing: it goes on after the last block that its [`Cursor`] knows. The consumer keeps the cursor in the same
//! transaction as what it made of the events; then every event counts exactly once.
//!
//! Blocks of a live CometBFT chain are final. Still a node can be put back, restored from a copy, or replaced by one
//! with another history. The cursor remembers the hashes of the last blocks and notices: [`Update::Reorg`] tells from
//! which height on everything must be taken back, and the stream goes on there.
//!
//! ```no_run
//! # async fn example(client: openledger_chain::ChainClient) -> Result<(), openledger_chain::ChainError> {
//! use openledger_chain::events::{Cursor, EventFilter, EventStream, StreamConfig, Update};
//!
//! let filter = EventFilter::contracts(["wasm1..."]);
//! let cursor = Cursor::new(client.chain_id(), 1); // or the one that was kept
//! let mut events = EventStream::new(client, filter, cursor, StreamConfig::default())?;
//! loop {
//!     match events.next().await? {
//!         Update::Block(block) => {
//!             for event in &block.events {
//!                 println!("{} {}", event.height, event.name);
//!             }
//!             // keep block.cursor together with what came of the events
//!         }
//!         Update::Reorg { from_height, cursor } => {
//!             // take back everything from that height on, and keep the cursor
//! #           let _ = (from_height, cursor);
//!         }
//!     }
//! }
//! # }
//! ```
//!
//! Events are those of transactions. What the chain itself makes a contract do between transactions (`sudo`, messages of
//! passed proposals) is not part of any transaction and does not come here.

mod backoff;
mod cursor;
mod event;
mod read;
mod stream;
mod subscription;

pub use self::{
    cursor::{BlockHash, Cursor},
    event::{ContractEvent, EventFilter},
    stream::{BlockEvents, EventStream, Hint, StreamConfig, Update},
    subscription::Subscription,
};
