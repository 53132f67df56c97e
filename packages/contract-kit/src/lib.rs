//! What every OpenLedger contract repeats, once.
//!
//! * [`text`], [`hex`], [`bps`]: values that are checked when they are parsed, so that no handler sees a wrong one.
//! * [`permission`]: one table per contract that says who may send each message and whether a pause stops it.
//! * [`ownership`], [`pause`]: two-step hand-over and a pause that always ends.
//! * [`event`], [`migration`], [`page`], [`funds`], [`schema`]: typed events, version checks, page limits, coins, schema files.

pub mod bps;
pub mod error;
pub mod event;
pub mod funds;
pub mod hex;
pub mod ids;
pub mod migration;
pub mod ownership;
pub mod page;
pub mod pause;
pub mod permission;
#[cfg(not(target_arch = "wasm32"))]
pub mod schema;
pub mod text;

pub use bps::Bps;
pub use error::KitError;
pub use event::Event;
pub use hex::{BlsPublicKey, BlsSignature, Digest, Hex, PublicKey33, Signature64};
pub use text::Text;
