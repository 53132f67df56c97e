//! Datanet rows: reading, validation, digests and roots.
//!
//! A Datanet is a folder with one file per contributor: JSON lines, each `{"prompt": "…", "completion": "…"}`,
//! Parquet or CSV with these two columns. Digests and roots are of rows, so that the [`Format`] does not show in them.
//! What goes on chain are roots only:
//!
//! ```text
//! row digest      = tagged("row", len(prompt) || prompt || len(completion) || completion)        lengths: 4 bytes
//! rows root       = RFC 6962 root over the row digests, in file order
//! manifest digest = tagged("manifest", len(name) || name || rows || text bytes || rows root)     counts: 8 bytes
//! content root    = RFC 6962 root over the rows roots, in cluster order
//! ```
//!
//! Integers are big-endian, text is UTF-8 as the format decodes it and is never normalised, and
//! `tagged` is [`openledger_protocol::digest::tagged`]. `tests/vectors/datanet.json` holds examples.
//!
//! Every file is untrusted: sizes are bounded by [`Limits`] while reading, and a refusal names file and line.

mod card;
pub mod clusters;
mod contribution;
mod csv_rows;
mod datanet;
mod error;
pub mod evidence;
mod format;
mod limits;
mod parquet_rows;
mod reader;
mod row;
mod text_rows;

pub use card::{Card, CardEntry};
pub use contribution::{Contribution, MAX_NAME_BYTES};
pub use datanet::{CARD_FILE, Datanet, HELD_OUT_FILE, content_root};
pub use error::CorpusError;
pub use format::{Format, read_rows, read_text, write_rows};
pub use limits::Limits;
pub use openledger_protocol::Hash;
pub use row::{Field, Row};
