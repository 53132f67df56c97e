//! Datanet rows: reading, validation, digests and roots.
//!
//! A Datanet is a folder with one file of JSON lines per contributor, each line `{"prompt": "…", "completion": "…"}`.
//! What goes on chain are roots only:
//!
//! ```text
//! row digest      = tagged("row", len(prompt) || prompt || len(completion) || completion)        lengths: 4 bytes
//! rows root       = RFC 6962 root over the row digests, in file order
//! manifest digest = tagged("manifest", len(name) || name || rows || text bytes || rows root)     counts: 8 bytes
//! content root    = RFC 6962 root over the rows roots, in cluster order
//! ```
//!
//! Integers are big-endian, text is UTF-8 as it stands in the file after JSON unescaping and is never normalised, and
//! `tagged` is [`openledger_protocol::digest::tagged`]. `tests/vectors/datanet.json` holds examples.
//!
//! Every file is untrusted: sizes are bounded by [`Limits`] while reading, and a refusal names file and line.

mod card;
mod contribution;
mod datanet;
mod error;
pub mod evidence;
mod limits;
mod reader;
mod row;

pub use card::{Card, CardEntry};
pub use contribution::{Contribution, MAX_NAME_BYTES};
pub use datanet::{CARD_FILE, Datanet, HELD_OUT_FILE, content_root};
pub use error::CorpusError;
pub use limits::Limits;
pub use openledger_protocol::Hash;
pub use reader::read_rows;
pub use row::{Field, Row};
